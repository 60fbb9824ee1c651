//! Ids of events and of people.

use std::borrow::Cow;
use std::fmt;

use crc::{CRC_32_ISCSI, Crc, Table};
use thiserror::Error;

use crate::byte_class::is_id_byte;
use crate::limits::ID_BYTES_MAX;
use crate::shown::ShownChar;

/// A valid id of an event or a person: 1 to 64 of `A-Z a-z 0-9 . _ -`, case-sensitive.
///
/// Borrows from the line it was read from; [`Id::into_owned`] lets it live longer. Ordered bytewise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<'a>(Cow<'a, str>);

/// Why a text is no id. Reads on from the text itself: `event-id "a b" holds " ": …`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IdError {
    /// Nothing between the quotes.
    #[error("is empty: an id is 1 to {ID_BYTES_MAX} of A-Z a-z 0-9 . _ -")]
    Empty,
    /// Longer than [`ID_BYTES_MAX`].
    #[error("has {length} characters: an id has at most {ID_BYTES_MAX}")]
    TooLong {
        /// Characters that were given.
        length: usize,
    },
    /// A character that ids are not made of.
    #[error("holds {}: an id is 1 to {ID_BYTES_MAX} of A-Z a-z 0-9 . _ -", ShownChar(*.found))]
    Character {
        /// The first such character.
        found: char,
    },
}

impl<'a> Id<'a> {
    /// Checks a text, which is kept as it is.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, IdError> {
        let text = text.into();
        check(&text)?;
        Ok(Self(text))
    }

    /// The id as it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same id, no longer tied to the line it was read from.
    pub fn into_owned(self) -> Id<'static> {
        Id(Cow::Owned(self.0.into_owned()))
    }

    /// The id as a plain string.
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

/// Checks one id without keeping it: members of a group are checked in place.
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

/// The 16-bit tag of an event: the low half of CRC-32C of its id. The same on every machine and in every version; the
/// first 16 bits of each of its tickets.
pub fn event_tag(event_id: &str) -> u16 {
    CRC_32C.checksum(event_id.as_bytes()) as u16
}

/// By table, sixteen bytes a step: an id is short, and what is made for long inputs spends more on getting started.
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
