//! The codes of refusals, for scripts to branch on.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The code of a refusal, the second word of an `ERR` line. Later versions may add codes: a client that reads
/// an unknown one goes by the `retry` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The line is not a valid request: its bytes, quoting or arguments are wrong.
    BadRequest,
    /// No command has this verb.
    UnknownCommand,
    /// The line is longer than [`crate::limits::LINE_BYTES_MAX`].
    LineTooLong,
    /// The connection ended in the middle of a line, which was not executed.
    Incomplete,
    /// The key was used for another request.
    KeyReused,
    /// There is no such event, ticket, hold or entry.
    NotFound,
    /// The changes are not in the log any more.
    Gone,
    /// The deadline of the hold has passed.
    Expired,
    /// The event is not on sale.
    Closed,
    /// The request exceeds a limit of its command or of the event.
    Limit,
    /// Fewer tickets are left than were requested.
    SoldOut,
    /// The id is taken, someone is busy, the hold has ended, the ticket has another status, the event would
    /// have fewer tickets than are issued and held, or the event to delete has tickets or holds.
    Conflict,
    /// The command needs an account, or the name or the secret of an AUTH is wrong.
    Unauthenticated,
    /// The requester's role does not allow it, or only its host or its person may change it.
    Forbidden,
    /// The requester sends more requests than it may.
    RateLimited,
    /// The change would exceed a limit of what the server stores.
    Full,
    /// The server has no connection or buffer to spare, or the connection was idle. The connection is closed.
    Busy,
    /// Changes are refused for now, reads are served.
    ReadOnly,
    /// The server is shutting down.
    ShuttingDown,
    /// An error of the server.
    Internal,
    /// The server is a standby. Another one of its cluster is the leader.
    NotLeader,
    /// The leader cannot append to the replicated log at the moment. Nothing was done.
    Unavailable,
}

/// A code that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown code {code}")]
pub struct UnknownCode {
    /// The code as read.
    pub code: String,
}

impl Code {
    /// All codes, in the order of `protocol.md`.
    pub const ALL: [Self; 22] = [
        Self::BadRequest,
        Self::UnknownCommand,
        Self::LineTooLong,
        Self::Incomplete,
        Self::KeyReused,
        Self::NotFound,
        Self::Gone,
        Self::Expired,
        Self::Closed,
        Self::Limit,
        Self::SoldOut,
        Self::Conflict,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::RateLimited,
        Self::Full,
        Self::Busy,
        Self::ReadOnly,
        Self::ShuttingDown,
        Self::Internal,
        Self::NotLeader,
        Self::Unavailable,
    ];

    /// The code as written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BAD_REQUEST",
            Self::UnknownCommand => "UNKNOWN_COMMAND",
            Self::LineTooLong => "LINE_TOO_LONG",
            Self::Incomplete => "INCOMPLETE",
            Self::KeyReused => "KEY_REUSED",
            Self::NotFound => "NOT_FOUND",
            Self::SoldOut => "SOLD_OUT",
            Self::Conflict => "CONFLICT",
            Self::Forbidden => "FORBIDDEN",
            Self::Full => "FULL",
            Self::Busy => "BUSY",
            Self::ReadOnly => "READ_ONLY",
            Self::ShuttingDown => "SHUTTING_DOWN",
            Self::Internal => "INTERNAL",
            Self::NotLeader => "NOT_LEADER",
            Self::Unavailable => "UNAVAILABLE",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Gone => "GONE",
            Self::Expired => "EXPIRED",
            Self::Closed => "CLOSED",
            Self::Limit => "LIMIT",
        }
    }

    /// Whether the same request may succeed later without a change.
    pub const fn retry(self) -> bool {
        matches!(
            self,
            Self::NotLeader
                | Self::Unavailable
                | Self::RateLimited
                | Self::Busy
                | Self::ReadOnly
                | Self::ShuttingDown
        )
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
