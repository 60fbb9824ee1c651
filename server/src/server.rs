//! From recovery to the last sync.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::clock::Clock;
use crate::commands::buffers::Buffers;
use crate::commands::{Counters, Service};
use crate::config::Config;
use crate::demo::DemoError;
use crate::import::{self, ImportError};
use crate::net::listener::{self, ConnectionLimits};
use crate::state::{Full, Records, Store};
use crate::storage::data_dir::{DataDir, DataDirError};
use crate::storage::journal::{self, Durability, Journal};
use crate::storage::recovery::{self, RecoverError};
use crate::storage::snapshot::snapshotter::{Schedule, Snapshotter};
use crate::{demo, time_zone};

/// When the server stops, connections have this long to take their last answers; with the journal's last sync
/// it stays within the five seconds in which a supervisor expects a stop.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// A stop that has taken so long begins no sync that is not for the sake of a change, so that within the five
/// seconds only one that is under way is left to wait for.
const LATE_AFTER: Duration = Duration::from_secs(4);

/// What a stop waits for longer than this is said in the log.
const SAY_AFTER: Duration = Duration::from_secs(1);

/// Why the server cannot start.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// What is in it.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// The events to import.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The events and calendars to play with.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The thread that makes snapshots could not be started.
    #[error("starting the thread that makes snapshots")]
    Thread(#[source] io::Error),
}

/// Why the server stopped serving, other than by being told to.
#[derive(Debug, Error)]
pub enum ServeError {
    /// A write or a sync failed: nobody who waited was told anything.
    #[error("{failure}; stopping, for nothing can be promised any more. {}", durability.what_is_kept())]
    Journal {
        /// What failed.
        failure: journal::Failure,
        /// What was promised.
        durability: Durability,
    },
    /// The data directory was taken away: what would be written there is lost.
    #[error("{0}. Stopping: nothing is acknowledged any more")]
    DataDir(Arc<DataDirError>),
}

impl ServeError {
    fn of_journal(failure: journal::Failure, journal: &Journal) -> Self {
        Self::Journal { failure, durability: journal.durability() }
    }
}

/// A server whose state is recovered and which holds its data directory.
#[derive(Debug)]
pub struct Server {
    service: Arc<Service>,
    limits: ConnectionLimits,
    /// Locked until the journal is closed: fields are dropped in this order.
    data_dir: Arc<DataDir>,
}

impl Server {
    /// Takes the data directory, recovers what is in it, and loads what `--import` and `--demo` ask for.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        let import = config.import.as_deref().map(import::read).transpose()?;
        let clock = Clock::new(config.time_zone.unwrap_or_else(time_zone::of_process));
        let data_dir = DataDir::open(&config.data_dir)?;

        let disks = data_dir.disks();
        let recovered = recovery::recover(&disks, &config.recovery(), data_dir.is_fresh(), || {
            Records::new(config.shards)
        })?;
        data_dir.keep_zone(clock.zone_name())?;

