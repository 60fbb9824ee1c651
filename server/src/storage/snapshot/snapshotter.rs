//! The snapshotter: one thread that makes snapshots when there is enough to compaction or somebody asks, keeps the newest two,
//! and lets the journal drop what the older of them holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::compaction::compact;
use super::read::{self, Snapshot};
use super::requests::{Made, Requests};
use super::write::Writer;
use super::{CORRUPT_SUFFIX, NEW, name};
use crate::codec::Sequence;
use crate::storage::journal::disk::Disk;
use crate::storage::journal::{Journal, segment};
use crate::storage::snapshot::error::BadSnapshot;
use crate::storage::snapshot::error::CompactionError;
pub use crate::storage::snapshot::error::NotMade;

/// How often the snapshotter looks whether there is enough to compaction. The journal grows by tens of megabytes in this time at
/// the most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Folding works for so many bytes, then rests as long as that took, [`REST`] times: commits come first.
const BREATH: u64 = 256 << 10;

/// Of its time, compaction rests three quarters.
const REST: u32 = 3;

/// Rests are no longer than this, so that a disk that stalls does not stall compaction for much longer.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// After one that came to nothing, the next that nobody asked for is tried after this time, or after this many times
/// the time that it took: what was in its way may be gone, and the disk has others to serve.
const RETRY: Duration = Duration::from_secs(5);
const RETRY_TIMES: u32 = 20;

/// When snapshots are made.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// After so many bytes of journal.
    pub every: u64,
    /// Not more often than this, whoever asks.
    pub at_most_every: Duration,
}

/// The handle of the snapshotter's thread.
#[derive(Debug)]
pub struct Snapshotter {
    requests: Arc<Requests>,
    newest: Arc<AtomicU64>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Snapshotter {
    /// Starts the snapshotter of the snapshots on `disk`, the newest of which is `newest`.
    pub fn start(
        disk: Arc<dyn Disk>,
        journal: Arc<Journal>,
        newest: Sequence,
        schedule: Schedule,
    ) -> std::io::Result<Self> {
        let requests = Arc::new(Requests::default());
        let newest = Arc::new(AtomicU64::new(newest.0));
        let work = Work {
            disk,
            journal,
            schedule,
            compacted: 0,
            requests: requests.clone(),
            shown: newest.clone(),
            earliest: Instant::now(),
            vain: None,
        };
        let guarded = move || {
            // Those who ask would wait for ever, and the journal would grow for ever.
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work.run()));
            ended.unwrap_or_else(|_| crate::fatal("the thread that makes snapshots panicked"));
        };
        let thread = std::thread::Builder::new().name("snapshots".into()).spawn(guarded)?;
        Ok(Self { requests, newest, thread: Some(thread).into() })
    }

    /// Waits for the next snapshot that is begun: it has everything that is durable now. To drop this takes the request
    /// back.
    pub async fn make(&self) -> Result<Made, NotMade> {
        self.requests.ask()?.await.unwrap_or(Err(NotMade::Stopping))
    }

    /// The last commit of the newest snapshot.
    pub fn newest(&self) -> Sequence {
        Sequence(self.newest.load(Ordering::Relaxed))
    }

    /// From now on no snapshot is made; one in the making is given up, and all who wait are told. Returns at once.
    pub fn give_up(&self) {
        self.requests.stop();
    }

    /// Gives up a snapshot in the making and ends the thread.
    pub fn stop(&self) {
        self.give_up();
        let thread = self.thread.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(thread) = thread {
            // A panic has ended the process already.
            let _ = thread.join();
        }
    }
}

