//! The server: opening the data, serving, and the graceful shutdown.

#![warn(missing_docs)]

#[cfg(feature = "cluster")]
mod member;
mod new_service;
mod serving;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

#[cfg(feature = "cluster")]
pub use member::{BriefLeader, ClusterError, ClusterServer, NewCluster, NoLead};

use crate::commands::{Authentication, Counters, CurrentService, Service};
use crate::config::Config;
use crate::demo::{self, DemoError};
use crate::feed::Feed;
use crate::import::{self, ImportError};
use crate::maintenance;
use crate::net::admission::ConnectionLimits;
use crate::net::listener::Listener;
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
use new_service::{Parts, connection_limits, processors};
use serving::{DRAIN_MAX, Serving};

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
        let feed = Feed::new(journal.clone(), data_dir.keep_feed_start(journal.appended()));
        let store = Store::new(recovered.state, config.limits, journal.clone(), clock.clone());
        let authentication = match store.has_accounts() {
            true => Authentication::required(processors(), config.account_limits)
                .map_err(OpenError::HashingThread)?,
            false => Authentication::not_required(),
        };
        let snapshots = Some(snapshotter.map_err(OpenError::Thread)?);
        let counters = Arc::new(Counters::new(config.max_connections));
        let parts = Parts { store, snapshots, feed, clock, zone, authentication, cluster: None, counters };
        let service = Arc::new(parts.service(config));
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
        let limits = connection_limits(config);
        let background_maintenance = config.background_maintenance;
        Ok(Self { service, journal, limits, background_maintenance, data_dir: data_dir.into() })
    }

    /// For benchmarks and tests, which execute requests without a connection.
    #[doc(hidden)]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// The service, which stays the same.
    #[doc(hidden)]
    pub fn current_service(&self) -> CurrentService {
        watch::Sender::new(self.service.clone()).subscribe()
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
        let listeners = listeners.into_iter().map(Into::into).collect();
        let mut serving =
            Serving::start(self.service.clone(), listeners, self.limits, self.background_maintenance);
        tokio::select! {
            () = shutdown => {}
            failure = self.failed() => return Err(failure),
            never = serving.supervise() => match never {},
        }

        let begun = Instant::now();
        serving.begin_stop();
        let _hurry = self.hurry_when_late();
        let slow_log = log_if_slow("its clients to read their last replies");
        tokio::select! {
            () = serving.drain() => {}
            failure = self.failed() => return Err(failure),
        }
        drop(slow_log);
        // The file of a Unix socket is removed when its listener is dropped.
        serving.end().await;
        // Blocks this thread: no other task needs it, and the system may allow no further thread.
        let slow_log = log_if_slow("a snapshot to be given up");
        if let Some(snapshots) = &self.service.snapshots {
            snapshots.stop();
        }
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
