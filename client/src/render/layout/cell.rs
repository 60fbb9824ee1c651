//! Cells.

use unicode_width::UnicodeWidthStr;

use crate::render::text::printable;
use crate::screen::Role;

/// A printable text, which may have line feeds, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    pub role: Option<Role>,
}

impl Cell {
    /// The width of the longest line.
    pub fn width(&self) -> usize {
        self.text.split('\n').map(UnicodeWidthStr::width).max().unwrap_or(0)
    }

    /// The width of the longest word.
    pub fn longest_word(&self) -> usize {
        self.text.split_whitespace().map(UnicodeWidthStr::width).max().unwrap_or(1)
    }

    /// The same text in the color of a role.
    pub fn with_role(self, role: impl Into<Option<Role>>) -> Self {
        Self { role: role.into(), ..self }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self { text: printable(text).into_owned(), role: None }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}
