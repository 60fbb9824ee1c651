//! Entries of people's calendars: blocks and meetings.

use std::sync::Arc;

use bookline_protocol::limits::ID_BYTES_MAX;
use compact_str::CompactString;

use super::Rejection;

/// What fills a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// One person keeps the hour free of meetings.
    Block {
        /// The person.
        who: CompactString,
    },
    /// A meeting, shared: who reads it takes a handle and leaves the lock before writing it out.
    Meeting(Arc<Meeting>),
}

/// A meeting. Its slot is taken for `who`, `host` and every member of `group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// Who asked for it.
    pub who: CompactString,
    /// What it is about.
    pub title: Box<str>,
    /// Its members, comma-separated, without repetition.
    pub group: Box<str>,
    /// Who may delete or replace it.
    pub host: CompactString,
}

/// Everyone whose slot a meeting takes, each once: `who`, `host` and the comma-separated `group`, which repeats nobody
/// but may name the other two.
pub fn attendees<'a>(who: &'a str, host: &'a str, group: &'a str) -> impl Iterator<Item = &'a str> {
    let others = group.split(',').filter(move |&member| member != who && member != host);
    [who].into_iter().chain((host != who).then_some(host)).chain(others)
}

impl Entry {
    /// Everyone whose slot this entry takes, each once.
    pub fn people(&self) -> impl Iterator<Item = &str> {
        let (who, meeting) = match self {
            Self::Block { who } => (Some(who.as_str()), None),
            Self::Meeting(m) => (None, Some(attendees(&m.who, &m.host, &m.group))),
        };
        who.into_iter().chain(meeting.into_iter().flatten())
    }

    /// Whether `who`, who attends it, may end it for everyone: a block is its owner's, a meeting its host's.
    pub fn decide_freeing(&self, who: &str) -> Result<(), Rejection> {
        match self {
            Self::Meeting(meeting) if meeting.host != who => {
                Err(Rejection::NotTheHost { host: meeting.host.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// Title, group and host, as replies show them: a block is what has nobody in its group.
    pub fn texts(&self) -> (&str, &str, &str) {
        match self {
            Self::Block { who } => ("", "", who),
            Self::Meeting(meeting) => (&meeting.title, &meeting.group, &meeting.host),
        }
    }

    /// Bytes that stay in memory for whoever holds it.
    pub fn held(&self) -> usize {
        match self {
            Self::Block { .. } => size_of::<Self>() + ID_BYTES_MAX,
            Self::Meeting(meeting) => size_of::<Self>() + meeting.held(),
        }
    }
}

impl Meeting {
    /// Bytes that stay in memory for whoever holds it.
    pub fn held(&self) -> usize {
        size_of::<Self>() + self.title.len() + self.group.len() + self.who.len() + self.host.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_attends_once() {
        for (who, host, group, all) in [
            ("F1", "F1", "F2,F3", vec!["F1", "F2", "F3"]),
            ("F1", "F2", "F2,F1", vec!["F1", "F2"]),
            ("F1", "F4", "F1", vec!["F1", "F4"]),
            ("F1", "F1", "F1", vec!["F1"]),
        ] {
            assert_eq!(attendees(who, host, group).collect::<Vec<_>>(), all, "{who} {host} {group}");
        }
    }
}
