//! The texts of a meeting, as two kinds of changes hold them.
//!
//! Encoded: who, title, group, host. The length of the group is a u32.

use super::invalid::{InvalidChange, check_group, check_id, check_text};
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_long_string, put_string};

/// The texts of a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MeetingTexts<'a> {
    pub who: &'a str,
    pub title: &'a str,
    pub group: &'a str,
    pub host: &'a str,
}

impl<'a> MeetingTexts<'a> {
    pub fn bytes(&self) -> usize {
        2 + self.who.len() + 2 + self.title.len() + 4 + self.group.len() + 2 + self.host.len()
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        put_string(out, self.who);
        put_string(out, self.title);
        put_long_string(out, self.group);
        put_string(out, self.host);
    }

    pub fn decode(fields: &mut Fields<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            who: fields.string()?,
            title: fields.string()?,
            group: fields.long_string()?,
            host: fields.string()?,
        })
    }

    /// Checks that the rules can have created the meeting with this number.
    pub fn check(&self, number: u64) -> Result<(), InvalidChange> {
        check_id("person of meeting", number, self.who)?;
        check_id("host of meeting", number, self.host)?;
        check_text("title of meeting", number, self.title)?;
        check_group(number, self.group)
    }
}
