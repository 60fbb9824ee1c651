//! Ticket ids.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use uuid::Uuid;

/// Characters of a ticket id as written, hyphens included.
pub const TICKET_ID_CHARS: usize = 36;

/// The id of a ticket: a UUID of version 8. Its first 16 bits are the tag of its event
/// ([`crate::event_tag`]), and its other free bits are random.
///
/// Whoever knows the id holds the ticket, so it must not be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct TicketId(pub [u8; 16]);

/// The text is not a ticket id. The message continues a sentence that begins with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "is not a ticket id: write it as BOOK gave it, 36 characters as in 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"
)]
pub struct TicketIdError;

impl TicketId {
    /// The tag of the event of the ticket.
    pub fn tag(self) -> u16 {
        u16::from_be_bytes([self.0[0], self.0[1]])
    }

    /// Appends the hyphenated lower-case form, [`TICKET_ID_CHARS`] bytes.
    #[inline]
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.written());
    }

    fn written(self) -> [u8; TICKET_ID_CHARS] {
        let mut text = [b'-'; TICKET_ID_CHARS];
        for (byte, offset) in self.0.into_iter().zip(DIGIT_OFFSETS) {
            [text[offset], text[offset + 1]] = HEX[usize::from(byte)];
        }
        text
    }
}

/// The offset of the two digits of each byte in the written form.
const DIGIT_OFFSETS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// The two digits of every byte. A table is faster than formatting, and ids are half of the reply to a BOOK.
static HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [[0; 2]; 256];
    let mut byte = 0;
    while byte < hex.len() {
        hex[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    hex
};

impl FromStr for TicketId {
    type Err = TicketIdError;

    /// Parses the hyphenated form, with hexadecimal digits in either case.
    fn from_str(text: &str) -> Result<Self, TicketIdError> {
        if text.len() != TICKET_ID_CHARS {
            return Err(TicketIdError);
        }
        let uuid = Uuid::try_parse(text).map_err(|_| TicketIdError)?;
        Ok(Self(uuid.into_bytes()))
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}

impl Serialize for TicketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TicketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
