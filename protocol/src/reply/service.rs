//! Replies about the server.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::commands::table::COMMANDS;
use crate::commands::verb::Verb;

/// The version of the protocol that this crate implements.
pub const PROTOCOL_VERSION: u32 = 1;

/// The welcome message of HELLO.
pub const WELCOME: &str = "Welcome to the ticket reservation system";

/// The reply to PING and QUIT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyReply {}

/// The final line after rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountReply<'a> {
    /// The number of rows before this line.
    pub count: u64,
    /// The word for `after=`, if `limit=` ended the listing before its last row.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Cow<'a, str>>,
}

impl CountReply<'_> {
    /// The final line of a complete listing.
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
    /// The syntax.
    #[serde(borrow)]
    pub usage: Cow<'a, str>,
    /// What the command does.
    #[serde(borrow)]
    pub help: Cow<'a, str>,
}

/// The rows of HELP for one verb or for all, in the order of [`COMMANDS`].
pub fn help_rows(verb: Option<Verb>) -> impl Iterator<Item = HelpRow<'static>> {
    COMMANDS.iter().filter(move |form| verb.is_none_or(|verb| form.verb == verb)).map(|form| HelpRow {
        command: Cow::Borrowed(form.verb.as_str()),
        usage: Cow::Borrowed(form.usage),
        help: Cow::Borrowed(form.help),
    })
}

/// The reply to HELLO.
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
    /// [`crate::limits::LINE_BYTES_MAX`] of the server.
    pub max_line: usize,
    /// The IANA name of the server's time zone.
    #[serde(borrow)]
    pub time_zone: Cow<'a, str>,
    /// The time in that zone, in RFC 3339 format.
    #[serde(borrow)]
    pub now: Cow<'a, str>,
}

/// The reply to STATS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsReply<'a> {
    /// The version of the server.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// Seconds since the server began to accept connections.
    pub uptime_seconds: u64,
    /// Open connections.
    pub connections: u64,
    /// Lines processed since the start, blank lines and comments included.
    pub commands: u64,
    /// The number of events.
    pub events: u64,
    /// Tickets sold, of all events.
    pub tickets: u64,
    /// Entries of calendars: blocks, and meetings counted once each.
    pub entries: u64,
    /// Tickets whose ids the server stores: all but those that another system sold before an import.
    pub ticket_ids: u64,
    /// Hours that entries fill, counted for each person.
    pub person_hours: u64,
    /// The limit of `events`.
    pub max_events: u64,
    /// The limit of `ticket_ids`.
    pub max_tickets: u64,
    /// The limit of `person_hours`.
    pub max_person_hours: u64,
    /// The sequence number of the last commit.
    pub sequence: u64,
    /// The sequence number of the last commit that is known to be durable.
    pub durable_sequence: u64,
    /// The sequence number of the newest snapshot; 0 without a snapshot.
    pub snapshot_sequence: u64,
    /// Whether changes are refused for now.
    pub read_only: bool,
}

/// The reply to SNAPSHOT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotReply {
    /// The sequence number of the last commit in the snapshot.
    pub sequence: u64,
    /// The length of the file.
    pub bytes: u64,
    /// The time it took to write.
    pub milliseconds: u64,
}
