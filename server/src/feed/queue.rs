//! The queue of a watcher: the lines that it was not shown yet.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use super::commit_line::CommitLine;
use crate::codec::Sequence;

/// The bytes of lines that wait for a watcher: some hundred bookings. As many may be on their way to the
/// peer. With the buffers of the connection, a watcher costs less than 1 MiB.
const QUEUE_BYTES_MAX: usize = 256 << 10;

/// What a batch of commits brought for one thing that is watched.
#[derive(Debug, Clone)]
pub(super) enum Item {
    /// These lines, in order.
    Lines(Arc<[Arc<CommitLine>]>),
    /// A commit with too many bytes of lines to be queued. The watcher reads it from the log.
    Long(Sequence),
}

/// What a batch of commits brought for a watcher.
#[derive(Debug)]
pub(super) enum Batch {
    /// These lines, in order, each once.
    Lines { lines: Arc<[Arc<CommitLine>]>, bytes: usize },
    /// A commit with too many bytes of lines to be queued.
    Long(Sequence),
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What the batch that is being matched has brought so far.
    arriving: Vec<Item>,
    batches: VecDeque<Batch>,
    /// The bytes of the batches.
    bytes: usize,
    has_overflowed: bool,
    waker: Option<Waker>,
}

/// More came than the queue holds, and what waited was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overflowed;

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|_| crate::fatal("a thread panicked while it held the queue of a watcher"))
    }

    /// Adds an item of the batch that is being matched. Returns whether it is the first of the batch: then
    /// the caller calls [`Self::end_batch`].
    pub fn push(&self, item: Item) -> bool {
        let mut state = self.lock();
        if state.has_overflowed {
            return false;
        }
        let is_first = state.arriving.is_empty();
        state.arriving.push(item);
        is_first
    }

    /// Makes the items of the batch visible to the watcher, and wakes it.
    pub fn end_batch(&self) {
        let mut state = self.lock();
        let batch = Batch::of(&mut state.arriving);
        state.bytes += batch.bytes();
        state.batches.push_back(batch);
        if state.bytes > QUEUE_BYTES_MAX {
            state.overflow();
        }
        wake(state);
    }

    /// Gives up what waits for the watcher.
    pub fn overflow(&self) {
        let mut state = self.lock();
        state.overflow();
        wake(state);
    }

    /// The next batch, if there is one.
    pub fn pop(&self) -> Result<Option<Batch>, Overflowed> {
        let mut state = self.lock();
        if state.has_overflowed {
            return Err(Overflowed);
        }
        let batch = state.batches.pop_front();
        state.bytes -= batch.as_ref().map_or(0, Batch::bytes);
        Ok(batch)
    }

    pub fn has_overflowed(&self) -> bool {
        self.lock().has_overflowed
    }

    /// Ready when [`Self::pop`] has something to return.
    pub fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.has_overflowed || !state.batches.is_empty() {
            return Poll::Ready(());
        }
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            state.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl State {
    fn overflow(&mut self) {
        *self = Self { has_overflowed: true, waker: self.waker.take(), ..Self::default() };
    }
}

/// Wakes the watcher after the lock is released.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The bytes that a batch counts beside its lines.
const BATCH_BYTES: usize = 64;

impl Batch {
    /// What these items, of which there is one at least, have brought.
    fn of(items: &mut Vec<Item>) -> Self {
        let mut all: Vec<Arc<CommitLine>> = Vec::new();
        for item in items.iter() {
            match item {
                // A long commit is alone in its batch.
                Item::Long(sequence) => {
                    let sequence = *sequence;
                    items.clear();
                    return Self::Long(sequence);
                }
                Item::Lines(lines) if items.len() == 1 => {
                    let lines = lines.clone();
                    items.clear();
                    return Self::of_lines(lines);
                }
                Item::Lines(lines) => all.extend(lines.iter().cloned()),
            }
        }
        items.clear();
        // A line is there for each of the things that it is about.
        all.sort_unstable_by_key(|line| (line.sequence, line.number));
        all.dedup_by_key(|line| (line.sequence, line.number));
        Self::of_lines(all.into())
    }

    fn of_lines(lines: Arc<[Arc<CommitLine>]>) -> Self {
        let bytes = lines.iter().map(|line| line.bytes()).sum();
        Self::Lines { lines, bytes }
    }

    /// The bytes that it counts in a queue.
    fn bytes(&self) -> usize {
        BATCH_BYTES
            + match self {
                Self::Lines { bytes, .. } => *bytes,
                Self::Long(_) => 0,
            }
    }
}
