//! How the client ends: what a script branches on.

use std::process::ExitCode;

/// The exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Every command was answered OK.
    Fine = 0,
    /// Every command was answered, and at least one was refused.
    Refused = 1,
    /// The client could not use what it was given: its arguments, its standard input or its standard output.
    Usage = 2,
    /// No connection, or it was lost, or fell silent, before every command was answered.
    NoConnection = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
