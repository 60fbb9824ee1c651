//! Keys, which make a change happen exactly once however often its request is sent.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use crate::byte_class::{are_key_bytes, is_key_byte};
use crate::limits::{KEY_BYTES_MAX, KEY_BYTES_MIN};

/// The name of the option that gives a request its key.
pub const KEY_OPTION: &str = "key";

/// The valid key of a change: [`KEY_BYTES_MIN`] to [`KEY_BYTES_MAX`] of `A-Z a-z 0-9 . _ : -`. Keys are
/// case-sensitive.
///
/// Whoever knows the key and the request gets its reply, so a key must not be logged. `Debug` does not show
/// it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key<'a>(Cow<'a, str>);

/// Why a text is not a key. The message continues a sentence that begins with the name of the option, and
/// does not repeat the text, which may be most of a key: `key= has 5 characters: …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The text is shorter than [`KEY_BYTES_MIN`] or longer than [`KEY_BYTES_MAX`].
    #[error(
        "has {length} character{}: write {KEY_BYTES_MIN} to {KEY_BYTES_MAX} of A-Z a-z 0-9 . _ : -",
        if *.length == 1 { "" } else { "s" }
    )]
    Length {
        /// The length of the text, in characters.
        length: usize,
    },
    /// The text has a character that keys cannot have.
    #[error(
        "has a character that is not allowed, at position {position}: write {KEY_BYTES_MIN} to \
         {KEY_BYTES_MAX} of A-Z a-z 0-9 . _ : -"
    )]
    Character {
        /// The position of the first such character, in characters from 1.
        position: usize,
    },
}

impl<'a> Key<'a> {
    /// Validates a text.
    ///
    /// # Errors
    ///
    /// See [`KeyError`]. An invalid character is reported before an invalid length.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, KeyError> {
        let text = text.into();
        if !are_key_bytes(text.as_bytes()) {
            let position = text.bytes().take_while(|&byte| is_key_byte(byte)).count() + 1;
            return Err(KeyError::Character { position });
        }
        if (KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err(KeyError::Length { length: text.len() })
        }
    }

    /// The key as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Copies the key out of the line that it borrows from.
    pub fn into_owned(self) -> Key<'static> {
        Key(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_has_16_to_64_of_its_characters() {
        for text in ["0123456789abcdef", "AZaz09._:-AZaz09", &"k".repeat(64)] {
            assert_eq!(Key::new(text).unwrap().as_str(), text);
        }
        for length in [0, 1, 15, 65, 1_000] {
            assert_eq!(Key::new("k".repeat(length)), Err(KeyError::Length { length }));
        }
        for (text, position) in
            [("/23456789abcdefg", 1), ("012345 789abcdef", 7), ("é", 1), ("abcdefgh\u{9}", 9)]
        {
            assert_eq!(Key::new(text), Err(KeyError::Character { position }), "{text}");
        }
    }

    #[test]
    fn neither_debug_nor_an_error_shows_a_key() {
        assert_eq!(format!("{:?}", Key::new("0123456789abcdef").unwrap()), "Key(…)");
        for (text, message) in [
            ("", "has 0 characters: write 16 to 64 of A-Z a-z 0-9 . _ : -"),
            ("s", "has 1 character: write 16 to 64 of A-Z a-z 0-9 . _ : -"),
            (
                "se/cret",
                "has a character that is not allowed, at position 3: write 16 to 64 of A-Z a-z 0-9 . _ : -",
            ),
        ] {
            let error = Key::new(text).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(!format!("{error:?}").contains("se"));
        }
    }
}
