//! How an exchange ended.

use crate::exit::Exit;
use crate::net::unsent::Unsent;

/// How an exchange ended in which every command that was sent has its reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How the last refusal would end a single command, if a command was refused.
    pub refusal: Option<Exit>,
    /// Whether a QUIT was granted: the server closes the connection.
    pub has_quit: bool,
    /// The lines after that QUIT, or after a refusal that ended the script.
    pub unsent: Unsent,
}
