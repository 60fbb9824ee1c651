//! How the client ends: what a script branches on.

use std::process::ExitCode;

/// The exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Every command was answered OK.
    Ok = 0,
    /// Every command was answered, and at least one was refused.
    Refused = 1,
    /// The client could not use what it was given: its arguments, its standard input or its standard output.
    Usage = 2,
    /// Nothing is in doubt, because it was not sent: no connection, or nobody who understands.
    NotSent = 3,
    /// Something was sent and its outcome is unknown.
    InDoubt = 4,
    /// Interrupted with nothing in doubt: 128 and the number of SIGINT, as a shell has it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
