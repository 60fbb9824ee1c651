//! Names of events and titles of meetings.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use crate::limits::TEXT_CHARS_MAX;
use crate::shown::ShownChar;

/// A valid name or title: 1 to [`TEXT_CHARS_MAX`] characters, none of them a control character but line feed
/// and tab.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(Cow<'a, str>);

/// Why a text is not a name or title. The message continues a sentence that begins with the text:
/// `name "" is empty: …`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TextError {
    /// The text is empty.
    #[error("is empty: write 1 to {TEXT_CHARS_MAX} characters")]
    Empty,
    /// The text is longer than [`TEXT_CHARS_MAX`].
    #[error("has {length} characters: at most {TEXT_CHARS_MAX} are allowed")]
    TooLong {
        /// The length of the text, in characters.
        length: usize,
    },
    /// The text has a control character, which could control the terminal of a reader.
    #[error("holds {}: no control character is allowed but \\n and \\t", ShownChar(*.found))]
    Control {
        /// The first such character.
        found: char,
    },
}

impl<'a> Text<'a> {
    /// Validates a text.
    ///
    /// # Errors
    ///
    /// See [`TextError`]. A control character is reported before a length that is too large.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, TextError> {
        let text = text.into();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() <= TEXT_CHARS_MAX && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Ok(Self(text));
        }
        if let Some(found) = text.chars().find(|&c| c.is_control() && c != '\n' && c != '\t') {
            return Err(TextError::Control { found });
        }
        let length = text.chars().count();
        if length > TEXT_CHARS_MAX {
            return Err(TextError::TooLong { length });
        }
        Ok(Self(text))
    }

    /// The text, its escapes resolved.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Copies the text out of the line that it borrows from.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }

    /// Converts to a string.
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        text.into_string()
    }
}

impl<'a> From<Text<'a>> for Cow<'a, str> {
    fn from(text: Text<'a>) -> Self {
        text.0
    }
}
