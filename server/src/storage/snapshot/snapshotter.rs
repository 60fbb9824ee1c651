//! The snapshotter: one thread that makes a snapshot when the journal has grown enough or on request, keeps
//! the newest two snapshots, and trims the journal by the older of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::compaction::compact_journal;
use super::history::History;
use super::read::{self, Snapshot};
use super::requests::{Made, Requests};
use super::write::Writer;
use super::{CORRUPT_SUFFIX, NEW, name};
use crate::codec::Sequence;
use crate::storage::journal::disk::Disk;
use crate::storage::journal::{Journal, segment};
use crate::storage::log::Log;
use crate::storage::snapshot::error::CompactionError;
pub use crate::storage::snapshot::error::NotMade;
use crate::storage::snapshot::error::SnapshotError;

/// The time between two checks whether a snapshot is due. The journal grows by tens of megabytes in it at
/// most.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Compaction pauses after this many bytes, so that commits have priority.
const BYTES_PER_PAUSE: u64 = 256 << 10;

/// A pause takes this many times as long as the work before it: compaction uses a quarter of the time.
const PAUSE_FACTOR: u32 = 3;

/// The longest pause, so that a disk that stalls does not delay compaction much longer.
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// The shortest time between an unsuccessful snapshot and the next that was not requested. By then the cause
/// may have disappeared.
const RETRY_AFTER_MIN: Duration = Duration::from_secs(5);

/// That time is also at least this many times as long as the unsuccessful snapshot took, so that retries use
/// 5% of the disk at most.
const RETRY_AFTER_FACTOR: u32 = 20;

/// The number of snapshots that are kept. If the newest one is corrupt, the other one and the journal since
/// replace it.
const SNAPSHOTS_KEPT: usize = 2;

/// When snapshots are made.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// A snapshot is due after this many bytes of journal.
    pub every: u64,
    /// The shortest time between the begin of two snapshots, requested or not.
    pub at_most_every: Duration,
}

/// The handle of the snapshotter's thread.
#[derive(Debug)]
pub struct Snapshotter {
    requests: Arc<Requests>,
    newest: Arc<AtomicU64>,
    history: Arc<History>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Snapshotter {
    /// Starts the thread. `disk` is the directory of the snapshots, and `newest` the sequence number of the
    /// newest one.
    ///
    /// # Errors
    ///
    /// The error of the system when the thread cannot be started.
    pub fn start(
        disk: Arc<dyn Disk>,
        journal: Arc<Journal>,
        newest: Sequence,
        schedule: Schedule,
    ) -> std::io::Result<Self> {
        let requests = Arc::new(Requests::default());
        let newest = Arc::new(AtomicU64::new(newest.0));
        let history = Arc::new(History::default());
        let worker = Worker {
            disk,
            journal,
            schedule,
            compacted: 0,
            requests: requests.clone(),
            newest: newest.clone(),
            history: history.clone(),
            earliest: Instant::now(),
            unsuccessful: None,
        };
        let guarded = move || {
            // Without the thread, requests would wait forever and the journal would grow forever.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| worker.run()));
            result.unwrap_or_else(|_| crate::fatal("the thread that makes snapshots panicked"));
        };
        let thread = std::thread::Builder::new().name("snapshots".into()).spawn(guarded)?;
        Ok(Self { requests, newest, history, thread: Some(thread).into() })
    }

    /// Requests a snapshot, and waits for it. It begins after the request, so it holds everything that is
    /// durable now. To drop the future cancels the request.
    ///
    /// # Errors
    ///
    /// [`NotMade`] if the snapshot fails or the server stops.
    pub async fn make(&self) -> Result<Made, NotMade> {
        self.requests.push()?.await.unwrap_or(Err(NotMade::Stopping))
    }

    /// The sequence number of the newest snapshot.
    pub fn newest(&self) -> Sequence {
        Sequence(self.newest.load(Ordering::Relaxed))
    }

    /// The snapshots since the start.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Refuses further requests, fails those that wait, and cancels a snapshot that is being made. Does not
    /// wait for the thread.
    pub fn give_up(&self) {
        self.requests.stop();
    }

    /// Cancels a snapshot that is being made, and waits for the end of the thread.
    pub fn stop(&self) {
        self.give_up();
        let thread = self.thread.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(thread) = thread {
            // A panic in the thread has ended the process.
            let _ = thread.join();
        }
    }
}

impl Drop for Snapshotter {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The snapshotter's thread.
struct Worker {
    disk: Arc<dyn Disk>,
    journal: Arc<Journal>,
    schedule: Schedule,
    /// The value of [`Journal::bytes`] up to which the newest snapshot holds the journal.
    compacted: u64,
    requests: Arc<Requests>,
    /// The sequence number of the newest snapshot.
    newest: Arc<AtomicU64>,
    history: Arc<History>,
    /// The earliest time at which the next snapshot begins.
    earliest: Instant,
    /// The last snapshot, if it was unsuccessful.
    unsuccessful: Option<Unsuccessful>,
}

/// A snapshot that failed, or that made no segment recyclable when space was short.
struct Unsuccessful {
    sequence: Sequence,
    /// The earliest time of the next snapshot that was not requested.
    retry: Instant,
}

/// The result of writing a snapshot.
struct Written {
    /// Its length in bytes.
    bytes: u64,
    /// Whether it was written now, or existed already.
    new: bool,
    /// The number of segments that the journal does not need any more.
    freed: usize,
}

impl Worker {
    fn run(mut self) {
        if let Err(e) = self.retain(SNAPSHOTS_KEPT)
            && !matches!(e, CompactionError::Stopped)
        {
            self.report(&e, "snapshots could not be tidied up");
        }
        while let Some(requests) = self.requests.next(self.earliest, CHECK_INTERVAL) {
            if requests.is_empty() && !self.is_due() {
                continue;
            }
            let result = self.make();
            for request in requests {
                // The receiver may have been dropped.
                let _ = request.send(result.clone());
            }
        }
    }

