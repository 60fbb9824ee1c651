//! A state of a member, from an empty one on.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::cluster_error::ClusterError;
use super::service_replica::ServiceReplica;
use super::snapshots::{self, MemberSnapshots, Source};
use crate::cluster::{ClusterConfig, CurrentMember, Membership, SnapshotRequests};
use crate::commands::{Authentication, Counters, Service};
use crate::config::Config;
use crate::feed::Feed;
use crate::server::new_service::{Parts, processors};
use crate::state::ticket_place::PlaceCipher;
use crate::state::{Records, Store};
use crate::storage::data_dir::DataDir;
use crate::storage::log::Log;
use crate::storage::replicated::cluster_id::ClusterId;
use crate::storage::replicated::genesis::Genesis;
use crate::storage::replicated::log::{Driver, End, ReplicatedLog};
use crate::storage::replicated::member::Settings;
use crate::storage::replicated::nats::NatsStream;
use crate::storage::replicated::snapshot::LocalSnapshots;
use crate::storage::replicated::stream_sequence::StreamSequence;
use crate::storage::snapshot::history::History;
use crate::storage::snapshot::snapshotter::Schedule;
use crate::time::clock::Clock;
use crate::time::source::OsTime;
use crate::time::zone::Zone;

/// A takeover is tried up to so much later than after a lease, so that two standbys seldom try at once.
const JITTER_MAX: Duration = Duration::from_millis(300);

/// How long the driver may take to end after its log was closed: the second in which it waits for the
/// stream, and a last append.
const DRIVER_END_MAX: Duration = Duration::from_secs(2);

/// The time after which it is logged that the log is still read, each time.
const CATCH_UP_LOGGED_AFTER: Duration = Duration::from_secs(10);

/// A state from an empty one on, until this server is deposed.
#[derive(Debug)]
pub(super) struct Generation {
    pub service: Arc<Service>,
    pub log: Arc<ReplicatedLog>,
    /// The snapshots that this server has made since its start.
    pub made: Arc<History>,
    driver: JoinHandle<End>,
    /// None when another generation is to follow.
    snapshots: Option<MemberSnapshots>,
}

/// What a generation knows of the one before it.
#[derive(Debug)]
pub(super) struct Before {
    /// Of all generations.
    pub counters: Arc<Counters>,
    /// The snapshots that all of them have made.
    pub made: Arc<History>,
    /// The cluster is known to have accounts.
    pub has_accounts: bool,
    /// The term that this server has just resigned, if it has.
    pub resigned: Option<u32>,
}

