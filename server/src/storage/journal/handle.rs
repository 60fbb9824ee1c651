//! The handle of the journal: append, wait, close.

use std::io;
use std::sync::Arc;
use std::task::{Poll, Waker};

use tokio::sync::watch;

use super::commit_reader::SegmentReader;
use super::commits::read_commits;
use super::committer::{self, Committer};
use super::disk::Disk;
use super::durability::Durability;
use super::error::OpenError;
use super::replay::{self, Base, Recovered};
use super::space::Space;
use super::state::{DIRECTORY, Preallocated, Shared, State};
use super::tail::Tail;
use super::{preallocation, segment};
use crate::changes::Change;
use crate::changes::commit::Commit;
use crate::codec::Sequence;
use crate::domain::Contradiction;
use crate::domain::account::Actor;
use crate::storage::log::{AppendError, Appended, CommitReader, Failure, Log, Recent};
use crate::storage::recent::RecentCommits;
use crate::storage::statistics::{JournalStatistics, LogStatistics};
use crate::sync::thread;

/// The number of old segments that are kept for recycling: as many as a snapshot of the default size makes
/// recyclable.
const RECYCLABLE_SEGMENTS_MAX: usize = 4;

/// The configuration of a journal.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// When a change may be acknowledged.
    pub durability: Durability,
    /// The size of a segment, in bytes.
    pub segment_size: u64,
    /// The most bytes of segments that are kept behind what [`Log::trim`] gives up, for those who read the
    /// log.
    pub keep_bytes: u64,
    /// What is known of the journal before it is read.
    pub base: Base,
    /// The length in bytes of the newest snapshot, for which the journal leaves space on the disk. `None` if
    /// no snapshots are made of this journal.
    pub newest_snapshot: Option<u64>,
    /// The most bytes of recent commits that are kept in memory for those who follow the log.
    pub recent_bytes: usize,
}

