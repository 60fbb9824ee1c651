//! What appenders, waiters, the committer and the maker of preallocated segments share.

use std::sync::atomic::Ordering;
use std::task::Waker;

use tokio::sync::watch;

use super::batch::Batch;
use super::disk::DiskFile;
use super::error::{AppendError, Failure};
use super::space::Space;
use crate::codec::segment_header;
use crate::codec::{Sequence, commit, frame};
use crate::domain::Change;
use crate::sync::{AtomicU64, Condvar, Mutex, MutexGuard};

/// Bytes that may wait for the committer. Past this, those who want to append wait for its next turn, before they
/// take a lock: four frames, some milliseconds of the fastest disk.
const MAX_QUEUED: usize = 4 << 20;

/// Why nothing is appended any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// What was appended is still written.
    Closing,
    /// Nothing more is written, and nobody is told anything.
    Failed,
}

/// The space for the segment after the current one.
#[derive(Debug)]
pub(super) enum Preallocated {
    /// Promised to a batch that the committer has not written yet.
    Promised,
    /// Being made.
    Making,
    /// Could not be made; tried again and again.
    Failing(String),
    /// Prefilled and durable.
    Ready(Box<dyn DiskFile>),
}

/// The journal's directory, as messages name it. A sync of it that failed is never tried again, whoever tried it: the
/// next one would succeed over names that are not on disk.
pub(super) const DIRECTORY: &str = "the directory of the journal";

#[derive(Debug)]
pub(super) struct State {
    /// The open batch.
    pub batch: Batch,
    /// The sequence that the next commit gets.
    pub next: Sequence,
    /// The time of the last commit: times never go back, whatever the clock does.
    pub last_micros: i64,
    /// Bytes of frames that still fit into the segment where the next commit would go, behind all that is queued.
    pub room: usize,
    pub preallocated: Preallocated,
    /// Has a change been refused since a preallocated segment was last there?
    pub read_only: bool,
    /// The last commit of the batch that the committer is writing, and who waits for it.
    pub in_flight: Sequence,
    pub in_flight_waiters: Vec<Waker>,
    pub capacity_waiters: Vec<Waker>,
    /// From the close or the first failure on. Under every durability what was appended before is written, or nobody
    /// is told of it; what comes after has nobody to write it, and is refused.
    pub end: Option<End>,
    /// The stop has taken too long: no sync is begun that is not for the sake of a change.
    pub late: bool,
    /// Old segments whose space may be used again, oldest first. No reader wants them.
    pub recyclable: Vec<String>,
    /// Whether segments may be made of free space.
    pub space: Space,
    /// Room of an empty segment.
    capacity: usize,
}

impl State {
    /// The state of a journal whose next commit goes to `offset` of a segment of `length` bytes.
    pub fn new(next: Sequence, offset: u64, length: u64, segment_size: u64, space: Space) -> Self {
        let room = |from: u64, length: u64| {
            // A segment always keeps room for a durability marker and its close.
            let kept = (frame::MARKER_BYTES_MAX + frame::TRAILER_BYTES) as u64;
            usize::try_from(length.saturating_sub(from + kept)).unwrap_or(usize::MAX)
        };
        Self {
            batch: Batch::default(),
            next,
            last_micros: i64::MIN,
            room: room(offset, length),
            preallocated: Preallocated::Making,
            read_only: false,
            in_flight: Sequence(next.0 - 1),
            in_flight_waiters: Vec::new(),
            capacity_waiters: Vec::new(),
            end: None,
            late: false,
            recyclable: Vec::new(),
            space,
            capacity: room(segment_header::BYTES as u64, segment_size),
        }
    }

