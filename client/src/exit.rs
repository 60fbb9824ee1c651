//! The exit status of the client.

use std::process::ExitCode;

use bookline_protocol::Code;

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
    /// A single command was refused with SOLD_OUT or CONFLICT: what was done before leaves no room for it.
    Taken = 5,
    /// A single command was refused with NOT_FOUND.
    NotFound = 6,
    /// Interrupted with no command in doubt: 128 plus the number of SIGINT, as in a shell.
    Interrupted = 130,
}

impl Exit {
    /// The exit status of a single command that is refused with this code.
    pub fn of_refusal(code: &str) -> Self {
        match code.parse() {
            Ok(Code::SoldOut | Code::Conflict) => Self::Taken,
            Ok(Code::NotFound) => Self::NotFound,
            _ => Self::Refused,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_of_a_single_command_has_its_exit_status() {
        for (code, exit) in
            [("SOLD_OUT", 5), ("CONFLICT", 5), ("NOT_FOUND", 6), ("LIMIT", 1), ("BUSY", 1), ("NEW_CODE", 1)]
        {
            assert_eq!(Exit::of_refusal(code) as u8, exit, "{code}");
        }
    }
}
