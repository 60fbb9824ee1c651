//! Errors of the client, with the messages that users see.

use std::io;
use std::time::Duration;

use bookline_loadgen::Error as LoadError;
use bookline_protocol::Date;
use bookline_protocol::limits::KEYED_TICKETS_MAX;
use humantime::format_duration;
use rustyline::error::ReadlineError;
use thiserror::Error;

use crate::address::Address;
use crate::advice::Advice;
use crate::exit::Exit;
use crate::ical::problem::ReadError;
use crate::login::SecretError;
use crate::render::listing::Listing;
use crate::render::number::{counted, thousands};
use crate::render::text::{capitalized, quoted, words_of};
use crate::tls::{TlsFileError, TlsProblem};

/// Why the client gives up. `unanswered` counts commands that were sent, at least in part, and have no reply.
#[derive(Debug, Error)]
pub enum Error {
    #[error("cannot connect to {address}: {source}")]
    Connect { address: Address, source: io::Error },
    #[error("cannot connect to {address}: no answer within {}", format_duration(*waited))]
    ConnectTimeout { address: Address, waited: Duration },
    /// TLS is not agreed, or ends with an error.
    #[error("no TLS with {address}: {problem}{}", unanswered_note(*unanswered))]
    Tls { address: Address, problem: TlsProblem, unanswered: u64 },
    /// The server speaks TLS, and the client does not.
    #[error("{address} speaks TLS: pass --tls, or --ca FILE with the authority of its certificate")]
    SpeaksTls { address: Address },
    /// TLS is asked for where there is none.
    #[error(
        "{address} is a Unix socket, over which there is no TLS: leave out --tls, --ca, --cert and --key"
    )]
    TlsOverUnix { address: Address },
    #[error("a certificate of the client needs its key: pass both --cert FILE and --key FILE")]
    CertificateWithoutKey,
    #[error(transparent)]
    TlsFile(#[from] TlsFileError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("--secret-file is the secret of an account: name the account with --user")]
    SecretWithoutUser,
    /// The server refuses the AUTH of `--user`.
    #[error("{sentence}")]
    AuthRefused { sentence: String },
    /// The server tells the time only to an account, and the command needs it.
    #[error("{address} has accounts: pass --user NAME")]
    AccountNeeded { address: Address },
    /// What the peer sends for AUTH is no reply. It is not kept, because it may have the secret.
    #[error(
        "{address} did not answer AUTH as a bookline server does; what it sent may have the secret and is not \
         shown"
    )]
    AuthReply { address: Address },
    /// The server accepts no new connections.
    #[error("{address} accepts no new connections")]
    Rejected {
        address: Address,
        /// The line that it sent, unless a message has shown it.
        refusal: Option<String>,
    },
    /// None of several servers leads. `said` is what each of them said last.
    #[error(
        "no leader within {}: {}{}",
        format_duration(*waited), said.join("; "), unanswered_note(*unanswered)
    )]
    NoLeader { waited: Duration, said: Vec<String>, unanswered: u64 },
    /// The connection ended before every command had its reply.
    #[error("connection to {address} lost{}", unanswered_note(*unanswered))]
    Lost { address: Address, unanswered: u64 },
    /// Nothing arrived within the timeout.
    #[error("no answer from {address} within {}{}", format_duration(*waited), unanswered_note(*unanswered))]
    ReplyTimeout { address: Address, waited: Duration, unanswered: u64 },
    /// Replies arrived, but the command took longer than `--max-time`.
    #[error(
        "{address} took more than the {} of --max-time{}",
        format_duration(*allowed), unanswered_note(*unanswered)
    )]
    MaxTime { address: Address, allowed: Duration, unanswered: u64 },
    /// A line is longer than any reply.
    #[error(
        "{address} sent a line of more than {} MiB that has no end{}",
        bytes_max / 1024 / 1024, unanswered_note(*unanswered)
    )]
    ReplyTooLong { address: Address, bytes_max: usize, unanswered: u64 },
    /// The server does not wait for requests.
    #[error(
        "{address} sent more than {} MiB without being asked; the connection was closed",
        bytes_max / 1024 / 1024
    )]
    Unsolicited { address: Address, bytes_max: usize },
    /// The user pressed Ctrl-C.
    #[error("interrupted{}{}", rows_note(*rows), changes_note(*changes))]
    Interrupted {
        /// Rows of the current reply that were printed.
        rows: u64,
        /// Commands without a reply that may have changed something.
        changes: u64,
    },
    /// The outcome of a change is unknown.
    #[error("{cause}; {advice}")]
    InDoubt { cause: Box<Self>, advice: Advice },
    #[error("{address} is not a bookline server: it answered HELLO with {}", quoted(&excerpt(reply)))]
    NotBookline { address: Address, reply: String },
    /// `--format csv` is given without a command that lists something.
    #[error(
        "--format csv needs a command that lists something, as arguments: {}; nothing was sent",
        Listing::verbs()
    )]
    CsvWithoutListing,
    /// `watch` is asked for CSV.
    #[error("changes have no columns in common, so that they cannot be CSV: use --format json")]
    CsvOfChanges,
    #[error("the reply cannot be written as CSV: {}", quoted(&excerpt(reply)))]
    NotCsv { reply: String },
    /// The server has data, and `bench` was not told to load it anyway.
    #[error(
        "{address} holds {} events, {} tickets and {} calendar entries, and what is booked here would stay \
         there as well: measure an empty server, or pass --yes",
        thousands(*events), thousands(*tickets), thousands(*entries)
    )]
    HoldsData { address: Address, events: u64, tickets: u64, entries: u64 },
    /// `bench --retry` would book more tickets at a time than a request with a key may.
    #[error(
        "--retry books at most {} tickets at a time, as every change has a key: pass a lower --tickets",
        thousands(KEYED_TICKETS_MAX.into())
    )]
    KeyedTickets,
    /// Another error of `bench`.
    #[error(transparent)]
    Load(LoadError),
    /// The server refuses a request of a command that the client executes itself.
    #[error("{sentence}")]
    Refused { sentence: String },
    /// Changes that `watch` asks for are not in the log any more.
    #[error(
        "the changes after {after} are not in the server's log any more, only those after {oldest}: --resync \
         goes on from there"
    )]
    ChangesGone { after: u64, oldest: u64 },
    /// The server was replaced, or restored from a backup.
    #[error(
        "the changes up to {after} were shown, and the last one of {address} is {last}: it is another \
         server, or was restored from a backup"
    )]
    ShorterLog { address: Address, after: u64, last: u64 },
    /// Likewise.
    #[error(
        "a part of commit {sequence} was shown, and {address} does not have the rest: it is another \
         server, or was restored from a backup"
    )]
    OtherHistory { address: Address, sequence: u64 },
    /// WATCH is the command of a connection that ends with its reply.
    #[error(
        "the connection of a single command ends with its reply, and WATCH with it; nothing was sent: use \
         bookline watch"
    )]
    WatchAsCommand,
    #[error("a row cannot be read: {}", quoted(&excerpt(row)))]
    UnknownRow { row: String },
    #[error("the server's time zone {} is not known to this version of the client", quoted(&excerpt(zone)))]
    UnknownZone { zone: String },
    /// A command that the client executes itself is given other arguments than it takes.
    #[error("{problem}; write {usage}")]
    Arguments { problem: String, usage: &'static str },
    /// `ics` is given days that end before they begin.
    #[error("--to {} is before --from {}", to.iso(), from.iso())]
    EndBeforeStart { from: Date, to: Date },
    #[error("cannot read {file}: {source}")]
    ReadFile { file: String, source: io::Error },
    #[error("{file} has more than {} MiB: split it", bytes_max / 1024 / 1024)]
    LargeFile { file: String, bytes_max: u64 },
    #[error("cannot import {file}: {source}")]
    Calendar { file: String, source: ReadError },
    /// `import-ics` ends early.
    #[error("{cause}{}", blocked_note(lines))]
    Unfinished {
        cause: Box<Self>,
        /// The requests that delete what was blocked.
        lines: Vec<String>,
    },
    /// The board is asked for without a terminal to show it on.
    #[error(
        "the board needs a terminal: elsewhere, `bookline watch` prints what changes, and `bookline GET` \
         what there is"
    )]
    NoTerminal,
    #[error("cannot read standard input: {source}")]
    Input { source: io::Error },
    #[error("cannot write standard output: {source}")]
    Output { source: io::Error },
    #[error("cannot use the terminal: {source}")]
    Terminal { source: ReadlineError },
    /// The operating system refuses a timer, a socket, a thread or a signal handler.
    #[error("cannot start: {source}")]
    Start { source: io::Error },
}

