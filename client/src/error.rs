//! What can go wrong between here and the server, as it is told to the user.

use std::io;
use std::time::Duration;

use rustyline::error::ReadlineError;
use thiserror::Error;

use crate::address::Address;
use crate::exit::Exit;
use crate::inbox::MAX_REPLY;
use crate::render::{plain, thousands};

/// Why the client gave up.
#[derive(Debug, Error)]
pub enum Error {
    /// The connection was refused, the name is unknown, the net is down.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Where the server should be.
        address: Address,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody took the connection in time.
    #[error("cannot connect to {address}: no answer within {}", humantime::format_duration(*waited))]
    ConnectTimeout {
        /// Where the server should be.
        address: Address,
        /// How long was waited.
        waited: Duration,
    },
    /// The server takes no newcomers for now; its reason was shown.
    #[error("{address} takes no new connection now")]
    TurnedAway {
        /// The server.
        address: Address,
    },
    /// The connection ended before everything was answered.
    #[error("connection to {address} lost{}", unanswered_note(*unanswered))]
    Lost {
        /// The server.
        address: Address,
        /// Commands that were sent, at least in part, and have no answer.
        unanswered: u64,
    },
    /// Nothing arrived for too long.
    #[error("no answer from {address} within {}{}", humantime::format_duration(*waited), unanswered_note(*unanswered))]
    Silent {
        /// The server.
        address: Address,
        /// How long was waited.
        waited: Duration,
        /// Commands that were sent, at least in part, and have no answer.
        unanswered: u64,
    },
    /// Answers came, and the last of them not in the time that the user allowed.
    #[error(
        "{address} took more than the {} of --max-time{}",
        humantime::format_duration(*allowed), unanswered_note(*unanswered)
    )]
    Overdue {
        /// The server.
        address: Address,
        /// How long it had.
        allowed: Duration,
        /// Commands that were sent, at least in part, and have no answer.
        unanswered: u64,
    },
    /// A line that is longer than any answer.
    #[error(
        "{address} sent a line of more than {} MiB that has no end{}",
        MAX_REPLY / 1024 / 1024, unanswered_note(*unanswered)
    )]
    Endless {
        /// Who sent it.
        address: Address,
        /// Commands that were sent, at least in part, and have no answer.
        unanswered: u64,
    },
    /// The user would not wait.
    #[error("interrupted{}{}", rows_note(*rows), change_note(*changes))]
    Interrupted {
        /// Rows of the answer that were shown.
        rows: u64,
        /// Commands without an answer that change something.
        changes: u64,
    },
    /// Whoever answers there, it is not Bookline.
    #[error("{address} is not a bookline server: it answered HELLO with {}", plain::quoted(&beginning(said)))]
    Stranger {
        /// Who answered.
        address: Address,
        /// What it answered with.
        said: String,
    },
    /// The server has data, and `bench` was not told to load it all the same.
    #[error(
        "{address} holds {} events, {} tickets and {} calendar entries, and what is booked here would stay \
         there as well: measure an empty server, or pass --yes",
        thousands(*events), thousands(*tickets), thousands(*entries)
    )]
    HoldsData { address: Address, events: u64, tickets: u64, entries: u64 },
    /// Another error of a run of `bench`.
    #[error(transparent)]
    Load(bookline_loadgen::Error),
    /// Standard input cannot be read.
    #[error("cannot read standard input: {source}")]
    Input {
        /// What the system says.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write standard output: {source}")]
    Output {
        /// What the system says.
        source: io::Error,
    },
    /// The terminal cannot be used.
    #[error("cannot use the terminal: {source}")]
    Terminal {
        /// What the line editor says.
        source: ReadlineError,
    },
    /// The system gives no timers, sockets or signals.
    #[error("cannot start: {source}")]
    Start {
        /// What the system says.
        source: io::Error,
    },
}

