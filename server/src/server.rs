//! From recovery to the last sync.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use bookline_protocol::Id;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::data_dir::{DataDir, DataDirError};
use crate::execute::{Counters, Service};
use crate::import::{self, ImportError};
use crate::journal::{self, Journal, RealDisk};
use crate::settings::Settings;
use crate::store::{Records, Store};
use crate::{demo, listener};

/// When the server stops, connections have this long to take their last answers; with the journal's last sync it stays
/// within the five seconds in which a supervisor expects a stop.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// Why the server cannot start.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The journal in it.
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
    /// The events to import.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// `--hod` is no id.
    #[error("--hod {head:?} {error}")]
    Head {
        /// What was given.
        head: String,
        /// What is wrong with it.
        error: bookline_protocol::id::IdError,
    },
}

/// Why the server stopped serving, other than by being told to.
#[derive(Debug, Error)]
pub enum ServeError {
    /// A write or a sync failed: nobody who waited was told anything.
    #[error("{0}; stopping, for nothing can be promised any more. What was answered OK is on disk")]
    Journal(#[from] journal::Failure),
    /// The journal's threads could not be joined.
    #[error("stopping: {0}")]
    Stop(#[from] io::Error),
}

/// A server whose state is recovered and which holds its data directory.
#[derive(Debug)]
pub struct Server {
    service: Arc<Service>,
    max_connections: usize,
    /// Locked until the journal is closed: fields are dropped in this order.
    _data_dir: DataDir,
}

impl Server {
    /// Takes the data directory, replays its journal, and loads what `--import` and `--demo` ask for.
    pub async fn open(settings: &Settings) -> Result<Server, OpenError> {
        let head = Id::new(settings.hod.clone());
        let head = head.map_err(|error| OpenError::Head { head: settings.hod.clone(), error })?;
        let import = settings.import.as_deref().map(import::read).transpose()?;
        let clock = Clock::new(settings.time_zone);
        let data_dir = DataDir::open(&settings.data_dir)?;

        let started = Instant::now();
        let records = Records::new(settings.shards);
        let disk = Arc::new(RealDisk::new(data_dir.journal()));
        let base = journal::Base { snapshot: journal::Sequence(0), fresh: data_dir.is_fresh() };
        let options =
            journal::Options { durability: settings.durability, segment_size: settings.segment_size, base };
        let (journal, recovered) = Journal::open(disk, options, &mut |commit| records.replay(commit))?;
        report(&recovered, started.elapsed());
        data_dir.keep_zone(clock.zone_name())?;

        let counters = Counters {
            started: Instant::now(),
            connections: AtomicUsize::new(0),
            commands: AtomicU64::new(0),
        };
        let store = Store::new(records, journal);
        let service = Arc::new(Service { store, clock, head: head.into_owned(), counters });
        if let Some(events) = import {
            import::load(&events, &service.store).await?;
        }
        if settings.demo {
            demo::load(&service).await;
        }
        Ok(Server { service, max_connections: settings.max_connections, _data_dir: data_dir })
    }

    /// Serves whoever connects to `listener` until `shutdown` is ready, then answers what has arrived, makes
    /// everything durable and returns.
    pub async fn run(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let stop = CancellationToken::new();
        let connections = TaskTracker::new();
        let accepting = tokio::spawn(listener::accept(
            listener,
            self.service.clone(),
            self.max_connections,
            stop.clone(),
            connections.clone(),
        ));
        let journal = self.service.store.journal();
        tokio::select! {
            () = shutdown => {}
            failure = journal.failed() => return Err(failure.into()),
        }

        stop.cancel();
        connections.close();
        tokio::select! {
            ended = tokio::time::timeout(STOP_WITHIN, connections.wait()) => if ended.is_err() {
                tracing::warn!("{} connections did not take their last answers", connections.len());
            },
            failure = journal.failed() => return Err(failure.into()),
        }
        accepting.abort();
        let service = self.service.clone();
        let closed = tokio::task::spawn_blocking(move || service.store.journal().close());
        Ok(closed.await.map_err(io::Error::other)??)
    }
}

fn report(recovered: &journal::Recovered, took: Duration) {
    if let Some((file, offset)) = &recovered.cut {
        tracing::warn!(
            "the journal ended in a write that was never answered: {file} was cut at offset {offset}"
        );
    }
    tracing::info!(
        commits = recovered.commits,
        facts = recovered.facts,
        segments = recovered.segments,
        sequence = recovered.last.0,
        milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "journal read"
    );
}
