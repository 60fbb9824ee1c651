//! The server: opening the data, serving, and the graceful shutdown.

#![warn(missing_docs)]

use std::future::Future;
use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::commands::buffers::Buffers;
use crate::commands::{Authentication, Counters, Service};
use crate::config::Config;
use crate::demo::{self, DemoError};
use crate::feed::{self, Feed};
use crate::import::{self, ImportError};
use crate::maintenance;
use crate::net::accept::accept;
use crate::net::admission::ConnectionLimits;
use crate::net::listener::Listener;
use crate::net::stop::ServerStop;
use crate::state::ticket_place::PlaceCipher;
use crate::state::{Context, Full, Records, Store};
use crate::storage::data_dir::{DataDir, DataDirError, Gone};
use crate::storage::journal::{Durability, Journal};
use crate::storage::log::{Failure, Log, LogExt};
use crate::storage::recovery::{self, RecoverError};
use crate::storage::snapshot::snapshotter::{Schedule, Snapshotter};
use crate::time::clock::Clock;
use crate::time::source::OsTime;
use crate::time::system_zone;
use crate::time::zone::Zone;

/// How long connections drain during a graceful shutdown. With the last sync of the journal, the shutdown
/// stays within the five seconds that supervisors usually grant.
const DRAIN_MAX: Duration = Duration::from_secs(3);

/// How long requests drain before watchers are shown the last changes, if some peer does not read its
/// replies. Requests are read for 200 ms at the most.
const REQUESTS_DRAIN_MAX: Duration = Duration::from_secs(1);

const _: () = assert!(REQUESTS_DRAIN_MAX.as_secs() < DRAIN_MAX.as_secs());

/// A shutdown that takes longer begins no sync except for acknowledged changes, so that after five seconds it
/// waits at most for a sync that has begun.
const SHUTDOWN_LATE_AFTER: Duration = Duration::from_secs(4);

const _: () = assert!(DRAIN_MAX.as_secs() < SHUTDOWN_LATE_AFTER.as_secs());

/// A step of the shutdown that takes longer is logged.
const SLOW_STEP_AFTER: Duration = Duration::from_secs(1);

/// Why the server cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The data directory cannot be opened.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The state cannot be recovered.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// The events of `--import` cannot be loaded.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The demo cannot be loaded.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// A thread that hashes passwords cannot be started.
    #[error("starting a thread that hashes passwords")]
    HashingThread(#[source] io::Error),
    /// The thread that makes snapshots cannot be started.
    #[error("starting the thread that makes snapshots")]
    Thread(#[source] io::Error),
}

/// Why the server stopped serving without being asked to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A write or a sync failed. No change that waited for it was acknowledged.
    #[error("{failure}; stopping, for nothing can be promised any more. {}", durability.what_is_kept())]
    Journal {
        /// The write or sync that failed.
        failure: Failure,
        /// The configured durability, from which follows what a crash may lose.
        durability: Durability,
    },
    /// The data directory was removed or replaced.
    #[error("{0}. Stopping: nothing is acknowledged any more")]
    DataDir(Gone),
}

impl ServeError {
    fn of_journal(failure: Failure, journal: &Journal) -> Self {
        Self::Journal { failure, durability: journal.durability() }
    }
}

/// A server with its recovered state, which has locked its data directory.
#[derive(Debug)]
pub struct Server {
    service: Arc<Service>,
    journal: Arc<Journal>,
    limits: ConnectionLimits,
    background_maintenance: bool,
    /// The last field: it is dropped, and unlocked, after the journal is closed.
    data_dir: Arc<DataDir>,
}

impl Server {
    /// Locks the data directory, recovers the state, and loads the events of [`Config::import`] and
    /// [`Config::demo`].
    ///
    /// # Errors
    ///
    /// [`OpenError`], if the directory is locked or corrupt, or if the events cannot be loaded.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        let import = config.import.as_deref().map(import::read).transpose()?;
        let zone = Zone::new(config.time_zone.unwrap_or_else(system_zone::of_process));
        let data_dir = DataDir::open(&config.data_dir)?;