/// The open journal, to be shared in an [`Arc`].
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
    disk: Arc<dyn Disk>,
    durability: Durability,
    keep_bytes: u64,
    recent: Arc<RecentCommits>,
    published: watch::Receiver<Sequence>,
    threads: std::sync::Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Journal {
    /// Reads the journal on `disk`, and passes every commit after the snapshot to `apply`, in order. Nothing
    /// on disk is changed before [`Opening::open`].
    ///
    /// # Errors
    ///
    /// [`OpenError::Io`] if a file cannot be read, [`OpenError::Corruption`] if the journal is corrupt or
    /// contradicts itself.
    pub fn read(
        disk: Arc<dyn Disk>,
        options: Options,
        apply: &mut dyn FnMut(Commit<'_>) -> Result<(), Contradiction>,
    ) -> Result<Opening, OpenError> {
        let read = replay::read(&*disk, options.base, apply)?;
        Ok(Opening { disk, options, read })
    }

    fn start(
        disk: Arc<dyn Disk>,
        options: Options,
        tail: Tail,
        recovered: &Recovered,
    ) -> Result<Self, OpenError> {
        let space = Space::new(options.newest_snapshot);
        let mut state =
            State::new(tail.written.next(), tail.offset, tail.file_bytes, options.segment_size, space);
        state.last_micros = recovered.last_commit_micros.unwrap_or(state.last_micros);
        let firsts = segment::list(&*disk);
        let firsts =
            firsts.map_err(|error| OpenError::Io { doing: "listing", file: DIRECTORY.into(), error })?;
        state.segments = firsts.len() as u64;
        state.trimmed = firsts.first().map_or(tail.written, |first| Sequence(first.0 - 1));
        let shared = Arc::new(Shared::new(state, recovered.bytes));
        let recent = Arc::new(RecentCommits::new(options.recent_bytes));
        let mut committer =
            Committer::new(shared.clone(), disk.clone(), options.durability, tail, recent.clone());
        let published = committer.published();
        committer.write_marker()?;

        let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
            // Without one of its threads the journal would make every request wait forever.
            let guarded = move || {
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
                result.unwrap_or_else(|_| crate::fatal("a thread of the journal panicked"));
            };
            let thread = thread::Builder::new().name(name.into()).spawn(guarded);
            thread.map_err(|error| OpenError::Io {
                doing: "starting the thread",
                file: name.to_owned(),
                error,
            })
        };
        let preallocate = {
            let (shared, disk) = (shared.clone(), disk.clone());
            move || preallocation::run(&shared, &disk, options.segment_size)
        };
        let threads = vec![
            spawn(committer::THREAD_NAME, Box::new(move || committer.run()))?,
            spawn(preallocation::THREAD_NAME, Box::new(preallocate))?,
        ];
        let Options { durability, keep_bytes, .. } = options;
        Ok(Self { shared, disk, durability, keep_bytes, recent, published, threads: threads.into() })
    }

    /// When a change may be acknowledged.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// The bytes of frames written, and of those that recovery read and no snapshot holds.
    pub fn bytes(&self) -> u64 {
        self.shared.written()
    }

    /// The directory of its segments.
    pub fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Whether a snapshot is wanted because the disk has too little space for the next segment.
    pub fn wants_snapshot(&self) -> bool {
        self.shared.lock().space.wants_snapshot()
    }

    /// Records that the wanted snapshot was tried, with or without success: the next segment may take the
    /// space that is free.
    pub fn snapshot_tried(&self) {
        self.shared.lock().space.set_snapshot_tried();
        self.shared.preallocation_work.notify_all();
    }

    /// Records that a snapshot of `bytes` bytes was made, which holds the first `compacted` bytes of the
    /// journal. Space is left for the next one accordingly.
    pub fn snapshot_made(&self, bytes: u64, compacted: u64) {
        self.shared.lock().space.set_newest_snapshot(bytes, compacted);
    }

    /// Fails the journal: nothing is made durable any more, and the process should end.
    pub fn fail(&self, doing: &'static str, file: &str, error: &io::Error) {
        self.shared.fail(Failure { doing, file: file.to_owned(), error: error.to_string() });
    }

    /// Makes [`Log::close`] skip the durability marker, and so begin a sync only if changes are not
    /// synced yet.
    pub fn hurry(&self) {
        self.shared.lock().skip_marker = true;
    }
}

