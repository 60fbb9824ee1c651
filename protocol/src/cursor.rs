//! Cursors: positions in the listing of events.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::date::Date;
use crate::id::Id;
use crate::text::Text;

/// The sort key of the last event of a page.
///
/// Clients treat it as an opaque word. It is the unpadded base64url encoding of the day number (4 bytes,
/// big-endian), the name, a zero byte and the id. A name and an id cannot have a zero byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor<'a> {
    /// The date of the event.
    pub date: Date,
    /// The name of the event.
    pub name: Cow<'a, str>,
    /// The id of the event.
    pub id: Cow<'a, str>,
}

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
