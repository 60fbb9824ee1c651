//! Entries of people's calendars: blocks and meetings.

use std::sync::Arc;

use bookline_protocol::limits::ID_BYTES_MAX;
use compact_str::CompactString;

use super::Rejection;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Block {
        who: CompactString,
    },
    /// Shared: a reader clones the handle and releases the lock before it writes the meeting.
    Meeting(Arc<Meeting>),
}

/// A meeting fills its slot for `who`, `host` and every member of `group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// The person who created it.
    pub who: CompactString,
    pub title: Box<str>,
    /// Ids separated by commas, without repetition.
    pub group: Box<str>,
    /// The person who may delete or replace it.
    pub host: CompactString,
}

/// The people of a meeting, each once: `who`, `host` and the comma-separated `group`, which repeats no id but
/// may contain the other two.
pub fn attendees<'a>(who: &'a str, host: &'a str, group: &'a str) -> impl Iterator<Item = &'a str> {
    let others = group.split(',').filter(move |&member| member != who && member != host);
    [who].into_iter().chain((host != who).then_some(host)).chain(others)
}

impl Entry {
    /// The people whose slot this entry fills, each once.
    pub fn people(&self) -> impl Iterator<Item = &str> {
        let (who, meeting) = match self {
            Self::Block { who } => (Some(who.as_str()), None),
            Self::Meeting(m) => (None, Some(attendees(&m.who, &m.host, &m.group))),
        };
        who.into_iter().chain(meeting.into_iter().flatten())
    }

    /// Decides whether `who`, one of its people, may free it. Only the host frees a meeting, and then for all
    /// its people.
    pub fn decide_freeing(&self, who: &str) -> Result<(), Rejection> {
        match self {
            Self::Meeting(meeting) if meeting.host != who => {
                Err(Rejection::NotHost { host: meeting.host.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// The person who created it.
    pub fn who(&self) -> &str {
        match self {
            Self::Block { who } => who,
            Self::Meeting(meeting) => &meeting.who,
        }
    }

    /// Title, group and host, as replies show them. Only a block has an empty group.
    pub fn texts(&self) -> (&str, &str, &str) {
        match self {
            Self::Block { who } => ("", "", who),
            Self::Meeting(meeting) => (&meeting.title, &meeting.group, &meeting.host),
        }
    }

    /// Bytes of memory that a clone keeps alive.
    pub fn bytes_held(&self) -> usize {
        match self {
            Self::Block { .. } => size_of::<Self>() + ID_BYTES_MAX,
            Self::Meeting(meeting) => size_of::<Self>() + meeting.bytes_held(),
        }
    }
}

impl Meeting {
    /// Bytes of memory that a handle keeps alive.
    pub fn bytes_held(&self) -> usize {
        size_of::<Self>() + self.title.len() + self.group.len() + self.who.len() + self.host.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attendees_of_overlapping_ids_are_distinct() {
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
