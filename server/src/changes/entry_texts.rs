//! The texts of an entry, as several kinds of changes hold them.
//!
//! Encoded: who, title, group, host. The length of the group is a u32. The title and the group of a block are
//! empty, and its host is who.

use super::invalid::{InvalidChange, check_group, check_id, check_text};
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_long_string, put_string};
use crate::domain::calendar::EntryContent;

/// The texts of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryTexts<'a> {
    /// The person who created it.
    pub who: &'a str,
    /// Empty for a block.
    pub title: &'a str,
    /// Ids separated by commas, without repetition. Empty for a block.
    pub group: &'a str,
    pub host: &'a str,
}

impl<'a> EntryTexts<'a> {
    pub fn of(content: &'a EntryContent) -> Self {
        let (title, group, host) = content.texts();
        Self { who: content.who(), title, group, host }
    }

    /// The entry that has these texts.
    pub fn content(&self) -> EntryContent {
        if self.is_block() {
            EntryContent::block(self.who)
        } else {
            EntryContent::meeting(self.who, self.title, self.group, self.host)
        }
    }

    /// The texts of the block of a person.
    pub(super) fn of_block(who: &'a str) -> Self {
        Self { who, title: "", group: "", host: who }
    }

    /// The people whose hours the entry fills, each once: who, the host, and then the other members of the
    /// group.
    pub fn people(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let Self { who, group, host, .. } = *self;
        let host_beside = Some(host).filter(|host| *host != who);
        let is_member = move |id: &&str| !id.is_empty() && *id != who && *id != host;
        std::iter::once(who).chain(host_beside).chain(group.split(',').filter(is_member))
    }

    pub(super) fn is_block(&self) -> bool {
        self.group.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        2 + self.who.len() + 2 + self.title.len() + 4 + self.group.len() + 2 + self.host.len()
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_string(out, self.who);
        put_string(out, self.title);
        put_long_string(out, self.group);
        put_string(out, self.host);
    }

    pub(super) fn decode(fields: &mut Fields<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            who: fields.string()?,
            title: fields.string()?,
            group: fields.long_string()?,
            host: fields.string()?,
        })
    }

    /// Checks that the rules can have created the entry with this number.
    pub(super) fn check(&self, number: u64) -> Result<(), InvalidChange> {
        if !self.is_block() {
            return self.check_meeting(number);
        }
        if self.title.is_empty() && self.host == self.who {
            check_id("person of block", number, self.who)
        } else {
            Err(InvalidChange::BlockWithTexts { number })
        }
    }

    /// Checks that the rules can have created the meeting with this number.
    pub(super) fn check_meeting(&self, number: u64) -> Result<(), InvalidChange> {
        check_id("person of meeting", number, self.who)?;
        check_id("host of meeting", number, self.host)?;
        check_text("title of meeting", number, self.title)?;
        check_group(number, self.group)
    }
}
