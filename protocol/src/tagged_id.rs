//! What the ids of tickets and of holds have in common: UUIDs that begin with the tag of their event.

use uuid::Uuid;

/// Characters of a ticket id or a hold id as written, hyphens included.
pub const TAGGED_ID_CHARS: usize = 36;

/// Implements a type of ids, a tuple struct of 16 bytes, and the error of parsing one.
macro_rules! impl_tagged_id {
    ($id:ident, $error:ident) => {
        impl $id {
            /// The tag of the event that the id is of.
            pub fn tag(self) -> u16 {
                u16::from_be_bytes([self.0[0], self.0[1]])
            }

            /// Appends the hyphenated lower-case form, [`TAGGED_ID_CHARS`](crate::tagged_id::TAGGED_ID_CHARS)
            /// bytes.
            #[inline]
            pub fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&$crate::tagged_id::written(self.0));
            }
        }

        impl std::str::FromStr for $id {
            type Err = $error;

            /// Parses the hyphenated form, with hexadecimal digits in either case.
            fn from_str(text: &str) -> Result<Self, $error> {
                $crate::tagged_id::parse(text).map(Self).ok_or($error)
            }
        }

        impl std::fmt::Display for $id {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                uuid::Uuid::from_bytes(self.0).hyphenated().fmt(f)
            }
        }

        impl serde::Serialize for $id {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $id {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use impl_tagged_id;

/// The hyphenated lower-case form.
#[inline]
pub(crate) fn written(id: [u8; 16]) -> [u8; TAGGED_ID_CHARS] {
    let mut text = [b'-'; TAGGED_ID_CHARS];
    for (byte, offset) in id.into_iter().zip(DIGIT_OFFSETS) {
        [text[offset], text[offset + 1]] = HEX[usize::from(byte)];
    }
    text
}

/// The bytes of the hyphenated form, with hexadecimal digits in either case.
pub(crate) fn parse(text: &str) -> Option<[u8; 16]> {
    if text.len() != TAGGED_ID_CHARS {
        return None;
    }
    Uuid::try_parse(text).ok().map(Uuid::into_bytes)
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
