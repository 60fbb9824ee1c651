//! Columns of tables.

/// The width of a text column is at least this: a narrower one is hard to read.
const TEXT_WIDTH_MIN: usize = 12;

/// The width of a column of people's names is at least this: what the other columns of tickets leave on
/// paper.
pub const NAME_WIDTH_MIN: usize = 7;

/// The blanks on both sides of a cell.
pub const PADDING_WIDTH: usize = 2;

/// The content of a column, which decides how it is wrapped where the table is too wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Ids, dates, times and words of the protocol. They are never wrapped: their parts would mean something
    /// else.
    Atom,
    /// Never wrapped, and aligned to the right.
    Number,
    /// Ids with commas between them, wrapped after commas.
    Ids,
    /// Wrapped between words, or within a word that is too long for a line.
    Text,
    /// As text, in a column that may be narrower.
    Name,
}

impl ColumnKind {
    /// Whether a word that is too long for a line is broken.
    pub(super) const fn is_broken(self) -> bool {
        matches!(self, Self::Text | Self::Name)
    }

    /// The width below which a column of this kind is not narrowed. `None` is that of its longest word.
    pub(super) const fn width_min(self) -> Option<usize> {
        match self {
            Self::Atom | Self::Number => Some(usize::MAX),
            Self::Ids => None,
            Self::Text => Some(TEXT_WIDTH_MIN),
            Self::Name => Some(NAME_WIDTH_MIN),
        }
    }
}

/// The name and the content of a column.
pub type Column = (&'static str, ColumnKind);