    /// Whether a snapshot is due without a request.
    fn is_due(&self) -> bool {
        let has_grown = self.journal.bytes() - self.compacted >= self.schedule.every;
        let wanted = self.journal.wants_snapshot();
        match &self.unsuccessful {
            Some(last) if Instant::now() < last.retry => wanted && self.journal.durable() > last.sequence,
            _ => has_grown || wanted,
        }
    }

    fn make(&mut self) -> Result<Made, NotMade> {
        let started = Instant::now();
        self.earliest = started + self.schedule.at_most_every;
        // The bytes are read before the sequence number, so that bytes written in between count for the next
        // snapshot.
        let bytes_before = self.journal.bytes();
        let sequence = self.journal.durable();
        let short = self.journal.wants_snapshot();
        let written = self.write(sequence, short);
        let took = started.elapsed();
        let retry_after = RETRY_AFTER_MIN.max(took * RETRY_AFTER_FACTOR);
        let unsuccessful = || Unsuccessful { sequence, retry: Instant::now() + retry_after };
        let result = match written {
            Ok(Written { bytes, new, freed }) => {
                if new {
                    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(sequence = sequence.0, bytes, milliseconds, "snapshot made");
                }
                self.history.note_made(bytes, took);
                self.compacted = bytes_before;
                self.journal.snapshot_made(bytes, bytes_before);
                self.unsuccessful = (short && freed == 0).then(unsuccessful);
                Ok(Made { sequence, bytes, took })
            }
            Err(CompactionError::Stopped) => Err(NotMade::Stopping),
            Err(e) => {
                self.history.note_failure();
                self.unsuccessful = Some(unsuccessful());
                self.report(&e, "no snapshot could be made, the journal keeps growing");
                Err(NotMade::Failed(format!("{:#}", anyhow::Error::from(e))))
            }
        };
        if short {
            self.journal.snapshot_tried();
        }
        result
    }

    /// Fails the journal if the directory could not be synced: the next sync would succeed although names are
    /// not on disk, and the journal would be trimmed by them. Other errors are logged, because the journal
    /// has all changes.
    fn report(&self, error: &CompactionError, what: &str) {
        if let CompactionError::Directory(error) = error {
            self.journal.fail("syncing", "the directory of the snapshots", error);
            self.requests.stop();
        } else {
            tracing::warn!("{what}: {error}");
        }
    }

    /// Called before each sync, so that a stop waits for one sync at most.
    fn check_stop(&self) -> Result<(), CompactionError> {
        if self.requests.stopping() { Err(CompactionError::Stopped) } else { Ok(()) }
    }

    fn sync_directory(&self) -> Result<(), CompactionError> {
        self.disk.sync().map_err(CompactionError::Directory)
    }