impl Error {
    /// An error of the load generator, which leaves out what the client knows.
    pub fn from_load(error: bookline_loadgen::Error, address: &Address, waited: Duration) -> Self {
        use bookline_loadgen::Error as Load;

        let address = address.clone();
        match error {
            Load::Connect(source) if source.kind() == io::ErrorKind::TimedOut => {
                Self::ConnectTimeout { address, waited }
            }
            Load::Connect(source) => Self::Connect { address, source },
            Load::Rejected => Self::TurnedAway { address },
            Load::NotBookline { reply } => Self::Stranger { address, said: reply },
            Load::Lost { unanswered } => Self::Lost { address, unanswered },
            Load::Timeout { unanswered } => Self::Silent { address, waited, unanswered },
            Load::Start(source) => Self::Start { source },
            Load::HoldsData { events, tickets, entries } => {
                Self::HoldsData { address, events, tickets, entries }
            }
            error => Self::Load(error),
        }
    }

    /// The exit status that tells it to a script.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Connect { .. }
            | Self::ConnectTimeout { .. }
            | Self::TurnedAway { .. }
            | Self::Stranger { .. }
            | Self::Lost { unanswered: 0, .. }
            | Self::Silent { unanswered: 0, .. }
            | Self::Overdue { unanswered: 0, .. }
            | Self::Endless { unanswered: 0, .. } => Exit::NotSent,
            Self::Lost { .. } | Self::Silent { .. } | Self::Overdue { .. } | Self::Endless { .. } => {
                Exit::InDoubt
            }
            Self::HoldsData { .. } => Exit::Refused,
            Self::Load(error) => match error {
                bookline_loadgen::Error::Malformed { .. } | bookline_loadgen::Error::Unsolicited { .. } => {
                    Exit::InDoubt
                }
                _ => Exit::Refused,
            },
            Self::Interrupted { changes: 0, .. } => Exit::Interrupted,
            Self::Interrupted { .. } => Exit::InDoubt,
            Self::Input { .. } | Self::Output { .. } | Self::Terminal { .. } | Self::Start { .. } => {
                Exit::Usage
            }
        }
    }

    /// Whether whoever read our output has gone, as `head` does: no reason to say anything.
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output { source } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// What a user must know of a command without an answer: it may have been carried out.
fn unanswered_note(unanswered: u64) -> String {
    match unanswered {
        0 => String::new(),
        1 => "; one command went unanswered and may have been carried out".to_owned(),
        many => format!("; {many} commands went unanswered and may have been carried out"),
    }
}

/// As much as is needed to recognise who said it.
fn beginning(said: &str) -> String {
    const MOST: usize = 200;
    let mut shown: String = said.chars().take(MOST).collect();
    if shown.len() < said.len() {
        shown.push_str("...");
    }
    shown
}

fn rows_note(rows: u64) -> String {
    match rows {
        0 => String::new(),
        1 => " after 1 row".to_owned(),
        many => format!(" after {} rows", thousands(many)),
    }
}

/// What a user must know of a change without an answer.
fn change_note(changes: u64) -> String {
    match changes {
        0 => String::new(),
        1 => "; the change was sent and may have been made".to_owned(),
        many => format!("; {} changes were sent and may have been made", thousands(many)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unanswered_command_is_told() {
        let address: Address = "h:1".parse().unwrap();
        let lost = |unanswered| Error::Lost { address: address.clone(), unanswered }.to_string();
        assert_eq!(lost(0), "connection to h:1 lost");
        assert_eq!(
            lost(1),
            "connection to h:1 lost; one command went unanswered and may have been carried out"
        );
        let silent = Error::Silent { address, waited: Duration::from_millis(1500), unanswered: 2 };
        assert_eq!(
            silent.to_string(),
            "no answer from h:1 within 1s 500ms; 2 commands went unanswered and may have been carried out"
        );
        assert_eq!(silent.exit(), Exit::InDoubt);
    }
}
