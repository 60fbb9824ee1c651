//! What the user has chosen for the prompt.

use clap::ValueEnum;

use crate::prompt::history::HistoryPolicy;

/// What the user has chosen for the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which lines are kept for the next session.
    pub history: HistoryPolicy,
    /// The keys of the line editor.
    pub edit_mode: EditMode,
    /// The command that shows long replies. An empty one means that they are printed. `None` leaves the
    /// choice to the environment.
    pub pager: Option<String>,
}

/// The keys of the line editor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EditMode {
    #[default]
    Emacs,
    Vi,
}

impl From<EditMode> for rustyline::EditMode {
    fn from(mode: EditMode) -> Self {
        match mode {
            EditMode::Emacs => Self::Emacs,
            EditMode::Vi => Self::Vi,
        }
    }
}