impl Error {
    /// Adds what the load generator's errors leave out.
    pub fn from_load(error: LoadError, address: &Address, waited: Duration) -> Self {
        let address = address.clone();
        match error {
            LoadError::Connect(source) if let Some(problem) = TlsProblem::of(&source) => {
                Self::Tls { address, problem, unanswered: 0 }
            }
            LoadError::Connect(source) if source.kind() == io::ErrorKind::TimedOut => {
                Self::ConnectTimeout { address, waited }
            }
            LoadError::Connect(source) => Self::Connect { address, source },
            LoadError::AuthRefused { code, message } => {
                Self::AuthRefused { sentence: format!("{}: {message}.", capitalized(words_of(&code))) }
            }
            LoadError::AuthReply => Self::AuthReply { address },
            LoadError::SpeaksTls => Self::SpeaksTls { address },
            LoadError::NoLeader { said } => Self::NoLeader { waited, said, unanswered: 0 },
            LoadError::Rejected => Self::Rejected { address, refusal: None },
            LoadError::NotBookline { reply } => Self::NotBookline { address, reply },
            LoadError::Lost { unanswered } => Self::Lost { address, unanswered },
            LoadError::Timeout { unanswered } => Self::ReplyTimeout { address, waited, unanswered },
            LoadError::Start(source) => Self::Start { source },
            LoadError::HoldsData { events, tickets, entries } => {
                Self::HoldsData { address, events, tickets, entries }
            }
            error => Self::Load(error),
        }
    }

