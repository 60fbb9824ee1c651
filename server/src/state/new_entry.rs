//! Entries to create.

use bookline_protocol::recurrence::OnConflict;
use bookline_protocol::{Hours, Period, Scope, SeriesId, Slot};

use crate::changes::{
    BlockTaken, Change, EncodedOccurrence, EntriesCreated, EntryTexts, MeetingTaken, encode_occurrence,
};
use crate::domain::calendar::{EntryContent, attendees};

/// An entry to create.
#[derive(Debug, Clone, Copy)]
pub enum NewEntry<'a> {
    Block,
    /// A meeting of the person who requests it, `host` and the comma-separated `group`.
    Meeting {
        title: &'a str,
        group: &'a str,
        host: &'a str,
    },
}

/// Entries to create, for `who`.
#[derive(Debug, Clone, Copy)]
pub struct NewEntries<'a> {
    pub who: &'a str,
    pub entry: NewEntry<'a>,
    /// The periods of the occurrences in order, which do not overlap: one, unless there is a series.
    pub periods: &'a [Period],
    pub series: Option<NewSeries>,
}

/// A series to create.
#[derive(Debug, Clone, Copy)]
pub struct NewSeries {
    /// A random id. If a series has it, the new one gets another.
    pub id: SeriesId,
    pub on_conflict: OnConflict,
}

/// Replaces `who`'s entry that fills the slot `old` by another one that begins at `new`.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a> {
    pub who: &'a str,
    pub old: Slot,
    pub new: Slot,
    /// As many as the old entry, unless given.
    pub hours: Option<Hours>,
    pub entry: NewEntry<'a>,
    pub scope: Option<Scope>,
}

impl NewEntry<'_> {
    /// The people whose slot it fills, each once.
    pub fn people<'a>(&'a self, who: &'a str) -> impl Iterator<Item = &'a str> {
        let (block, meeting) = match *self {
            NewEntry::Block => (Some(who), None),
            NewEntry::Meeting { host, group, .. } => (None, Some(attendees(who, host, group))),
        };
        block.into_iter().chain(meeting.into_iter().flatten())
    }

    pub(super) fn content_of(&self, who: &str) -> EntryContent {
        match *self {
            NewEntry::Block => EntryContent::block(who),
            NewEntry::Meeting { title, group, host } => EntryContent::meeting(who, title, group, host),
        }
    }

    pub(super) fn texts_of<'a>(&'a self, who: &'a str) -> EntryTexts<'a> {
        match *self {
            NewEntry::Block => EntryTexts { who, title: "", group: "", host: who },
            NewEntry::Meeting { title, group, host } => EntryTexts { who, title, group, host },
        }
    }

    /// The creation of an entry of one hour without a series.
    pub(super) fn plain_change_of<'a>(&'a self, who: &'a str, slot: Slot) -> Change<'a> {
        match *self {
            NewEntry::Block => BlockTaken { slot, who }.into(),
            NewEntry::Meeting { title, group, host } => MeetingTaken { slot, who, title, group, host }.into(),
        }
    }

    /// The creation of these occurrences, or of one entry that is not plain.
    pub(super) fn change_of<'a>(
        &'a self,
        who: &'a str,
        series: Option<SeriesId>,
        periods: &[Period],
        occurrences: &'a mut Vec<EncodedOccurrence>,
    ) -> Change<'a> {
        occurrences.extend((0..).zip(periods).map(|(index, period)| encode_occurrence(index, *period)));
        EntriesCreated { series, texts: self.texts_of(who), occurrences }.into()
    }
}