impl Generation {
    /// Begins with the newest snapshot or an empty state, to which the driver applies the stream.
    pub async fn start(
        config: &Config,
        cluster: &ClusterConfig,
        zone: &Zone,
        stream: &Arc<NatsStream>,
        data_dir: &DataDir,
        runtime: &Handle,
        before: Before,
    ) -> Result<Self, ClusterError> {
        let id = stream.id();
        let genesis = Genesis {
            cluster: id.to_string(),
            time_zone: zone.name().to_owned(),
            head: config.head.as_str().to_owned(),
            lease_milliseconds: u64::try_from(cluster.lease.as_millis()).unwrap_or(u64::MAX),
            snapshot: None,
        };
        let disks = data_dir.disks();
        let local = LocalSnapshots::new(disks.snapshots);
        let records = Records::with_place_cipher(config.shards, place_cipher(id));
        let (records, start) = snapshots::begin(stream, &local, &genesis, records).await?;
        let first = start.position.commit;
        let (salt, frame_bytes_max) = (id.salt(), stream.frame_bytes_max());
        let log = ReplicatedLog::new(stream.clone(), salt, frame_bytes_max, runtime.clone(), start);
        let log = Arc::new(log);
        let time_source = config.time_source.clone().unwrap_or_else(|| Arc::new(OsTime));
        let clock = Arc::new(Clock::new(time_source, None));
        let requests = Arc::new(SnapshotRequests::new(before.made.clone()));
        let membership = Membership {
            name: cluster.nats.cluster.to_string(),
            log: log.clone(),
            snapshots: requests.clone(),
            lease: cluster.lease,
            read_barrier: cluster.read_barrier,
            timeout: cluster.timeout,
        };
        let parts = Parts {
            store: Store::new(records, config.limits, log.clone(), clock.clone()),
            snapshots: None,
            feed: Feed::new(log.clone(), first),
            clock,
            zone: *zone,
            authentication: Authentication::of_member(processors(), config.account_limits)
                .map_err(ClusterError::Thread)?,
            cluster: Some(membership),
            counters: before.counters.clone(),
        };
        let service = Arc::new(parts.service(config));
        if before.has_accounts || service.store.has_accounts() {
            service.authentication.require();
        }
        let seen = data_dir.seen_by_member()?;
        let settings = Settings {
            lease: cluster.lease,
            jitter: rand::random_range(Duration::ZERO..JITTER_MAX),
            salt: id.salt(),
            nonce: rand::random(),
            advertise: cluster.advertise.as_str().into(),
            seen: StreamSequence(seen.as_ref().map_or(0, |seen| seen.message)),
            resigned: before.resigned,
            genesis: genesis.to_payload().into(),
            planted: None,
        };
        let replica = ServiceReplica::new(service.clone(), genesis, disks.root, seen);
        let driver = Driver::new(&log, stream.clone(), replica, settings, cluster.timeout);
        let snapshots = MemberSnapshots::start(Source {
            stream: stream.clone(),
            log: log.clone(),
            requests,
            local,
            runtime: runtime.clone(),
            member: cluster.advertise.clone(),
            schedule: Schedule { every: config.snapshot_every, at_most_every: config.snapshot_interval_min },
            keep_log: config.keep_log,
        });
        let driver = runtime.spawn(driver.run());
        Ok(Self { service, log, made: before.made, driver, snapshots: Some(snapshots) })
    }

    /// Waits until everything was applied that the stream was known to have.
    ///
    /// # Errors
    ///
    /// The end of this generation.
    pub async fn catch_up(&mut self) -> Result<(), End> {
        let mut current = std::pin::pin!(self.log.current());
        loop {
            tokio::select! {
                () = &mut current => return Ok(()),
                end = Self::end_of(&mut self.driver) => return Err(end),
                () = sleep(CATCH_UP_LOGGED_AFTER) => {
                    let commits = self.log.appended().0;
                    tracing::info!(commits, "reading the log of the cluster: it is not served yet");
                }
            }
        }
    }

    /// Gives the directory of the snapshots up to the next generation.
    pub fn end_snapshots(&mut self) {
        self.snapshots = None;
    }

    pub fn current_member(&self) -> CurrentMember {
        CurrentMember { log: self.log.clone(), instance: self.service.instance }
    }

    /// Resigns, if this server leads, so that a standby need not wait for a lease, and ends.
    pub async fn end(&mut self) {
        self.log.resign();
        // It has no failure: why the driver ends does not matter any more.
        let _ = self.log.close();
        let _ = timeout(DRIVER_END_MAX, self.ended()).await;
    }

    pub async fn ended(&mut self) -> End {
        Self::end_of(&mut self.driver).await
    }

    pub async fn end_of(driver: &mut JoinHandle<End>) -> End {
        driver.await.unwrap_or_else(|_| crate::fatal("the task that follows the cluster's log panicked"))
    }
}

/// The key of the places in ticket ids: the same for all members, and for nobody who does not know the id of
/// the cluster.
fn place_cipher(id: ClusterId) -> PlaceCipher {
    let hash = Sha256::digest(format!("places in ticket ids of the cluster {id}"));
    let (key, _) = hash.split_first_chunk::<16>().expect("a hash of 32 bytes");
    PlaceCipher::new(*key)
}