    /// The exit status for scripts.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Connect { .. }
            | Self::ConnectTimeout { .. }
            | Self::Tls { unanswered: 0, .. }
            | Self::SpeaksTls { .. }
            | Self::AuthReply { .. }
            | Self::Rejected { .. }
            | Self::NotBookline { .. }
            | Self::Unsolicited { .. }
            | Self::NoLeader { unanswered: 0, .. }
            | Self::Lost { unanswered: 0, .. }
            | Self::ReplyTimeout { unanswered: 0, .. }
            | Self::MaxTime { unanswered: 0, .. }
            | Self::ReplyTooLong { unanswered: 0, .. } => Exit::NotSent,
            Self::Lost { .. }
            | Self::NoLeader { .. }
            | Self::Tls { .. }
            | Self::ReplyTimeout { .. }
            | Self::MaxTime { .. }
            | Self::ReplyTooLong { .. }
            | Self::InDoubt { .. }
            | Self::Load(LoadError::Malformed { .. } | LoadError::Unsolicited { .. }) => Exit::InDoubt,
            Self::Interrupted { changes: 0, .. } | Self::Secret(SecretError::Interrupted) => {
                Exit::Interrupted
            }
            Self::Interrupted { .. } => Exit::InDoubt,
            Self::HoldsData { .. }
            | Self::Load(_)
            | Self::Refused { .. }
            | Self::AuthRefused { .. }
            | Self::AccountNeeded { .. }
            | Self::ChangesGone { .. }
            | Self::ShorterLog { .. }
            | Self::OtherHistory { .. } => Exit::Refused,
            Self::Unfinished { cause, .. } => cause.exit(),
            Self::CsvWithoutListing
            | Self::WatchAsCommand
            | Self::CsvOfChanges
            | Self::TlsOverUnix { .. }
            | Self::CertificateWithoutKey
            | Self::TlsFile(_)
            | Self::Secret(_)
            | Self::SecretWithoutUser
            | Self::KeyedTickets
            | Self::NotCsv { .. }
            | Self::UnknownRow { .. }
            | Self::UnknownZone { .. }
            | Self::Arguments { .. }
            | Self::EndBeforeStart { .. }
            | Self::ReadFile { .. }
            | Self::LargeFile { .. }
            | Self::Calendar { .. }
            | Self::NoTerminal
            | Self::Input { .. }
            | Self::Output { .. }
            | Self::Terminal { .. }
            | Self::Start { .. } => Exit::Usage,
        }
    }

    /// Whether there is no connection any more, or none yet: another one may have the reply.
    pub fn is_loss(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::ConnectTimeout { .. }
            | Self::Rejected { .. }
            | Self::NoLeader { .. }
            | Self::Lost { .. }
            | Self::ReplyTimeout { .. } => true,
            Self::Tls { problem, .. } => problem.is_loss(),
            _ => false,
        }
    }

    /// What a user sees: the error, and what to do about it.
    pub fn message(&self) -> String {
        match self.next_step() {
            Some(step) => format!("{self}; {step}"),
            None => self.to_string(),
        }
    }

    /// What a user at the prompt sees when a command has failed. The server was there before.
    pub fn message_at_prompt(&self) -> String {
        match self {
            Self::InDoubt { cause, advice } if cause.is_without_connection() => {
                format!("{cause}; the command was not sent; {advice}")
            }
            error if error.is_without_connection() => format!("{error}; the command was not sent"),
            error => error.to_string(),
        }
    }

    /// Whether there was no connection over which a command could be sent.
    fn is_without_connection(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. }
                | Self::ConnectTimeout { .. }
                | Self::Tls { unanswered: 0, .. }
                | Self::SpeaksTls { .. }
                | Self::AuthRefused { .. }
                | Self::AuthReply { .. }
                | Self::Rejected { .. }
                | Self::NotBookline { .. }
                | Self::NoLeader { unanswered: 0, .. }
                | Self::Lost { unanswered: 0, .. }
                | Self::ReplyTimeout { unanswered: 0, .. }
        )
    }

    /// What to do about a server that cannot be used.
    fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::Connect { source, .. } if source.kind() == io::ErrorKind::ConnectionRefused => {
                Some("is booklined running there? Start it, or give another address with --addr")
            }
            Self::Connect { .. } => Some("check the address, or give another one with --addr"),
            Self::ConnectTimeout { .. } => Some(
                "check the address and the firewall, give another address with --addr, or wait longer with \
                 --timeout",
            ),
            Self::NotBookline { .. } => Some("give the address of booklined with --addr"),
            _ => None,
        }
    }

    /// Whether the prompt goes on after it: another connection may be used.
    pub fn keeps_prompt(&self) -> bool {
        match self {
            Self::InDoubt { cause, .. } => cause.keeps_prompt(),
            Self::Interrupted { .. }
            | Self::MaxTime { .. }
            | Self::ReplyTooLong { .. }
            | Self::Unsolicited { .. }
            | Self::NotBookline { .. }
            | Self::Tls { .. }
            | Self::SpeaksTls { .. }
            | Self::AuthRefused { .. }
            | Self::AccountNeeded { .. }
            | Self::AuthReply { .. }
            | Self::Secret(_)
            | Self::NotCsv { .. }
            | Self::Refused { .. }
            | Self::Arguments { .. }
            | Self::UnknownRow { .. } => true,
            error => error.is_loss(),
        }
    }

    /// Whether the user ended the command.
    pub fn is_interrupt(&self) -> bool {
        match self {
            Self::InDoubt { cause, .. } | Self::Unfinished { cause, .. } => cause.is_interrupt(),
            error => matches!(error, Self::Interrupted { .. }),
        }
    }

    /// Whether this only says that the user has left the pager, in which case nothing has failed.
    pub fn is_wanted(&self, has_left_pager: bool) -> bool {
        match self {
            Self::Output { source } => source.get_ref().is_some_and(|error| error.is::<PagerLeft>()),
            Self::Interrupted { changes: 0, .. } => has_left_pager,
            _ => false,
        }
    }

    /// Whether the reader of standard output has gone, as `head` does: that needs no message.
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output { source } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// The user has left the pager before the end of the text.
#[derive(Debug, Error)]
#[error("the pager has ended")]
pub struct PagerLeft;

