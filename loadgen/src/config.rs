//! What a run measures, and with how much load.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bookline_protocol::limits::EVENT_TICKETS_MAX;

/// Connections of a run: as many as a server accepts by default.
pub const CONNECTIONS_MAX: u32 = 10_000;

/// Requests in flight over one connection. A thousand of them are some 40 kB in either direction,
/// which socket buffers hold.
pub const DEPTH_MAX: u32 = 1_000;

/// Events of a run: their ids have six digits.
pub const EVENTS_MAX: u32 = 1_000_000;

/// The longest measurement.
pub const DURATION_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server, as `host:port`, or `unix:` and the path of a socket.
    pub address: String,
    /// Further servers of its cluster, in the same form. The leader of all of them is loaded.
    pub others: Vec<String>,
    /// What TLS is spoken with, if it is. Over a Unix socket it is not.
    pub tls: Option<Tls>,
    /// The AUTH with which every connection begins, if the server has accounts.
    pub auth: Option<AuthLine>,
    /// How long to wait for a connection, and for a reply while nothing arrives.
    pub timeout: Duration,
    /// Connections, from 1 to [`CONNECTIONS_MAX`].
    pub connections: u32,
    /// Requests in flight over each connection, from 1 to [`DEPTH_MAX`].
    pub depth: u32,
    /// How long to measure, at most [`DURATION_MAX`].
    pub duration: Duration,
    /// What to request.
    pub workload: Workload,
    /// Events to create, from 1 to [`EVENTS_MAX`], if the workload needs more than one.
    pub events: u32,
    /// Tickets in each BOOK and HOLD.
    pub tickets_per_booking: u32,
    /// Tickets of each event. With few of them the run measures contention for the last ones.
    pub tickets_per_event: u32,
    /// Whether to open lost connections again, and to send requests without a reply again. Then every change
    /// has a key.
    pub retry: bool,
    /// Whether to load a server that already has events, tickets or calendar entries.
    pub allow_data: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:2665".to_owned(),
            others: Vec::new(),
            tls: None,
            auth: None,
            timeout: Duration::from_secs(10),
            connections: 50,
            depth: 16,
            duration: Duration::from_secs(10),
            workload: Workload::Hot,
            events: 10_000,
            tickets_per_booking: 1,
            tickets_per_event: EVENT_TICKETS_MAX,
            retry: false,
            allow_data: false,
        }
    }
}

impl Config {
    /// The servers in the order in which they are tried.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.address).chain(&self.others).map(String::as_str)
    }

    /// Events that the workload needs.
    pub(crate) const fn events_needed(&self) -> u32 {
        match self.workload {
            Workload::Hot => 1,
            Workload::Calendar => 0,
            Workload::Spread | Workload::Hold | Workload::Cancel | Workload::Mixed | Workload::Reads => {
                self.events
            }
        }
    }
}

/// What TLS is spoken with. A server must have a certificate for the host in its address.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Whom the client trusts.
    pub config: Arc<rustls::ClientConfig>,
}

/// An AUTH with its line feed. It is not shown, because it has a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthLine(pub Arc<str>);

impl fmt::Debug for AuthLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthLine(…)")
    }
}

/// What the connections request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// BOOK of one event.
    Hot,
    /// BOOK of all events at random.
    Spread,
    /// HOLD of all events at random. Of ten holds seven are confirmed, one is extended and then confirmed,
    /// and two are released: 10 HOLD, 8 CONFIRM, 2 RELEASE, 1 EXTEND.
    Hold,
    /// BOOK of all events at random, and CANCEL of every booking.
    Cancel,
    /// BLOCK, MEET of three and DELETE (2:2:1), each of new people and hours.
    Calendar,
    /// 60% GET of an event, 25% BOOK, 10% calendar, 5% GET of a day.
    Mixed,
    /// GET of an event.
    Reads,
}

impl Workload {
    /// The name in the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Spread => "spread",
            Self::Hold => "hold",
            Self::Cancel => "cancel",
            Self::Calendar => "calendar",
            Self::Mixed => "mixed",
            Self::Reads => "reads",
        }
    }
}
