//! How an exchange ended.

use crate::net::unsent::Unsent;

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
