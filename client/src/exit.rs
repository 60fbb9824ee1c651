//! The exit status of the client.

use std::process::ExitCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Every command was answered `OK`.
    Ok = 0,
    /// Every command has a reply, and at least one was refused.
    Refused = 1,
    /// The arguments, standard input or standard output could not be used.
    Usage = 2,
    /// No command is in doubt, because none was sent.
    NotSent = 3,
    /// A command was sent and its outcome is unknown, after all tries. The message says what to type.
    InDoubt = 4,
    /// Interrupted with no command in doubt: 128 plus the number of SIGINT, as in a shell.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