impl Log for Journal {
    fn append(
        &self,
        micros: i64,
        actor: Option<Actor<'_>>,
        changes: &[Change<'_>],
    ) -> Result<Appended, AppendError> {
        let mut state = self.shared.lock();
        let was_empty = state.batch.is_empty();
        let appended = state.append(micros, actor, changes)?;
        drop(state);
        if was_empty {
            self.shared.work.notify_one();
        }
        Ok(appended)
    }

    fn appended(&self) -> Sequence {
        Sequence(self.shared.lock().next.0 - 1)
    }

    fn durable(&self) -> Sequence {
        self.shared.durable()
    }

    /// With [`Durability::Always`], what is acknowledged is durable; otherwise it does not wait.
    fn poll_durable(&self, through: Sequence, registered: bool, waker: &Waker) -> Poll<()> {
        if self.durability != Durability::Always || self.shared.durable() >= through {
            return Poll::Ready(());
        }
        if registered {
            return Poll::Pending;
        }
        let mut state = self.shared.lock();
        // It may have become durable before this thread got the lock.
        if self.shared.durable() >= through {
            return Poll::Ready(());
        }
        let in_flight = through <= state.in_flight;
        let waiters = if in_flight { &mut state.in_flight_waiters } else { &mut state.batch.waiters };
        waiters.push(waker.clone());
        Poll::Pending
    }

    fn poll_capacity(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.shared.lock();
        if state.may_have_capacity() {
            return Poll::Ready(());
        }
        state.capacity_waiters.push(waker.clone());
        Poll::Pending
    }

    fn read_only(&self) -> bool {
        self.shared.lock().read_only
    }

    fn replay(&self, after: Sequence, each: &mut dyn FnMut(Commit<'_>) -> io::Result<()>) -> io::Result<()> {
        read_commits(&*self.disk, after.next(), self.durable(), &mut |_| Ok(()), each)
    }

    /// With [`Durability::Always`], the last durable commit; otherwise the last that was written.
    fn published(&self) -> watch::Receiver<Sequence> {
        self.published.clone()
    }

    fn recent(&self, after: Sequence) -> Recent {
        let published = *self.published.borrow();
        self.recent.after(after, published)
    }

    fn reader(&self, after: Sequence) -> Box<dyn CommitReader> {
        let (disk, shared) = (self.disk.clone(), self.shared.clone());
        Box::new(SegmentReader::new(disk, shared, self.published.clone(), after))
    }

    fn trimmed(&self) -> Sequence {
        self.shared.lock().trimmed
    }

    /// Segments without commits after `through` are kept for those who read the log, then for recycling, or
    /// are removed. A failed sync of the directory also fails the journal.
    fn trim(&self, through: Sequence) -> io::Result<usize> {
        // If space is short, only the next segment is recycled, and the others are removed.
        let is_short = self.wants_snapshot();
        let recyclable_max = if is_short { 1 } else { RECYCLABLE_SEGMENTS_MAX };
        let keep_bytes = if is_short { 0 } else { self.keep_bytes };
        let firsts = segment::list(&*self.disk)?;
        let count = segment::count_given_up(&*self.disk, &firsts, through, keep_bytes)?;
        let mut names: Vec<String> = firsts[..count].iter().copied().map(segment::name).collect();
        if let Some(oldest) = firsts.get(count) {
            // Before the first of them is removed or recycled. Those that were given up stay so.
            let mut state = self.shared.lock();
            state.trimmed = state.trimmed.max(Sequence(oldest.0 - 1));
        }
        let recyclable = names.split_off(count.saturating_sub(recyclable_max));
        for name in &names {
            match self.disk.remove(name) {
                // The preallocation thread has recycled it since the segments were listed.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                removed => {
                    removed?;
                    self.shared.lock().segments -= 1;
                }
            }
        }
        if !names.is_empty() {
            self.disk.sync().inspect_err(|error| self.fail("syncing", DIRECTORY, error))?;
        }
        self.shared.lock().recyclable = recyclable;
        self.shared.preallocation_work.notify_all();
        Ok(count)
    }

    fn failure(&self) -> watch::Receiver<Option<Failure>> {
        self.shared.failure.subscribe()
    }

    fn statistics(&self) -> LogStatistics<'_> {
        let state = self.shared.lock();
        let journal = JournalStatistics {
            bytes: self.shared.written(),
            segments: state.segments,
            segment_bytes_left: state.segment_bytes_left as u64,
            is_preallocated: matches!(state.preallocated, Preallocated::Ready(_)),
            syncs: &self.shared.syncs,
        };
        LogStatistics { batches: Some(&self.shared.batches), journal: Some(journal) }
    }

    /// Also writes a durability marker. Blocks until the disk is done.
    fn close(&self) -> Result<(), Failure> {
        self.shared.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(|e| e.into_inner()));
        for thread in threads {
            // A panic in the thread has ended the process.
            let _ = thread.join();
        }
        let failure = self.shared.failure.borrow().clone();
        failure.map_or(Ok(()), Err)
    }
}

/// A journal that was read and not yet changed.
pub struct Opening {
    disk: Arc<dyn Disk>,
    options: Options,
    read: replay::Replayed,
}

impl Opening {
    /// Makes the commits that were read durable, truncates a torn tail, and opens the journal for appending.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the disk fails.
    pub fn open(self) -> Result<(Journal, Recovered), OpenError> {
        let Self { disk, options, read } = self;
        let (tail, recovered) = read.resume(&*disk, options.segment_size)?;
        let journal = Journal::start(disk, options, tail, &recovered)?;
        Ok((journal, recovered))
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(failure) = self.close() {
            tracing::error!("{failure}");
        }
    }
}
