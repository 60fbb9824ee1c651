//! The configuration of a server.

#![warn(missing_docs)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bookline_protocol::Id;
use chrono_tz::Tz;

#[cfg(feature = "cluster")]
use crate::cluster::ClusterConfig;
use crate::commands::AccountLimits;
use crate::memory;
use crate::net::admission::REFUSED_CONNECTIONS_MAX;
use crate::state::StateLimits;
use crate::storage::journal::Durability;
use crate::storage::recovery::RecoveryOptions;
#[cfg(feature = "cluster")]
use crate::storage::replicated::lease::lease_argument;
use crate::time::source::TimeSource;

/// The default of the time between the beginnings of two snapshots: each reads the whole previous snapshot
/// and the journal after it.
const SNAPSHOT_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// The configuration of a server. `booklined` checks the values of its flags; values that are set here are
/// not checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The directory that holds the journal and the snapshots. It is created if it does not exist.
    pub data_dir: PathBuf,
    /// When a change is acknowledged.
    pub durability: Durability,
    /// Connections that are served at a time, at least one.
    pub max_connections: usize,
    /// Connections that are refused at a time and stay open until their clients have read the refusal, at
    /// least one. More are closed at once.
    pub refusals: usize,
    /// Connections of one address that are served at a time. `None` sets no limit per address.
    pub max_per_address: Option<usize>,
    /// The limits of each account.
    pub account_limits: AccountLimits,
    /// How long a connection may send no complete line. `None` sets no limit.
    pub idle_timeout: Option<Duration>,
    /// Bytes for lines of more than 16 KiB and for large replies, of all connections together.
    pub max_buffers: u64,
    /// The most that the state may hold.
    pub limits: StateLimits,
    /// The head of department, who may send HOD.
    pub head: Id<'static>,
    /// The zone of calendar hours. `None` is the zone of `TZ`, else of the system.
    pub time_zone: Option<Tz>,
    /// The cluster of which the server is a member. `None` if it is a single server.
    #[cfg(feature = "cluster")]
    pub cluster: Option<ClusterConfig>,
    /// For tests: where the time comes from. `None` is the clocks of the system.
    #[doc(hidden)]
    pub time_source: Option<Arc<dyn TimeSource>>,
    /// For tests: whether rounds of maintenance run in the background. A test may run them itself.
    #[doc(hidden)]
    pub background_maintenance: bool,
    /// Shards of the state, a power of two from 1 to 65,536.
    pub shards: usize,
    /// Bytes of a journal segment.
    pub segment_size: u64,
    /// The most bytes of journal segments that are kept behind the older snapshot.
    pub keep_log: u64,
    /// Bytes of journal after which a snapshot is made.
    pub snapshot_every: u64,
    /// The shortest time between the beginnings of two snapshots.
    pub snapshot_interval_min: Duration,
    /// A backup to restore into the data directory, which must be empty.
    pub restore: Option<PathBuf>,
    /// A JSON list of events to load.
    pub import: Option<PathBuf>,
    /// Whether to load a few events and calendars if the state is empty.
    pub demo: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "./bookline-data".into(),
            durability: Durability::default(),
            max_connections: 10_000,
            refusals: REFUSED_CONNECTIONS_MAX,
            max_per_address: None,
            account_limits: AccountLimits::default(),
            idle_timeout: None,
            max_buffers: 256 << 20,
            limits: StateLimits::for_memory(memory::allowed()),
            head: Id::new("F10").expect("an id"),
            time_zone: None,
            #[cfg(feature = "cluster")]
            cluster: None,
            time_source: None,
            background_maintenance: true,
            shards: 64,
            segment_size: 64 << 20,
            keep_log: 256 << 20,
            snapshot_every: 256 << 20,
            snapshot_interval_min: SNAPSHOT_INTERVAL_MIN,
            restore: None,
            import: None,
            demo: false,
        }
    }
}

impl Config {
    /// The flags that say where the data is, for a command that may be the first one to write some.
    #[doc(hidden)]
    pub fn place(&self) -> String {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = &self.cluster {
            return self.place_of_member(cluster);
        }
        format!("--data-dir {}", self.data_dir.display())
    }

    /// Who begins a cluster decides on the settings of all its members.
    #[cfg(feature = "cluster")]
    fn place_of_member(&self, ClusterConfig { nats, lease, .. }: &ClusterConfig) -> String {
        let zone = self.time_zone.map(|zone| format!(" --time-zone {zone}")).unwrap_or_default();
        format!(
            "--cluster {} --cluster-name {} --cluster-replicas {} --lease {}{zone} --hod {}",
            nats.server_names(),
            nats.cluster,
            nats.replicas,
            lease_argument(*lease),
            self.head,
        )
    }

    /// The options of recovery.
    pub fn recovery(&self) -> RecoveryOptions<'_> {
        RecoveryOptions {
            restore: self.restore.as_deref(),
            durability: self.durability,
            segment_size: self.segment_size,
            keep_log: self.keep_log,
        }
    }
}
