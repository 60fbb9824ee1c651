//! Ids of events and of people.

use std::borrow::Cow;
use std::fmt;

use crc::{CRC_32_ISCSI, Crc, Table};
use thiserror::Error;

use crate::byte_class::is_id_byte;
use crate::limits::ID_BYTES_MAX;
use crate::shown::ShownChar;

/// The valid id of an event or a person: 1 to [`ID_BYTES_MAX`] of `A-Z a-z 0-9 . _ -`. Ids are case-sensitive
/// and ordered by their bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<'a>(Cow<'a, str>);

/// Why a text is not an id. The message continues a sentence that begins with the text:
/// `event-id "a/b" holds "/": …`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IdError {
    /// The text is empty.
    #[error("is empty: an id is 1 to {ID_BYTES_MAX} of A-Z a-z 0-9 . _ -")]
    Empty,
    /// The text is longer than [`ID_BYTES_MAX`].
    #[error("has {length} characters: an id has at most {ID_BYTES_MAX}")]
    TooLong {
        /// The length of the text, in characters.
        length: usize,
    },
    /// The text has a character that ids cannot have.
    #[error("holds {}: an id is 1 to {ID_BYTES_MAX} of A-Z a-z 0-9 . _ -", ShownChar(*.found))]
    Character {
        /// The first such character.
        found: char,
    },
}

impl<'a> Id<'a> {
    /// Validates a text.
    ///
    /// # Errors
    ///
    /// See [`IdError`]. An invalid character is reported before a length that is too large.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, IdError> {
        let text = text.into();
        check(&text)?;
        Ok(Self(text))
    }

    /// The id as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Copies the id out of the line that it borrows from.
    pub fn into_owned(self) -> Id<'static> {
        Id(Cow::Owned(self.0.into_owned()))
    }

    /// Converts to a string.
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

/// Validates an id in place, as a member of a group.
pub(crate) fn check(text: &str) -> Result<(), IdError> {
    if is_id(text.as_bytes()) {
        return Ok(());
    }
    match text.chars().find(|&c| !c.is_ascii() || !is_id_byte(c as u8)) {
        Some(found) => Err(IdError::Character { found }),
        None if text.is_empty() => Err(IdError::Empty),
        None => Err(IdError::TooLong { length: text.len() }),
    }
}

pub(crate) fn is_id(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| is_id_byte(byte)) && (1..=ID_BYTES_MAX).contains(&bytes.len())
}

/// The tag of an event: the low 16 bits of the CRC-32C of its id.
///
/// It is the first 16 bits of each ticket id of the event, so it must not change from version to version.
pub fn event_tag(event_id: &str) -> u16 {
    CRC_32C.checksum(event_id.as_bytes()) as u16
}

/// By table, 16 bytes a step. Ids are short, and implementations for long inputs, like that of the `crc32c`
/// crate, spend more on their start.
static CRC_32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

impl AsRef<str> for Id<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Id<'_>> for String {
    fn from(id: Id<'_>) -> Self {
        id.into_string()
    }
}

impl<'a> From<Id<'a>> for Cow<'a, str> {
    fn from(id: Id<'a>) -> Self {
        id.0
    }
}