        let journal = Arc::new(recovered.journal);
        let schedule = Schedule { every: config.snapshot_every, at_most_every: config.snapshot_interval_min };
        let snapshotter = Snapshotter::start(disks.snapshots, journal.clone(), recovered.snapshot, schedule);
        let counters = Counters {
            started: Instant::now(),
            connections: AtomicUsize::new(0),
            commands: AtomicU64::new(0),
        };
        let threads = tokio::runtime::Handle::current().metrics().num_workers();
        let service = Arc::new(Service {
            store: Store::new(recovered.state, config.limits, journal),
            snapshots: snapshotter.map_err(OpenError::Thread)?,
            clock,
            head: config.head.clone(),
            buffers: Buffers::new(config.max_buffers),
            backlogged_turns: Semaphore::new(threads.saturating_sub(1).max(1)),
            counters,
        });
        warn_of_excess(&service.store);
        if let Some(events) = import {
            import::load(&events, &service.store).await?;
        }
        if config.demo {
            demo::load(&service).await?;
        }
        let limits = ConnectionLimits {
            connections: config.max_connections,
            refusals: config.refusals,
            per_address: config.max_per_address,
            idle_timeout: config.idle_timeout,
        };
        Ok(Self { service, limits, data_dir: data_dir.into() })
    }

    /// What every request can reach, for who executes requests without a connection.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Serves whoever connects to one of these listeners until `shutdown` is ready, then answers what has
    /// arrived, makes everything durable and returns.
    pub async fn run(
        self,
        listeners: impl IntoIterator<Item = TcpListener>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let stop = CancellationToken::new();
        let connections = TaskTracker::new();
        let mut accepting = tokio::spawn(listener::accept(
            listeners.into_iter().collect(),
            self.service.clone(),
            self.limits,
            stop.clone(),
            connections.clone(),
        ));
        tokio::select! {
            () = shutdown => {}
            failure = self.failed() => return Err(failure),
            // It goes on until it is stopped: only a panic ends it.
            _ = &mut accepting => crate::fatal("the task that accepts connections ended"),
        }

        let stopping = Instant::now();
        stop.cancel();
        // Connections that wait for a snapshot would keep the stop waiting.
        self.service.snapshots.give_up();
        connections.close();
        let _hurry = self.hurry_when_late();
        let waits = say_if_slow("its clients to take their last answers");
        tokio::select! {
            ended = tokio::time::timeout(STOP_WITHIN, connections.wait()) => if ended.is_err() {
                tracing::warn!("{} connections did not take their last answers", connections.len());
            },
            failure = self.failed() => return Err(failure),
        }
        drop(waits);
        accepting.abort();
        // Here and not on another thread, which at this point might not be had. Nobody else wants this one.
        let waits = say_if_slow("a snapshot to be given up");
        self.service.snapshots.stop();
        drop(waits);
        let _waits = say_if_slow("the disk to sync the journal");
        let journal = self.service.store.journal();
        journal.close().map_err(|failure| ServeError::of_journal(failure, journal))?;
        if stopping.elapsed() >= LATE_AFTER {
            return Ok(());
        }
        if let Err(error) = self.data_dir.record_stop(journal.durable()) {
            tracing::warn!("{error}: the next start cannot check where the journal ended");
        }
        Ok(())
    }

    /// Keeps a slow disk from drawing out the stop, from when it is late until this is dropped.
    fn hurry_when_late(&self) -> AbortOnDropHandle<()> {
        let service = self.service.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            tokio::time::sleep(LATE_AFTER).await;
            tracing::warn!(
                "stopping: the disk is slow. What is acknowledged is synced; nothing else is begun, so the next start \
                 reads the journal as after a crash"
            );
            service.store.journal().hurry();
        }))
    }

    /// Ready when nothing can be promised any more.
    async fn failed(&self) -> ServeError {
        let journal = self.service.store.journal();
        let failure = tokio::select! {
            failure = journal.failed() => failure,
            gone = self.data_dir.gone() => return ServeError::DataDir(gone),
        };
        // A write to a file that is gone fails first; the reason is the directory.
        match self.data_dir.check_in_place() {
            Err(gone) => ServeError::DataDir(gone.into()),
            Ok(()) => ServeError::of_journal(failure, journal),
        }
    }
}

/// Says in the log of what there is more than there may be: limits are not judged when the state is read.
fn warn_of_excess(store: &Store) {
    for Full { what, limit, used, .. } in store.exceeded_limits() {
        tracing::warn!(
            "the data has {used} {what}, and at most {limit} are allowed (--max-{what}): all of it is served, and nothing \
             that adds to them is accepted"
        );
    }
}

/// Says in the log what a stop waits for, if it has to wait for long, until this is dropped.
fn say_if_slow(what: &'static str) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        tokio::time::sleep(SAY_AFTER).await;
        tracing::info!("stopping: waiting for {what}");
    }))
}
