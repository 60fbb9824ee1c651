//! Why a run ends early.

use std::io;

use thiserror::Error;

/// Why a run ends early. The texts leave out the address, which the caller knows.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No address of the host accepts a connection in time.
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    /// None of several servers leads.
    #[error("no leader: {}", said.join("; "))]
    NoLeader {
        /// What each of them said last, with its address.
        said: Vec<String>,
    },
    /// The server accepts no new connections.
    #[error("the server accepts no new connections")]
    Rejected,
    /// The server refuses the account of the run.
    #[error("the server refuses the account: {code}: {message}")]
    AuthRefused {
        /// The code of the refusal.
        code: String,
        /// Its message.
        message: String,
    },
    /// What the peer sends for AUTH is no reply. It is not shown, because it may have the secret.
    #[error("the server did not answer AUTH with a reply; what it sent may have the secret and is not shown")]
    AuthReply,
    /// The server speaks TLS, and the run does not.
    #[error("the server speaks TLS")]
    SpeaksTls,
    /// The peer does not reply to HELLO as a Bookline server does.
    #[error("not a Bookline server: it answered HELLO with \"{reply}\"")]
    NotBookline {
        /// The beginning of its reply.
        reply: String,
    },
    /// A connection ended with replies outstanding.
    #[error("connection lost with {unanswered} requests unanswered")]
    Lost {
        /// Requests without a reply, over all connections.
        unanswered: u64,
    },
    /// Nothing arrived within the timeout.
    #[error("no reply in time to {unanswered} requests")]
    Timeout {
        /// Requests without a reply, over all connections.
        unanswered: u64,
    },
    /// The operating system refuses a socket or a timer.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// A line that is not a reply of this protocol.
    #[error("the server sent a line that is not a reply: \"{line}\"")]
    Malformed {
        /// The beginning of the line.
        line: String,
    },
    /// More replies than requests.
    #[error("the server sent a reply without a request: \"{line}\"")]
    Unsolicited {
        /// The beginning of the line.
        line: String,
    },
    /// The server has data, and the configuration does not allow that.
    #[error("the server holds {events} events, {tickets} tickets and {entries} calendar entries")]
    HoldsData {
        /// Events that it has.
        events: u64,
        /// Tickets that it issued.
        tickets: u64,
        /// Calendar entries that it has.
        entries: u64,
    },
    /// The reply to STATS does not say what the server holds.
    #[error("STATS does not say what the server holds, run with --yes to load it anyway: \"{line}\"")]
    Stats {
        /// The beginning of the reply.
        line: String,
    },
    /// The server refuses to create an event.
    #[error("cannot create the events of the run: {code}: {message}")]
    EventRefused {
        /// The code of the refusal.
        code: String,
        /// Its message.
        message: String,
    },
    /// The server refuses to delete an event of the run.
    #[error("cannot delete the events of the run: {code}: {message}")]
    DeletionRefused {
        /// The code of the refusal.
        code: String,
        /// Its message.
        message: String,
    },
}

/// As much of a line as an error shows: enough to recognize what sent it.
pub fn excerpt(line: &[u8]) -> String {
    const BYTES_MAX: usize = 200;
    String::from_utf8_lossy(&line[..line.len().min(BYTES_MAX)]).into_owned()
}
