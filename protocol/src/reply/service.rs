//! What the server says of itself.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::commands::table::COMMANDS;
use crate::commands::verb::Verb;

/// The version of the protocol that this crate speaks.
pub const PROTOCOL_VERSION: u32 = 1;

/// The words of welcome in HELLO.
pub const WELCOME: &str = "Welcome to the ticket reservation system";

/// The answer to PING and QUIT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyReply {}

/// The last line behind rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountReply<'a> {
    /// How many rows came before.
    pub count: u64,
    /// When the listing was cut: the word to give as `after=`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Cow<'a, str>>,
}

impl CountReply<'_> {
    /// All the rows there are.
    pub const fn of(count: u64) -> Self {
        Self { count, next: None }
    }
}

/// A row of HELP: one form of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpRow<'a> {
    /// The verb.
    #[serde(borrow)]
    pub command: Cow<'a, str>,
    /// How to write it.
    #[serde(borrow)]
    pub usage: Cow<'a, str>,
    /// What it does.
    #[serde(borrow)]
    pub help: Cow<'a, str>,
}

/// The rows of HELP, of one verb or of all, in the order of the table.
pub fn help_rows(verb: Option<Verb>) -> impl Iterator<Item = HelpRow<'static>> {
    COMMANDS.iter().filter(move |form| verb.is_none_or(|verb| form.verb == verb)).map(|form| HelpRow {
        command: Cow::Borrowed(form.verb.as_str()),
        usage: Cow::Borrowed(form.usage),
        help: Cow::Borrowed(form.help),
    })
}

/// The answer to HELLO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloReply<'a> {
    /// Always `bookline`.
    #[serde(borrow)]
    pub server: Cow<'a, str>,
    /// The version of the server.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// The version of the protocol: [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// [`WELCOME`].
    #[serde(borrow)]
    pub welcome: Cow<'a, str>,
    /// Bytes in the longest line that is taken.
    pub max_line: usize,
    /// The server's zone, by its IANA name.
    #[serde(borrow)]
    pub time_zone: Cow<'a, str>,
    /// The time in that zone, as RFC 3339.
    #[serde(borrow)]
    pub now: Cow<'a, str>,
}

/// The answer to STATS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsReply<'a> {
    /// The version of the server.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// Seconds since it was ready to serve.
    pub uptime_seconds: u64,
    /// Connections that are open.
    pub connections: u64,
    /// Lines taken since the start, blank ones among them.
    pub commands: u64,
    /// Events there are.
    pub events: u64,
    /// Tickets issued, all events together.
    pub tickets: u64,
    /// Entries of calendars: blocks, and meetings counted once each.
    pub entries: u64,
    /// Tickets whose ids the server holds: all but those that were sold elsewhere before an import.
    pub ticket_ids: u64,
    /// Hours that entries fill, for each of their people.
    pub person_hours: u64,
    /// The most events that there may be.
    pub max_events: u64,
    /// The most tickets whose ids are held.
    pub max_tickets: u64,
    /// The most person-hours.
    pub max_person_hours: u64,
    /// The last change made.
    pub sequence: u64,
    /// The last change known to be on disk.
    pub durable_sequence: u64,
    /// The last change that the newest snapshot holds; 0 when there is none.
    pub snapshot_sequence: u64,
    /// Whether changes are refused for now.
    pub read_only: bool,
}

/// The answer to SNAPSHOT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotReply {
    /// The last change that it holds.
    pub sequence: u64,
    /// Its length on disk.
    pub bytes: u64,
    /// How long it took.
    pub milliseconds: u64,
}
