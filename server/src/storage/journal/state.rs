//! The state that appenders, waiters, the committer and the preallocation thread share.

use std::sync::atomic::Ordering;
use std::task::Waker;

use tokio::sync::watch;

use super::batch::Batch;
use super::disk::DiskFile;
use super::space::Space;
use crate::changes::Change;
use crate::changes::commit;
use crate::codec::{Sequence, frame, segment_header};
use crate::domain::account::Actor;
use crate::histogram::{self, Histogram};
use crate::storage::log::{AppendError, Appended, Failure};
use crate::sync::{AtomicU64, Condvar, Mutex, MutexGuard};

/// The number of bytes that may wait for the committer. Above it, appenders wait for its next turn before
/// they take a lock. Four frames take the fastest disk some milliseconds.
const QUEUED_BYTES_MAX: usize = 4 << 20;

/// The largest commit fits into an empty queue many times.
const _: () = assert!(commit::BYTES_MAX < QUEUED_BYTES_MAX);

/// What [`crate::fatal`] reports when a panic has poisoned the lock.
pub(super) const LOCK_POISONED: &str = "a thread panicked while it held the journal";

/// Why the journal accepts no more commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndReason {
    /// It was closed. What was appended is still written.
    Closed,
    /// A write or sync failed. Nothing more is written or acknowledged.
    Failed,
}

/// The preallocated segment, into which the journal rotates when the current segment is full.
#[derive(Debug)]
pub(super) enum Preallocated {
    /// Taken by a batch that the committer has not written yet.
    Taken,
    /// Being created.
    Pending,
    /// Could not be created, for this reason. The preallocation thread retries.
    Failing(String),
    /// Filled with zeros, or recycled, and durable.
    Ready(Box<dyn DiskFile>),
}

/// The name of the journal's directory in messages. A failed sync of it is fail-stop in every thread: the
/// next sync would succeed although the names are not on disk.
pub(super) const DIRECTORY: &str = "the directory of the journal";

#[derive(Debug)]
pub(super) struct State {
    /// The commits that the committer takes next.
    pub batch: Batch,
    /// The sequence number of the next commit.
    pub next: Sequence,
    /// The time of the last commit. The times of commits never decrease, even if the clock does.
    pub last_micros: i64,
    /// The space left, in bytes of frames, in the segment of the next commit after everything in the queue.
    pub segment_bytes_left: usize,
    pub preallocated: Preallocated,
    /// Whether a change was refused since a preallocated segment was last ready.
    pub read_only: bool,
    /// The last commit of the batch that the committer is writing.
    pub in_flight: Sequence,
    /// The tasks that wait for `in_flight`.
    pub in_flight_waiters: Vec<Waker>,
    pub capacity_waiters: Vec<Waker>,
    /// Set by the close or the first failure. From then on appends are refused, because no thread would write
    /// them.
    pub end: Option<EndReason>,
    /// The graceful shutdown has taken too long: the close skips the durability marker and its sync.
    pub skip_marker: bool,
    /// Old segments whose files may be recycled, oldest first. No reader needs them.
    pub recyclable: Vec<String>,
    /// The commits after this one can be read.
    pub trimmed: Sequence,
    /// The segments on the disk, without the preallocated one.
    pub segments: u64,
    pub space: Space,
    /// The space of an empty segment, in bytes of frames.
    segment_capacity: usize,
}

impl State {
    /// The state of a journal whose next commit goes to `offset` of a segment of `length` bytes.
    pub fn new(next: Sequence, offset: u64, length: u64, segment_size: u64, space: Space) -> Self {
        let bytes_left = |from: u64, length: u64| {
            // Every segment reserves space for a durability marker and its trailer.
            let reserved = (frame::MARKER_BYTES_MAX + frame::TRAILER_BYTES) as u64;
            usize::try_from(length.saturating_sub(from + reserved)).unwrap_or(usize::MAX)
        };
        Self {
            batch: Batch::default(),
            next,
            last_micros: i64::MIN,
            segment_bytes_left: bytes_left(offset, length),
            preallocated: Preallocated::Pending,
            read_only: false,
            in_flight: Sequence(next.0 - 1),
            in_flight_waiters: Vec::new(),
            capacity_waiters: Vec::new(),
            end: None,
            skip_marker: false,
            recyclable: Vec::new(),
            trimmed: Sequence(next.0 - 1),
            segments: 1,
            space,
            segment_capacity: bytes_left(segment_header::BYTES as u64, segment_size),
        }
    }

