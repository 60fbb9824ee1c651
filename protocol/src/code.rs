//! The codes that a script can branch on.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What kind of refusal it is. An open set: a client must expect codes that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The line is not a request: bytes, quoting, arguments.
    BadRequest,
    /// No command has this verb.
    UnknownCommand,
    /// The line is longer than [`crate::limits::LINE_BYTES_MAX`].
    LineTooLong,
    /// The connection ended in mid-line.
    Incomplete,
    /// No such event, ticket or entry.
    NotFound,
    /// Fewer tickets are left than were asked for.
    SoldOut,
    /// The id is taken, or someone is busy.
    Conflict,
    /// It is there, but not for the one who asks.
    Forbidden,
    /// The server holds as many events, tickets or person-hours as it may.
    Full,
    /// The server has as many connections as it takes.
    Busy,
    /// Nothing can be changed for now, reads go on.
    ReadOnly,
    /// The server is about to stop.
    ShuttingDown,
    /// The server is at fault.
    Internal,
}

/// A code that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown code {code}")]
pub struct UnknownCode {
    /// The word that was read.
    pub code: String,
}

impl Code {
    /// All codes, in the order of the document.
    pub const ALL: [Self; 13] = [
        Self::BadRequest,
        Self::UnknownCommand,
        Self::LineTooLong,
        Self::Incomplete,
        Self::NotFound,
        Self::SoldOut,
        Self::Conflict,
        Self::Forbidden,
        Self::Full,
        Self::Busy,
        Self::ReadOnly,
        Self::ShuttingDown,
        Self::Internal,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BAD_REQUEST",
            Self::UnknownCommand => "UNKNOWN_COMMAND",
            Self::LineTooLong => "LINE_TOO_LONG",
            Self::Incomplete => "INCOMPLETE",
            Self::NotFound => "NOT_FOUND",
            Self::SoldOut => "SOLD_OUT",
            Self::Conflict => "CONFLICT",
            Self::Forbidden => "FORBIDDEN",
            Self::Full => "FULL",
            Self::Busy => "BUSY",
            Self::ReadOnly => "READ_ONLY",
            Self::ShuttingDown => "SHUTTING_DOWN",
            Self::Internal => "INTERNAL",
        }
    }

    /// Whether the same request may be granted later, unchanged.
    pub const fn retry(self) -> bool {
        matches!(self, Self::Busy | Self::ReadOnly | Self::ShuttingDown)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(word: &str) -> Result<Self, UnknownCode> {
        Self::ALL
            .into_iter()
            .find(|code| code.as_str() == word)
            .ok_or_else(|| UnknownCode { code: word.to_owned() })
    }
}