        let disks = data_dir.disks();
        let place_cipher = PlaceCipher::new(data_dir.keep_ticket_key());
        let recovered = recovery::recover(&disks, &config.recovery(), data_dir.is_fresh(), || {
            Records::with_place_cipher(config.shards, place_cipher)
        })?;
        let time_source = config.time_source.clone().unwrap_or_else(|| Arc::new(OsTime));
        let clock = Arc::new(Clock::new(time_source, recovered.last_commit_micros));

        let journal = Arc::new(recovered.journal);
        let schedule = Schedule { every: config.snapshot_every, at_most_every: config.snapshot_interval_min };
        let snapshotter = Snapshotter::start(disks.snapshots, journal.clone(), recovered.snapshot, schedule);
        let counters = Counters {
            started: Instant::now(),
            connections: AtomicUsize::new(0),
            commands: AtomicU64::new(0),
        };
        let threads = tokio::runtime::Handle::current().metrics().num_workers();
        let feed = Feed::new(journal.clone(), data_dir.keep_feed_start(journal.appended()));
        let store = Store::new(recovered.state, config.limits, journal.clone(), clock.clone());
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let authentication = match store.has_accounts() {
            true => Authentication::required(processors, config.account_limits)
                .map_err(OpenError::HashingThread)?,
            false => Authentication::not_required(),
        };
        let service = Arc::new(Service {
            store,
            feed: feed.into(),
            snapshots: snapshotter.map_err(OpenError::Thread)?,
            clock,
            zone,
            instance: rand::random(),
            head: config.head.clone(),
            buffers: Buffers::new(config.max_buffers),
            backlogged_turns: Semaphore::new(threads.saturating_sub(1).max(1)),
            changes_turns: Semaphore::new(1),
            long_locks: Semaphore::new(1),
            counters,
            authentication,
        });
        let has_hours = service.store.totals(&mut Context::default()).counts.entries > 0;
        data_dir.keep_zone(service.zone.name(), has_hours)?;
        warn_of_exceeded_limits(&service.store);
        if let Some(events) = import {
            import::load(&events, &service.store).await?;
        }
        if config.demo {
            demo::load(&service).await?;
        }
        maintenance::end_due_holds(&service.store).await;
        let limits = ConnectionLimits {
            connections: config.max_connections,
            refusals: config.refusals,
            per_address: config.max_per_address,
            idle_timeout: config.idle_timeout,
        };
        let background_maintenance = config.background_maintenance;
        Ok(Self { service, journal, limits, background_maintenance, data_dir: data_dir.into() })
    }

    /// For benchmarks and tests, which execute requests without a connection.
    #[doc(hidden)]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Whether every connection has to authenticate: whether the server has accounts.
    pub fn requires_authentication(&self) -> bool {
        self.service.authentication.is_required()
    }

    /// Serves the connections of these listeners until `shutdown` completes. Then it drains the connections,
    /// makes all changes durable, and returns.
    ///
    /// # Errors
    ///
    /// [`ServeError`], if the journal fails or the data directory is removed. No change is acknowledged after
    /// that.
    pub async fn run(
        self,
        listeners: impl IntoIterator<Item: Into<Listener>>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let stopping = ServerStop::default();
        let connections = TaskTracker::new();
        let (store, is_maintained) = (self.service.store.clone(), self.background_maintenance);
        let maintenance = async move {
            if is_maintained {
                maintenance::run(store).await;
            }
        };
        let mut maintenance = AbortOnDropHandle::new(tokio::spawn(maintenance));
        let mut following = AbortOnDropHandle::new(tokio::spawn(feed::run(self.service.feed.clone())));
        let mut accepting = tokio::spawn(accept(
            listeners.into_iter().map(Into::into).collect(),
            self.service.clone(),
            self.limits,
            stopping.clone(),
            connections.clone(),
        ));
        tokio::select! {
            () = shutdown => {}
            failure = self.failed() => return Err(failure),
            // The task does not return: it ends only by a panic.
            _ = &mut accepting => crate::fatal("the task that accepts connections ended"),
            // It returns when the journal is closed, after a failure that is reported by itself.
            Err(_) = &mut maintenance => crate::fatal("the task that ends due holds panicked"),
            Err(_) = &mut following => crate::fatal("the task that follows the log panicked"),
        }

        let begun = Instant::now();
        stopping.begin();
        // Connections that wait for a snapshot would delay the shutdown.
        self.service.snapshots.give_up();
        connections.close();
        let _hurry = self.hurry_when_late();
        let slow_log = log_if_slow("its clients to read their last replies");
        tokio::select! {
            ended = tokio::time::timeout(DRAIN_MAX, self.drain(&stopping, maintenance, &connections)) => if ended.is_err() {
                tracing::warn!("{} connections did not read their last replies", connections.len());
            },
            failure = self.failed() => return Err(failure),
        }
        drop(slow_log);
        accepting.abort();
        // The file of a Unix socket is removed when its listener is dropped.
        let _ = accepting.await;
        // Blocks this thread: no other task needs it, and the system may allow no further thread.
        let slow_log = log_if_slow("a snapshot to be given up");
        self.service.snapshots.stop();
        drop(slow_log);
        let _slow_log = log_if_slow("the disk to sync the journal");
        self.journal.close().map_err(|failure| ServeError::of_journal(failure, &self.journal))?;
        if begun.elapsed() >= SHUTDOWN_LATE_AFTER {
            return Ok(());
        }
        if let Err(error) = self.data_dir.record_stop(self.journal.durable()) {
            let error = anyhow::Error::from(error);
            tracing::warn!("{error:#}: the next start cannot check where the journal ended");
        }
        Ok(())
    }

    /// Waits until all requests are replied to, and all watchers were shown the last changes.
    async fn drain(
        &self,
        stopping: &ServerStop,
        maintenance: AbortOnDropHandle<()>,
        connections: &TaskTracker,
    ) {
        // A peer that does not read its replies does not keep the last changes from others.
        let _ = tokio::time::timeout(REQUESTS_DRAIN_MAX, stopping.drained()).await;
        maintenance.abort();
        if !maintenance.is_finished() {
            // It is in the middle of a round. Nothing is appended after it.
            let _ = maintenance.await;
        }
        let end = self.journal.appended();
        self.journal.wait_durable(end).await;
        self.service.feed.end_after(end);
        connections.wait().await;
    }

    /// Shortens a late shutdown with a slow disk, until the handle is dropped.
    fn hurry_when_late(&self) -> AbortOnDropHandle<()> {
        let journal = self.journal.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            tokio::time::sleep(SHUTDOWN_LATE_AFTER).await;
            tracing::warn!(
                "stopping: the disk is slow. Acknowledged changes are synced and nothing else, so the next start reads the \
                 journal as after a crash"
            );
            journal.hurry();
        }))
    }

    /// Waits for a failure of the journal or the data directory.
    async fn failed(&self) -> ServeError {
        let failure = tokio::select! {
            failure = self.journal.failed() => failure,
            gone = self.data_dir.gone() => return ServeError::DataDir(gone),
        };
        // If the directory was removed, a write may fail first, but the directory is the cause to report.
        match self.data_dir.check_in_place() {
            Err(gone) => ServeError::DataDir(gone),
            Ok(()) => ServeError::of_journal(failure, &self.journal),
        }
    }
}

/// Logs the limits that the state exceeds: recovery does not check them.
fn warn_of_exceeded_limits(store: &Store) {
    for Full { what, limit, used, .. } in store.exceeded_limits() {
        tracing::warn!(
            "the data has {used} {what}, and at most {limit} are allowed (--max-{what}): all of it is served, and nothing \
             that adds to them is accepted"
        );
    }
}

/// Logs what the shutdown waits for, if the handle is not dropped soon.
fn log_if_slow(what: &'static str) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        tokio::time::sleep(SLOW_STEP_AFTER).await;
        tracing::info!("stopping: waiting for {what}");
    }))
}
