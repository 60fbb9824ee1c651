//! Entries of people's calendars: blocks and meetings.

use std::sync::Arc;

use bookline_protocol::limits::{GROUP_IDS_MAX, ID_BYTES_MAX};
use bookline_protocol::{Hours, Period, SeriesId};
use compact_str::CompactString;
use memchr::memchr;

use super::FreeingRejection;

/// An entry fills the hours of its period for all its people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub content: EntryContent,
    pub period: Period,
    /// The series that it is an occurrence of.
    pub series: Option<SeriesId>,
}

/// What an entry is, without its hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryContent {
    Block { who: CompactString },
    Meeting(Meeting),
}

/// A meeting is for `who`, `host` and every member of `group`.
///
/// Its texts take one allocation, which clones share: a reader clones it and releases the lock before it
/// writes the meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// `who`, `host`, `group` and `title` without separators. The ids come first, so that 16 bits hold their
    /// offsets.
    text: Arc<str>,
    who_end: u16,
    host_end: u16,
    group_end: u16,
    people: u16,
}

/// Bytes of the ids at the beginning of a meeting's text, at the most. Each id of a group has a comma.
const MEETING_IDS_BYTES_MAX: usize = 2 * ID_BYTES_MAX + GROUP_IDS_MAX * (ID_BYTES_MAX + 1);

const _: () = assert!(MEETING_IDS_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(GROUP_IDS_MAX + 2 <= u16::MAX as usize);

/// Where the id of one of its people is in the text of an entry, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    start: u16,
    len: u16,
}

impl IdRange {
    fn of(start: usize, id: &str) -> Self {
        Self { start: short(start), len: short(id.len()) }
    }
}

/// A count or an offset, which the limits of the protocol bound.
fn short(number: usize) -> u16 {
    u16::try_from(number).expect("the ids of an entry are validated")
}

/// The people of a meeting, each once: `who`, `host` and the comma-separated `group`, which repeats no id but
/// may contain the other two.
pub fn attendees<'a>(who: &'a str, host: &'a str, group: &'a str) -> impl Iterator<Item = &'a str> {
    LocatedPeople::of_meeting(who, host, group).map(|(_, id)| id)
}

/// The people of an entry, each once, with the ranges of their ids in its text.
struct LocatedPeople<'a> {
    who: &'a str,
    host: &'a str,
    /// The members that were not returned yet.
    group: Option<&'a str>,
    /// Where the next id begins.
    offset: usize,
}

impl<'a> LocatedPeople<'a> {
    fn of_block(who: &'a str) -> Self {
        Self { who, host: who, group: None, offset: 0 }
    }

    fn of_meeting(who: &'a str, host: &'a str, group: &'a str) -> Self {
        Self { who, host, group: Some(group), offset: 0 }
    }
}

impl<'a> Iterator for LocatedPeople<'a> {
    type Item = (IdRange, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let Self { who, host, .. } = *self;
        if self.offset == 0 {
            self.offset = who.len();
            return Some((IdRange::of(0, who), who));
        }
        if self.offset == who.len() {
            self.offset += host.len();
            if host != who {
                return Some((IdRange::of(who.len(), host), host));
            }
        }
        while let Some(rest) = self.group {
            let comma = memchr(b',', rest.as_bytes());
            let member = &rest[..comma.unwrap_or(rest.len())];
            let start = self.offset;
            self.offset += member.len() + ",".len();
            self.group = comma.map(|comma| &rest[comma + 1..]);
            if member != who && member != host {
                return Some((IdRange::of(start, member), member));
            }
        }
        None
    }
}

/// Whether an entry has one hour and no series. Such entries are the most frequent: they are in one shard,
/// and have changes of their own.
pub fn is_plain(period: Period, series: Option<SeriesId>) -> bool {
    period.hours() == Hours::ONE && series.is_none()
}

impl Entry {
    /// Whether it has one hour and no series.
    pub fn is_plain(&self) -> bool {
        is_plain(self.period, self.series)
    }

    /// Decides whether `who` may free it: only the person of a block, and only the host of a meeting, for all
    /// its people. In a series, `who` need not be one of its people: occurrences may have other hosts.
    pub fn decide_freeing(&self, who: &str) -> Result<(), FreeingRejection> {
        let start = self.period.start();
        match &self.content {
            EntryContent::Block { who: owner } if owner != who => {
                Err(FreeingRejection::OthersBlock { who: owner.to_string(), start })
            }
            EntryContent::Meeting(meeting) if meeting.host() != who => {
                Err(FreeingRejection::NotHost { host: meeting.host().to_owned(), start })
            }
            _ => Ok(()),
        }
    }

