//! Entries to create.

use bookline_protocol::Slot;

use crate::changes::{BlockTaken, Change, MeetingTaken};
use crate::domain::calendar::{Entry, attendees};

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

/// Replaces `who`'s entry in the slot `old` by another one in the slot `new`.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a> {
    pub who: &'a str,
    pub old: Slot,
    pub new: Slot,
    pub entry: NewEntry<'a>,
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

    pub(super) fn entry_of(&self, who: &str) -> Entry {
        match *self {
            NewEntry::Block => Entry::block(who),
            NewEntry::Meeting { title, group, host } => Entry::meeting(who, title, group, host),
        }
    }

    pub(super) fn change_of<'a>(&'a self, who: &'a str, slot: Slot) -> Change<'a> {
        match *self {
            NewEntry::Block => BlockTaken { slot, who }.into(),
            NewEntry::Meeting { title, group, host } => MeetingTaken { slot, who, title, group, host }.into(),
        }
    }
}