impl Drop for Snapshotter {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The thread's side.
struct Work {
    disk: Arc<dyn Disk>,
    journal: Arc<Journal>,
    schedule: Schedule,
    /// Bytes of the journal that the newest snapshot holds, of those that the journal counts.
    compacted: u64,
    requests: Arc<Requests>,
    shown: Arc<AtomicU64>,
    /// No snapshot is begun before.
    earliest: Instant,
    /// Behind one that came to nothing.
    vain: Option<Vain>,
}

/// A snapshot that failed, or that set nothing free where space is short.
struct Vain {
    /// Of this sequence.
    sequence: Sequence,
    /// Another one that nobody asks for is not begun before.
    retry: Instant,
}

/// A snapshot of a sequence.
struct Written {
    bytes: u64,
    /// False when it was there already.
    new: bool,
    /// Segments of the journal that are not needed any more.
    freed: usize,
}

/// Snapshots that are kept: should the newest be corrupt, the other one and the journal behind it stand in for it.
const KEPT: usize = 2;

impl Work {
    fn run(mut self) {
        if let Err(e) = self.keep(KEPT)
            && !matches!(e, CompactionError::Stopped)
        {
            self.failed(&e, "snapshots could not be tidied up");
        }
        while let Some(clients) = self.requests.next(self.earliest, LOOK_EVERY) {
            if clients.is_empty() && !self.is_due() {
                continue;
            }
            let made = self.make();
            for client in clients {
                // Whoever asked may have gone.
                let _ = client.send(made.clone());
            }
        }
    }

    /// Is one to be made although nobody asks?
    fn is_due(&self) -> bool {
        let has_grown = self.journal.bytes() - self.compacted >= self.schedule.every;
        let wanted = self.journal.wants_snapshot();
        match &self.vain {
            Some(vain) if Instant::now() < vain.retry => wanted && self.journal.durable() > vain.sequence,
            _ => has_grown || wanted,
        }
    }

    fn make(&mut self) -> Result<Made, NotMade> {
        let started = Instant::now();
        self.earliest = started + self.schedule.at_most_every;
        // Bytes first: what comes between the two counts for the next snapshot.
        let bytes_before = self.journal.bytes();
        let sequence = self.journal.durable();
        let short = self.journal.wants_snapshot();
        let written = self.write(sequence, short);
        let took = started.elapsed();
        let vain = || Vain { sequence, retry: Instant::now() + RETRY.max(took * RETRY_TIMES) };
        let made = match written {
            Ok(Written { bytes, new, freed }) => {
                if new {
                    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(sequence = sequence.0, bytes, milliseconds, "snapshot made");
                }
                self.compacted = bytes_before;
                self.journal.snapshot_made(bytes, bytes_before);
                self.vain = (short && freed == 0).then(vain);
                Ok(Made { sequence, bytes, took })
            }
            Err(CompactionError::Stopped) => Err(NotMade::Stopping),
            Err(e) => {
                self.vain = Some(vain());
                self.failed(&e, "no snapshot could be made, the journal goes on growing");
                Err(NotMade::Failed(e.to_string()))
            }
        };
        if short {
            self.journal.snapshot_tried();
        }
        made
    }

    /// A failed sync of the directory is not tried again: the next one would succeed over names that are not on disk,
    /// and the journal would be trimmed by them. Whatever else failed, the journal has everything.
    fn failed(&self, error: &CompactionError, what: &str) {
        if let CompactionError::Directory(error) = error {
            self.journal.fail("syncing", "the directory of the snapshots", error);
            self.requests.stop();
        } else {
            tracing::warn!("{what}: {error}");
        }
    }

    /// A stop waits for one sync at most.
    fn check_stop(&self) -> Result<(), CompactionError> {
        if self.requests.stopping() { Err(CompactionError::Stopped) } else { Ok(()) }
    }

    fn sync_directory(&self) -> Result<(), CompactionError> {
        self.disk.sync().map_err(CompactionError::Directory)
    }