    /// Adds a commit to the batch.
    pub fn append(
        &mut self,
        micros: i64,
        actor: Option<Actor<'_>>,
        changes: &[Change<'_>],
    ) -> Result<Appended, AppendError> {
        if self.end.is_some() {
            return Err(AppendError::Closed);
        }
        if self.batch.bytes.len() >= QUEUED_BYTES_MAX {
            return Err(AppendError::Backpressure);
        }
        let length = commit::encoded_len(actor, changes);
        assert!(
            length <= frame::PAYLOAD_BYTES_MAX,
            "a commit of {length} bytes is larger than the protocol's limits allow"
        );
        let growth = self.batch.growth(length);
        let rotates_into = if growth <= self.segment_bytes_left {
            self.segment_bytes_left -= growth;
            None
        } else {
            let preallocated = self.take_preallocated()?;
            // A commit larger than a segment makes the file longer. Only tests use segments so small.
            self.segment_bytes_left = self.segment_capacity.saturating_sub(frame::len(length));
            Some(preallocated)
        };
        let sequence = self.next;
        self.last_micros = self.last_micros.max(micros);
        self.batch.push(sequence, self.last_micros, actor, changes, length, rotates_into);
        self.next = sequence.next();
        Ok(Appended { sequence, micros: self.last_micros })
    }

    fn take_preallocated(&mut self) -> Result<Box<dyn DiskFile>, AppendError> {
        match std::mem::replace(&mut self.preallocated, Preallocated::Taken) {
            Preallocated::Ready(file) => Ok(file),
            Preallocated::Failing(reason) => {
                self.preallocated = Preallocated::Failing(reason.clone());
                self.read_only = true;
                Err(AppendError::ReadOnly { reason })
            }
            pending => {
                self.preallocated = pending;
                Err(AppendError::Backpressure)
            }
        }
    }

    /// Reserves the space of a durability marker. If less is left, the marker uses the space that every
    /// segment reserves, and no commit follows it in the segment. The caller decides under the same lock that
    /// the batch is empty, so that no append comes between.
    pub fn reserve_marker(&mut self) {
        self.segment_bytes_left = self.segment_bytes_left.saturating_sub(frame::MARKER_BYTES_MAX);
    }

    /// Whether an append that met [`AppendError::Backpressure`] may have another result now.
    pub fn may_have_capacity(&self) -> bool {
        let may_be_taken = matches!(self.preallocated, Preallocated::Ready(_) | Preallocated::Failing(_));
        let has_space = may_be_taken || self.segment_bytes_left >= frame::len(commit::BYTES_MAX);
        self.end.is_some() || self.batch.bytes.len() < QUEUED_BYTES_MAX && has_space
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Wakes the committer.
    pub work: Condvar,
    /// Wakes the preallocation thread.
    pub preallocation_work: Condvar,
    /// The highest sequence number known to be synced.
    durable: AtomicU64,
    /// The bytes of frames written, and of those that recovery read and no snapshot holds.
    pub bytes: AtomicU64,
    pub failure: watch::Sender<Option<Failure>>,
    /// The commits of each write.
    pub batches: Histogram,
    /// How long syncs took, in microseconds.
    pub syncs: Histogram,
}

impl Shared {
    pub fn new(state: State, bytes: u64) -> Self {
        let durable = AtomicU64::new(state.in_flight.0);
        Self {
            state: Mutex::new(state),
            work: Condvar::new(),
            preallocation_work: Condvar::new(),
            durable,
            bytes: AtomicU64::new(bytes),
            failure: watch::Sender::new(None),
            batches: Histogram::new(histogram::COMMITS),
            syncs: Histogram::new(histogram::WAIT_MICROS),
        }
    }

    /// Locks the state. A panic under the lock may have left half a commit in it, which ends the process.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|_| crate::fatal(LOCK_POISONED))
    }

    /// The bytes of frames written, and of those that recovery read and no snapshot holds.
    pub fn written(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn durable(&self) -> Sequence {
        Sequence(self.durable.load(Ordering::Acquire))
    }

    /// Whether the journal is closed or has failed.
    pub fn has_ended(&self) -> bool {
        self.lock().end.is_some()
    }

    /// Closes the journal: from now on appends are refused. A journal that has failed stays failed.
    pub fn close(&self) {
        let mut state = self.lock();
        state.end.get_or_insert(EndReason::Closed);
        self.notify_end(state);
    }

    /// Ends the journal because of a failure in any thread. The first failure is published under the lock, so
    /// that a thread that has seen it cannot append any more.
    pub fn fail(&self, failure: Failure) {
        let mut state = self.lock();
        if state.end != Some(EndReason::Failed) {
            state.end = Some(EndReason::Failed);
            self.failure.send_replace(Some(failure));
        }
        self.notify_end(state);
    }

    fn notify_end(&self, mut state: MutexGuard<'_, State>) {
        self.wake_for_capacity(&mut state);
        drop(state);
        self.work.notify_all();
        self.preallocation_work.notify_all();
    }

    /// Records that everything up to `synced` is durable, and publishes everything up to `through`. Wakes
    /// those who wait for their commits, then those who follow the log. After a failure, in any thread,
    /// nothing is published.
    pub fn publish(&self, synced: Sequence, through: Sequence, published: &watch::Sender<Sequence>) {
        let mut state = self.lock();
        if state.end == Some(EndReason::Failed) {
            return;
        }
        let mut before = through;
        // So that who is woken finds it published. The followers are woken below.
        published.send_if_modified(|published| {
            before = std::mem::replace(published, through);
            false
        });
        self.durable.store(synced.0, Ordering::Release);
        let waiters =
            if synced >= state.in_flight { std::mem::take(&mut state.in_flight_waiters) } else { Vec::new() };
        drop(state);
        waiters.into_iter().for_each(Waker::wake);
        if before < through {
            published.send_modify(|_| {});
        }
    }

    /// Wakes the tasks that wait for capacity.
    pub fn wake_for_capacity(&self, state: &mut State) {
        state.capacity_waiters.drain(..).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT_BYTES: u64 = 64 << 20;

    #[test]
    fn capacity_returns_with_the_next_segment_and_not_with_the_one_after_it() {
        let mut state = State::new(Sequence(1), 0, SEGMENT_BYTES, SEGMENT_BYTES, Space::new(None));
        assert!(state.may_have_capacity());
        state.segment_bytes_left = 0;
        assert_eq!(state.append(1, None, &[]), Err(AppendError::Backpressure));
        assert!(!state.may_have_capacity());
        // Another connection has begun the next segment, and the one after it is not preallocated yet.
        state.segment_bytes_left = frame::len(commit::BYTES_MAX);
        assert!(state.may_have_capacity());
        assert!(state.append(1, None, &[]).is_ok());
        assert!(!state.may_have_capacity(), "the largest commit does not fit any more");
    }
}