    /// The hours that it fills, counted for each of its people.
    pub fn person_hours(&self) -> u64 {
        self.content.people_count() as u64 * u64::from(self.period.hours().get())
    }

    /// Bytes of memory that a clone keeps alive.
    pub fn bytes_held(&self) -> usize {
        size_of::<Self>() + self.content.text_bytes()
    }
}

impl EntryContent {
    pub fn block(who: &str) -> Self {
        Self::Block { who: who.into() }
    }

    /// A meeting with these values, which are valid. `who` is the person who creates it. `group` is ids
    /// separated by commas, without repetition. `host` is the person who may delete or replace it.
    pub fn meeting(who: &str, title: &str, group: &str, host: &str) -> Self {
        let text: String = [who, host, group, title].concat();
        let (who_end, host_end) = (who.len(), who.len() + host.len());
        Self::Meeting(Meeting {
            text: text.into(),
            who_end: short(who_end),
            host_end: short(host_end),
            group_end: short(host_end + group.len()),
            people: short(attendees(who, host, group).count()),
        })
    }

    /// The number of people whose slot this entry fills.
    pub fn people_count(&self) -> usize {
        match self {
            Self::Block { .. } => 1,
            Self::Meeting(meeting) => meeting.people.into(),
        }
    }

    /// The people whose slot this entry fills, each once.
    pub fn people(&self) -> impl Iterator<Item = &str> {
        self.located_people().map(|(_, id)| id)
    }

    /// The same, each with the range that [`Self::id`] takes.
    pub fn located_people(&self) -> impl Iterator<Item = (IdRange, &str)> {
        match self {
            Self::Block { who } => LocatedPeople::of_block(who),
            Self::Meeting(meeting) => {
                LocatedPeople::of_meeting(meeting.who(), meeting.host(), meeting.group())
            }
        }
    }

    /// The id of one of its people.
    pub fn id(&self, range: IdRange) -> &str {
        let text = match self {
            Self::Block { who } => who.as_str(),
            Self::Meeting(meeting) => &meeting.text,
        };
        let start = usize::from(range.start);
        &text[start..start + usize::from(range.len)]
    }

    /// The person who created it.
    pub fn who(&self) -> &str {
        match self {
            Self::Block { who } => who,
            Self::Meeting(meeting) => meeting.who(),
        }
    }

    /// Title, group and host, as replies show them. Only a block has an empty group.
    pub fn texts(&self) -> (&str, &str, &str) {
        match self {
            Self::Block { who } => ("", "", who),
            Self::Meeting(meeting) => meeting.texts(),
        }
    }

    /// Whether it is a meeting.
    pub fn is_meeting(&self) -> bool {
        matches!(self, Self::Meeting(_))
    }

    /// An upper bound of the bytes of its text, which clones keep alive.
    fn text_bytes(&self) -> usize {
        match self {
            Self::Block { .. } => ID_BYTES_MAX,
            Self::Meeting(meeting) => meeting.text.len(),
        }
    }
}

impl Meeting {
    fn who(&self) -> &str {
        &self.text[..usize::from(self.who_end)]
    }

    fn host(&self) -> &str {
        &self.text[usize::from(self.who_end)..usize::from(self.host_end)]
    }

    fn group(&self) -> &str {
        &self.text[usize::from(self.host_end)..usize::from(self.group_end)]
    }

    fn title(&self) -> &str {
        &self.text[usize::from(self.group_end)..]
    }

    /// Title, group and host, as replies show them.
    pub fn texts(&self) -> (&str, &str, &str) {
        (self.title(), self.group(), self.host())
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

    #[test]
    fn ranges_of_people_locate_their_ids_in_the_text() {
        for entry in [
            EntryContent::block("F1"),
            EntryContent::meeting("F1", "standup", "F2,F1,F33", "F4"),
            EntryContent::meeting("F1", "with myself: \u{fc}", "F1", "F1"),
        ] {
            let located: Vec<_> = entry.located_people().map(|(range, id)| (entry.id(range), id)).collect();
            assert!(located.iter().all(|(found, id)| found == id), "{located:?}");
            assert_eq!(located.len(), entry.people_count(), "{entry:?}");
        }
    }

    #[test]
    fn texts_of_a_meeting_are_those_that_it_was_created_with() {
        let title = "t\u{fc}";
        let entry = EntryContent::meeting("F1", title, "F2,F3", "F4");
        assert_eq!(entry.texts(), (title, "F2,F3", "F4"));
        assert_eq!(entry.people().next(), Some("F1"));
    }
}