    /// Writes the snapshot of `sequence`, unless it is there, and drops what is not needed any more. Where space is
    /// `short`, the one before is enough by itself once it was read and found whole: what only the one before that needs
    /// makes space for the new one. If that sets nothing free, the new one has to be enough by itself.
    fn write(&self, sequence: Sequence, short: bool) -> Result<Written, CompactionError> {
        let before = self.usable()?;
        let freed = if short { self.keep(1)? } else { 0 };
        if let Some(before) = before.as_ref().filter(|before| before.sequence() == sequence) {
            return Ok(Written { bytes: before.bytes()?, new: false, freed });
        }
        let bytes = self.compact(before.as_ref(), sequence).inspect_err(|_| {
            // Half of a snapshot is of no use, and its room is wanted.
            let _ = self.disk.remove(NEW);
        })?;
        self.shown.store(sequence.0, Ordering::Relaxed);
        if !short || freed > 0 {
            return Ok(Written { bytes, new: true, freed: freed + self.keep(KEPT)? });
        }
        Snapshot::open(&*self.disk, sequence)?.verify()?;
        Ok(Written { bytes, new: true, freed: self.keep(1)? })
    }

    /// The newest whole snapshot. A corrupt one is quarantined if something stands in for it.
    fn usable(&self) -> Result<Option<Snapshot>, CompactionError> {
        let Usable { snapshot, bad } = find_usable(&*self.disk)?;
        let whole_journal = segment::list(self.journal.disk())?.first() == Some(&Sequence(1));
        for bad in bad {
            // Not corrupt, or with nothing to stand in for it: people have to look at it first.
            if !bad.is_corruption() || (snapshot.is_none() && !whole_journal) {
                return Err(bad.into());
            }
            tracing::warn!("{bad}; it is quarantined, and the next one is made from what is before it");
            quarantine(&bad, &*self.disk)?;
            self.sync_directory()?;
        }
        Ok(snapshot)
    }

    fn compact(&self, before: Option<&Snapshot>, sequence: Sequence) -> Result<u64, CompactionError> {
        let stopping = || self.requests.stopping();
        let writer = Writer::new(&*self.disk, sequence, &stopping)?;
        let mut throttle = throttle(stopping);
        compact(before, self.journal.disk(), writer, sequence, &mut throttle)
    }

    /// Keeps the newest `count` snapshots and what of the journal is behind the oldest of them. Says how many segments
    /// are not needed any more.
    fn keep(&self, count: usize) -> Result<usize, CompactionError> {
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

/// Rests now and then, until it is over.
pub fn throttle(is_over: impl Fn() -> bool) -> impl FnMut(u64) -> Result<(), CompactionError> {
    let (mut done, mut since) = (0, Instant::now());
    move |bytes| {
        done += bytes;
        if done >= BREATH {
            if is_over() {
                return Err(CompactionError::Stopped);
            }
            std::thread::sleep((since.elapsed() * REST).min(LONGEST_REST));
            (done, since) = (0, Instant::now());
        }
        Ok(())
    }
}

/// Takes a corrupt snapshot from among those that count; it stays for people to look at. Durable after a sync of the
/// directory.
pub fn quarantine(bad: &BadSnapshot, disk: &dyn Disk) -> std::io::Result<()> {
    disk.rename(&bad.file, &format!("{}{CORRUPT_SUFFIX}", bad.file))
}

/// Which snapshot a start can build on, and what was found wrong on the way to it.
#[derive(Debug, Default)]
pub struct Usable {
    /// The newest whole one.
    pub snapshot: Option<Snapshot>,
    /// Those that are not.
    pub bad: Vec<BadSnapshot>,
}

/// Finds the newest whole snapshot among the newest two.
pub fn find_usable(disk: &dyn Disk) -> std::io::Result<Usable> {
    let mut usable = Usable::default();
    for sequence in read::list(disk)?.into_iter().take(2) {
        match Snapshot::open(disk, sequence).and_then(|s| s.verify().map(|_| s)) {
            Ok(snapshot) => {
                usable.snapshot = Some(snapshot);
                break;
            }
            Err(bad) => usable.bad.push(bad),
        }
    }
    Ok(usable)
}