/// A command without a reply may have been executed: the user has to know.
fn unanswered_note(unanswered: u64) -> String {
    match unanswered {
        0 => String::new(),
        1 => "; one command went unanswered and may have been carried out".to_owned(),
        many => format!("; {many} commands went unanswered and may have been carried out"),
    }
}

/// As much of a text as is needed to recognize what sent it.
fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 200;
    let mut shown: String = text.chars().take(CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    shown
}

/// What `import-ics` has blocked before it ended.
fn blocked_note(lines: &[String]) -> String {
    match lines {
        [] => "\nNothing was blocked before.".to_owned(),
        lines => format!(
            "\nWhat was blocked before, in {}, is still there; to delete it, send these lines\n{}",
            counted(lines.len() as u32, "block"),
            lines.join("\n")
        ),
    }
}

fn rows_note(rows: u64) -> String {
    match rows {
        0 => String::new(),
        1 => " after 1 row".to_owned(),
        many => format!(" after {} rows", thousands(many)),
    }
}

fn changes_note(changes: u64) -> String {
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
    fn message_counts_unanswered_commands() {
        let address: Address = "h:1".parse().unwrap();
        let lost = |unanswered| Error::Lost { address: address.clone(), unanswered }.to_string();
        assert_eq!(lost(0), "connection to h:1 lost");
        assert_eq!(
            lost(1),
            "connection to h:1 lost; one command went unanswered and may have been carried out"
        );
        let timeout = Error::ReplyTimeout { address, waited: Duration::from_millis(1500), unanswered: 2 };
        assert_eq!(
            timeout.to_string(),
            "no answer from h:1 within 1s 500ms; 2 commands went unanswered and may have been carried out"
        );
        assert_eq!(timeout.exit(), Exit::InDoubt);
    }
}
