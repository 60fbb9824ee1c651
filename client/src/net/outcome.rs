//! How an exchange ended.

use crate::render::number::thousands;

/// How an exchange ended in which every command has its reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether a command was refused.
    pub is_refused: bool,
    /// Whether a QUIT was granted: the server closes the connection.
    pub has_quit: bool,
    /// The lines after that QUIT.
    pub unsent: Unsent,
}

/// Lines that were not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// How many of them would have had a reply.
    pub lines: u64,
    /// Whether there may be more.
    pub is_lower_bound: bool,
}

impl Unsent {
    /// What the user has to know about them.
    pub fn note(self) -> Option<String> {
        let lines = match self.lines {
            0 => return None,
            1 => "1 line".to_owned(),
            many => format!("{} lines", thousands(many)),
        };
        let more = if self.is_lower_bound { " or more" } else { "" };
        let were = if self.lines == 1 { "was" } else { "were" };
        Some(format!("{lines}{more} after QUIT {were} not sent"))
    }
}
