//! Cursors: positions in listings. Clients treat them as opaque words, which are unpadded base64url.

use std::borrow::Cow;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

use crate::date::Date;
use crate::id::Id;
use crate::text::Text;

/// The sort key of the last event of a page of the listing of events.
///
/// Its bytes are the day number (4 bytes, big-endian), the name, a zero byte and the id. A name and an id
/// cannot have a zero byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor<'a> {
    /// The date of the event.
    pub date: Date,
    /// The name of the event.
    pub name: Cow<'a, str>,
    /// The id of the event.
    pub id: Cow<'a, str>,
}

/// A position in the listing of the tickets of an event.
///
/// Its bytes are the two numbers, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketCursor {
    /// The permanent number of the event, so that the cursor of a deleted event fits no later one.
    pub event: u64,
    /// The position after the last ticket of the page, in the order of issue.
    pub position: u32,
}

/// The word is not a cursor of this listing. The message continues a sentence that begins with the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a cursor: give the word that came as \"next\", or leave it out")]
pub struct CursorError;

const SEPARATOR: u8 = 0;

impl Cursor<'_> {
    /// The word for `after=`.
    pub fn encode(&self) -> String {
        let mut key = Vec::with_capacity(4 + self.name.len() + 1 + self.id.len());
        key.extend_from_slice(&self.date.day_number().to_be_bytes());
        key.extend_from_slice(self.name.as_bytes());
        key.push(SEPARATOR);
        key.extend_from_slice(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(key)
    }

    /// Decodes a word that [`Cursor::encode`] made. Returns `None` for a word that is not a cursor, or whose
    /// name, date or id no event can have.
    pub fn decode(word: &str) -> Option<Cursor<'static>> {
        let key = URL_SAFE_NO_PAD.decode(word).ok()?;
        let (day, rest) = key.split_first_chunk::<4>()?;
        let (name, id) = std::str::from_utf8(rest).ok()?.split_once(char::from(SEPARATOR))?;
        Some(Cursor {
            date: Date::from_day_number(u32::from_be_bytes(*day))?,
            name: Cow::Owned(Text::new(name).ok()?.into_string()),
            id: Cow::Owned(Id::new(id).ok()?.into_string()),
        })
    }
}

impl FromStr for Cursor<'static> {
    type Err = CursorError;

    fn from_str(word: &str) -> Result<Self, CursorError> {
        Cursor::decode(word).ok_or(CursorError)
    }
}

impl TicketCursor {
    /// The word for `after=`.
    pub fn encode(self) -> String {
        let mut key = [0; 12];
        key[..8].copy_from_slice(&self.event.to_be_bytes());
        key[8..].copy_from_slice(&self.position.to_be_bytes());
        URL_SAFE_NO_PAD.encode(key)
    }

    /// Decodes a word that [`TicketCursor::encode`] made. Returns `None` for a word that has not its length.
    pub fn decode(word: &str) -> Option<Self> {
        let key = URL_SAFE_NO_PAD.decode(word).ok()?;
        let (event, position) = key.split_first_chunk::<8>()?;
        let position = position.try_into().ok()?;
        Some(Self { event: u64::from_be_bytes(*event), position: u32::from_be_bytes(position) })
    }
}

impl FromStr for TicketCursor {
    type Err = CursorError;

    fn from_str(word: &str) -> Result<Self, CursorError> {
        Self::decode(word).ok_or(CursorError)
    }
}
