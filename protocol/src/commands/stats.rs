//! STATS.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::reply::ClusterReply;
use crate::timestamp::Timestamp;

/// Shows counters and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats;

impl Command<'_> for Stats {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "STATS",
        help: "shows what the server holds, how much it may hold, and what it has done",
        topic: Topic::Server,
        needs: Needs::Account,
        example: "STATS",
    }];

    fn parse(_: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

/// The reply to STATS for an account that is no admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UptimeReply<'a> {
    /// The version of the server.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// Seconds since the server began to accept connections.
    pub uptime_seconds: u64,
    /// Of a server in a cluster.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterReply<'a>>,
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
    /// Holds that have not ended. Servers of version 0.1.0 send neither this nor the other counts of holds,
    /// names and keys, and have none.
    #[serde(default)]
    pub holds: u64,
    /// Holds that have ended and are remembered.
    #[serde(default)]
    pub ended_holds: u64,
    /// Bytes of the names that the server stores with tickets and holds.
    #[serde(default)]
    pub name_bytes: u64,
    /// Keys that the server remembers.
    #[serde(default)]
    pub keys: u64,
    /// Bytes of these keys and of the replies that the server stores with them.
    #[serde(default)]
    pub key_bytes: u64,
    /// When the oldest of these keys was used, if there are any. The keys reach back to this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_key: Option<Timestamp>,
    /// The number of accounts. Servers of version 0.1.0 have none.
    #[serde(default)]
    pub accounts: u64,
    /// The limit of `events`.
    pub max_events: u64,
    /// The limit of `ticket_ids`.
    pub max_tickets: u64,
    /// The limit of `person_hours`.
    pub max_person_hours: u64,
    /// The limit of `holds`.
    #[serde(default)]
    pub max_holds: u64,
    /// The limit of `ended_holds`: beyond it the oldest is forgotten.
    #[serde(default)]
    pub max_ended_holds: u64,
    /// The limit of `name_bytes`.
    #[serde(default)]
    pub max_name_bytes: u64,
    /// The limit of `keys`.
    #[serde(default)]
    pub max_keys: u64,
    /// The limit of `key_bytes`.
    #[serde(default)]
    pub max_key_bytes: u64,
    /// The limit of `accounts`.
    #[serde(default)]
    pub max_accounts: u64,
    /// The sequence number of the last commit.
    pub sequence: u64,
    /// The sequence number of the last commit that is known to be durable.
    pub durable_sequence: u64,
    /// The sequence number of the newest snapshot; 0 without a snapshot.
    pub snapshot_sequence: u64,
    /// The commits after this one can be read from the log; earlier ones are in the snapshots alone. A server
    /// of version 0.1.0 sends none.
    #[serde(default)]
    pub oldest_sequence: u64,
    /// Whether changes are refused for now.
    pub read_only: bool,
    /// Of a server in a cluster.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterReply<'a>>,
}
