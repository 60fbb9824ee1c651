//! Where replies are laid out.

use std::borrow::Cow;

use crate::screen::{self, Charset, Role, Screen};

/// A screen, and how wide it is while a reply is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    screen: Screen,
    /// Columns, if their number is known.
    width: Option<usize>,
}

/// The characters of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineCharacters {
    pub vertical: char,
    pub horizontal: char,
    pub crossing: char,
}

/// The characters of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarCharacters {
    pub filled: char,
    pub empty: char,
}

impl Page {
    /// Columns where their number is unknown: those of a sheet of paper. Printers cut longer lines off.
    pub const COLUMNS_DEFAULT: usize = 80;

    /// The page that this screen is now: windows change their size.
    pub fn of(screen: Screen) -> Self {
        Self::with_width(screen, screen::width())
    }

    pub fn with_width(screen: Screen, width: Option<u16>) -> Self {
        Self { screen, width: width.map(usize::from) }
    }

    /// Columns, if their number is known.
    pub const fn width(&self) -> Option<usize> {
        self.width
    }

    /// The same page, of so many columns where their number is unknown.
    pub fn or_width(self, columns: usize) -> Self {
        Self { width: self.width.or(Some(columns)), ..self }
    }

    /// The text with the escapes of its color, if there are colors. The text must be printable.
    pub fn paint<'a>(&self, role: Role, text: &'a str) -> Cow<'a, str> {
        self.screen.paint(role, text)
    }

    pub const fn lines(&self) -> LineCharacters {
        match self.screen.charset {
            Charset::Unicode => LineCharacters { vertical: '│', horizontal: '─', crossing: '┼' },
            Charset::Ascii => LineCharacters { vertical: '|', horizontal: '-', crossing: '+' },
        }
    }

    pub const fn bar(&self) -> BarCharacters {
        match self.screen.charset {
            Charset::Unicode => BarCharacters { filled: '█', empty: '░' },
            Charset::Ascii => BarCharacters { filled: '#', empty: '.' },
        }
    }

    /// Whether text that is written from right to left is isolated from what is beside it.
    pub fn isolates_text(&self) -> bool {
        self.screen.is_terminal && self.screen.charset == Charset::Unicode
    }
}