    /// Gives the commit its sequence and its place, or says why it cannot have one.
    pub fn append(&mut self, micros: i64, changes: &[Change<'_>]) -> Result<Sequence, AppendError> {
        if self.end.is_some() {
            return Err(AppendError::Closed);
        }
        if self.batch.bytes.len() >= MAX_QUEUED {
            return Err(AppendError::Backpressure);
        }
        let length = commit::encoded_len(changes);
        assert!(
            length <= frame::PAYLOAD_BYTES_MAX,
            "a commit of {length} bytes is larger than the protocol's limits allow"
        );
        let growth = self.batch.growth(length);
        let rotates_into = if growth <= self.room {
            self.room -= growth;
            None
        } else {
            let preallocated = self.take_preallocated()?;
            // A commit larger than a whole segment runs over its end. The flag takes no size so small, only tests do.
            self.room = self.capacity.saturating_sub(frame::len(length));
            Some(preallocated)
        };
        let sequence = self.next;
        self.last_micros = self.last_micros.max(micros);
        self.batch.push(sequence, self.last_micros, changes, length, rotates_into);
        self.next = sequence.next();
        Ok(sequence)
    }

    fn take_preallocated(&mut self) -> Result<Box<dyn DiskFile>, AppendError> {
        match std::mem::replace(&mut self.preallocated, Preallocated::Promised) {
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

    /// Takes the room of a durability marker. When less is left, the durability marker uses the room kept for one, and no commit will follow it
    /// in its segment. Decided under the same lock as that there is nothing to write: nobody appends in between.
    pub fn reserve_marker(&mut self) {
        self.room = self.room.saturating_sub(frame::MARKER_BYTES_MAX);
    }

    /// Is it worth trying again after [`AppendError::Backpressure`]?
    pub fn may_have_capacity(&self) -> bool {
        let may_be_taken = || matches!(self.preallocated, Preallocated::Ready(_) | Preallocated::Failing(_));
        self.end.is_some() || self.batch.bytes.len() < MAX_QUEUED && may_be_taken()
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Tells the committer of work.
    pub work: Condvar,
    /// Tells the maker of preallocated segments of work.
    pub preallocation_work: Condvar,
    /// The highest sequence known to be synced.
    durable: AtomicU64,
    /// Bytes written, and those read at the start that no snapshot holds.
    pub bytes: AtomicU64,
    pub failure: watch::Sender<Option<Failure>>,
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
        }
    }

    /// The state. Whoever panicked under this lock left half a commit: there is no going on.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|_| crate::fatal("a thread panicked while it held the journal"))
    }

    /// Bytes written, and those read at the start that no snapshot holds.
    pub fn written(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn durable(&self) -> Sequence {
        Sequence(self.durable.load(Ordering::Acquire))
    }

    /// Is the journal closed, or has it failed?
    pub fn has_ended(&self) -> bool {
        self.lock().end.is_some()
    }

    /// Closes the journal: nothing is appended from now on. A failure stays one.
    pub fn close(&self) {
        let mut state = self.lock();
        state.end.get_or_insert(End::Closing);
        self.tell_the_end(state);
    }

    /// Ends the journal because of a failure in whichever thread. The first one is told, under the lock, so that nothing
    /// is appended by who knows of it.
    pub fn fail(&self, failure: Failure) {
        let mut state = self.lock();
        if state.end != Some(End::Failed) {
            state.end = Some(End::Failed);
            self.failure.send_replace(Some(failure));
        }
        self.tell_the_end(state);
    }

    fn tell_the_end(&self, mut state: MutexGuard<'_, State>) {
        self.wake_for_capacity(&mut state);
        drop(state);
        self.work.notify_all();
        self.preallocation_work.notify_all();
    }

    /// Everything up to `synced` is on disk: tells those who waited for it.
    pub fn publish(&self, synced: Sequence) {
        let mut state = self.lock();
        if state.end == Some(End::Failed) {
            return;
        }
        self.durable.store(synced.0, Ordering::Release);
        let waiters =
            if synced >= state.in_flight { std::mem::take(&mut state.in_flight_waiters) } else { Vec::new() };
        drop(state);
        waiters.into_iter().for_each(Waker::wake);
    }

    /// Wakes those who wait for room.
    pub fn wake_for_capacity(&self, state: &mut State) {
        state.capacity_waiters.drain(..).for_each(Waker::wake);
    }
}
