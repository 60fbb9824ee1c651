//! What can end a measurement before its end.

use thiserror::Error;

use crate::address::Address;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::{plain, thousands};

/// Why it ended.
#[derive(Debug, Error)]
pub enum Failure {
    /// The connection, the system, or standard output.
    #[error(transparent)]
    Client(#[from] Error),
    /// A line that no server of this protocol writes.
    #[error("the server answered with what is no reply: {}", plain::quoted(line))]
    Malformed {
        /// The line.
        line: String,
    },
    /// More replies than requests.
    #[error("the server sent a line that nothing was asked for: {}", plain::quoted(line))]
    Unasked {
        /// The line.
        line: String,
    },
    /// There is something on the server that a load may be unwelcome beside.
    #[error(
        "{address} holds {} events, {} tickets and {} calendar entries, and what is booked here would stay beside \
         them: measure an empty server, or say --yes",
        thousands(*events), thousands(*tickets), thousands(*entries)
    )]
    InUse {
        /// The server.
        address: Address,
        /// Events that it has.
        events: u64,
        /// Tickets that it issued.
        tickets: u64,
        /// Blocks and meetings that it has.
        entries: u64,
    },
    /// The server does not say what it holds.
    #[error(
        "the server does not say what it holds: {}; say --yes to load it all the same",
        plain::quoted(line)
    )]
    Untold {
        /// What it says.
        line: String,
    },
    /// What the run needs could not be made.
    #[error("the events to measure with cannot be made: {}: {}", plain::text(code), plain::text(message))]
    Unprepared {
        /// The code of the refusal.
        code: String,
        /// What the server says.
        message: String,
    },
}

impl Failure {
    /// The exit status that tells it to a script.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Client(error) => error.exit(),
            Self::Malformed { .. } | Self::Unasked { .. } => Exit::InDoubt,
            Self::InUse { .. } | Self::Untold { .. } | Self::Unprepared { .. } => Exit::Refused,
        }
    }
}

/// A line as a failure shows it: as much as is needed to recognise it.
pub fn shown(line: &[u8]) -> String {
    const MOST: usize = 200;
    String::from_utf8_lossy(&line[..line.len().min(MOST)]).into_owned()
}
