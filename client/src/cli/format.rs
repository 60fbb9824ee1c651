//! The formats of replies.

use clap::ValueEnum;

use crate::printer::Layout;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Table on a terminal, raw elsewhere and for scripts
    Auto,
    /// The server's own lines
    Raw,
    /// Tables and sentences for people
    #[value(aliases = ["pretty", "text"])]
    Table,
    /// Sentences, and rows of cells with tabs between them, for awk and mail
    Plain,
    /// A JSON object for each line of a reply
    Json,
    /// Comma-separated values, of a command that lists something
    Csv,
}

impl Format {
    /// The layout of replies, where it is `auto` without a choice of the user.
    pub const fn layout(self, auto: Layout) -> Layout {
        match self {
            Self::Auto => auto,
            Self::Raw => Layout::Raw,
            Self::Table => Layout::Table,
            Self::Plain => Layout::Plain,
            Self::Json => Layout::Json,
            Self::Csv => Layout::Csv,
        }
    }
}