    /// Writes the snapshot of `sequence`, unless it exists, and removes what is not needed any more.
    ///
    /// If space is `short`, one snapshot is kept instead of two: first the previous one, once it was
    /// verified, so that the segments that only an older one needs make space for the new one. If that frees
    /// no segment, only the new one is kept, once it was verified.
    fn write(&self, sequence: Sequence, short: bool) -> Result<Written, CompactionError> {
        let previous = self.newest_valid()?;
        let freed = if short { self.retain(1)? } else { 0 };
        if let Some(existing) = previous.as_ref().filter(|previous| previous.sequence() == sequence) {
            return Ok(Written { bytes: existing.bytes()?, new: false, freed });
        }
        let bytes = self.compact(previous.as_ref(), sequence).inspect_err(|_| {
            // The incomplete file takes up space.
            let _ = self.disk.remove(NEW);
        })?;
        self.newest.store(sequence.0, Ordering::Relaxed);
        if !short || freed > 0 {
            return Ok(Written { bytes, new: true, freed: freed + self.retain(SNAPSHOTS_KEPT)? });
        }
        Snapshot::open(&*self.disk, sequence)?.verify()?;
        Ok(Written { bytes, new: true, freed: self.retain(1)? })
    }

    /// The newest valid snapshot. Quarantines a corrupt one, if an older one or the complete journal replaces
    /// it.
    fn newest_valid(&self) -> Result<Option<Snapshot>, CompactionError> {
        let NewestValid { snapshot, errors } = find_newest_valid(&*self.disk)?;
        let complete_journal = segment::list(self.journal.disk())?.first() == Some(&Sequence(1));
        for error in errors {
            // A snapshot that is not corrupt, or that nothing replaces, stays in place for the operator.
            if !error.is_corruption() || (snapshot.is_none() && !complete_journal) {
                return Err(error.into());
            }
            tracing::warn!("{error}; it is quarantined, and the next one is made from what is before it");
            quarantine(&error, &*self.disk)?;
            self.sync_directory()?;
        }
        Ok(snapshot)
    }

    fn compact(&self, previous: Option<&Snapshot>, sequence: Sequence) -> Result<u64, CompactionError> {
        let stopping = || self.requests.stopping();
        let writer = Writer::new(&*self.disk, sequence, &stopping)?;
        let mut throttle = throttle(stopping);
        compact_journal(previous, self.journal.disk(), writer, sequence, &mut throttle)
    }

    /// Keeps the newest `count` snapshots and trims the journal by the oldest of them. Returns the number of
    /// segments that the journal does not need any more.
    fn retain(&self, count: usize) -> Result<usize, CompactionError> {
        let snapshots = read::list(&*self.disk)?;
        for &old in snapshots.iter().skip(count) {
            self.disk.remove(&name(old))?;
        }
        let Some(&oldest) = snapshots.get(count - 1) else { return Ok(0) };
        self.check_stop()?;
        self.sync_directory()?;
        self.check_stop()?;
        Ok(self.journal.trim(oldest)?)
    }
}

/// A throttle that pauses regularly, and fails with [`CompactionError::Stopped`] once `is_stopping` returns
/// true.
pub fn throttle(is_stopping: impl Fn() -> bool) -> impl FnMut(u64) -> Result<(), CompactionError> {
    let (mut done, mut since) = (0, Instant::now());
    move |bytes| {
        done += bytes;
        if done >= BYTES_PER_PAUSE {
            if is_stopping() {
                return Err(CompactionError::Stopped);
            }
            std::thread::sleep((since.elapsed() * PAUSE_FACTOR).min(PAUSE_MAX));
            (done, since) = (0, Instant::now());
        }
        Ok(())
    }
}

/// Renames a corrupt snapshot, so that it is not used any more and can be examined. Durable after a sync of
/// the directory.
///
/// # Errors
///
/// An error of the disk.
pub fn quarantine(corrupt: &SnapshotError, disk: &dyn Disk) -> std::io::Result<()> {
    disk.rename(&corrupt.file, &format!("{}{CORRUPT_SUFFIX}", corrupt.file))
}

/// The newest valid snapshot, and why newer ones were skipped.
#[derive(Debug, Default)]
pub struct NewestValid {
    /// The newest valid snapshot, if there is one.
    pub snapshot: Option<Snapshot>,
    /// The errors of newer snapshots.
    pub errors: Vec<SnapshotError>,
}

/// Finds the newest valid snapshot among the newest two.
///
/// # Errors
///
/// An error of the disk when it lists its files.
pub fn find_newest_valid(disk: &dyn Disk) -> std::io::Result<NewestValid> {
    let mut found = NewestValid::default();
    for sequence in read::list(disk)?.into_iter().take(2) {
        match Snapshot::open(disk, sequence).and_then(|s| s.verify().map(|_| s)) {
            Ok(snapshot) => {
                found.snapshot = Some(snapshot);
                break;
            }
            Err(error) => found.errors.push(error),
        }
    }
    Ok(found)
}
