//! A log in memory.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard};
use std::task::{Poll, Waker};

use bookline_server::changes::Change;
use bookline_server::changes::commit::{self, Commit};
use bookline_server::codec::Sequence;
use bookline_server::storage::log::{AppendError, Appended, Failure, Log};
use tokio::sync::watch;

/// A log in memory, whose commits are encoded as in the payload of a frame. A commit is durable at once,
/// unless the log is [held](Self::held).
#[derive(Debug, Default)]
pub struct MemoryLog {
    state: Mutex<State>,
    failure: watch::Sender<Option<Failure>>,
}

#[derive(Debug, Default)]
struct State {
    /// The last commit that was trimmed.
    trimmed: Sequence,
    /// The later commits, in order, each encoded.
    commits: VecDeque<Vec<u8>>,
    durable: Sequence,
    /// Whether commits become durable only by [`MemoryLog::sync`].
    is_held: bool,
    /// The time of the last commit, in microseconds since 1970 (UTC).
    last_micros: i64,
    /// What appends are refused with.
    refusal: Option<AppendError>,
    /// Whether it was closed or has failed.
    has_ended: bool,
    durable_waiters: Vec<Waker>,
    capacity_waiters: Vec<Waker>,
}

impl MemoryLog {
    /// A log whose commits become durable when a test calls [`Self::sync`].
    pub fn held() -> Self {
        let state = State { is_held: true, ..State::default() };
        Self { state: state.into(), ..Self::default() }
    }

    /// Makes all commits durable, unless the log has failed.
    pub fn sync(&self) {
        let mut state = self.lock();
        if self.failure.borrow().is_none() {
            state.durable = state.appended();
            wake(&mut state.durable_waiters);
        }
    }

    /// Refuses appends with this error from now on, or accepts them.
    pub fn set_refusal(&self, refusal: Option<AppendError>) {
        let mut state = self.lock();
        state.refusal = refusal;
        wake(&mut state.capacity_waiters);
    }

    /// Fails the log: nothing is made durable any more.
    pub fn fail(&self, failure: Failure) {
        let mut state = self.lock();
        state.end();
        self.failure.send_if_modified(|first| first.is_none() && first.replace(failure).is_none());
    }

    /// The log that is left after a crash: with the durable commits, and open.
    pub fn after_crash(&self) -> Self {
        let State { trimmed, ref commits, durable, is_held, last_micros, .. } = *self.lock();
        let kept = commits.iter().take(count(trimmed, durable)).cloned().collect();
        let state = State { trimmed, commits: kept, durable, is_held, last_micros, ..State::default() };
        Self { state: state.into(), ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }
}

impl State {
    fn appended(&self) -> Sequence {
        Sequence(self.trimmed.0 + self.commits.len() as u64)
    }

    fn end(&mut self) {
        self.has_ended = true;
        wake(&mut self.capacity_waiters);
    }
}

/// The number of commits after `after`, up to `through`.
fn count(after: Sequence, through: Sequence) -> usize {
    usize::try_from(through.0 - after.0).expect("a log in memory")
}

fn wake(waiters: &mut Vec<Waker>) {
    waiters.drain(..).for_each(Waker::wake);
}

impl Log for MemoryLog {
    fn append(&self, micros: i64, changes: &[Change<'_>]) -> Result<Appended, AppendError> {
        let mut state = self.lock();
        if state.has_ended {
            return Err(AppendError::Closed);
        }
        if let Some(refusal) = &state.refusal {
            return Err(refusal.clone());
        }
        state.last_micros = state.last_micros.max(micros);
        let mut encoded = Vec::new();
        commit::encode(&mut encoded, state.last_micros, changes);
        state.commits.push_back(encoded);
        let sequence = state.appended();
        if !state.is_held {
            state.durable = sequence;
        }
        Ok(Appended { sequence, micros: state.last_micros })
    }

    fn appended(&self) -> Sequence {
        self.lock().appended()
    }

    fn durable(&self) -> Sequence {
        self.lock().durable
    }

    fn poll_durable(&self, through: Sequence, registered: bool, waker: &Waker) -> Poll<()> {
        let mut state = self.lock();
        if state.durable >= through {
            return Poll::Ready(());
        }
        if !registered {
            state.durable_waiters.push(waker.clone());
        }
        Poll::Pending
    }

    fn poll_capacity(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.lock();
        if state.has_ended || state.refusal != Some(AppendError::Backpressure) {
            return Poll::Ready(());
        }
        state.capacity_waiters.push(waker.clone());
        Poll::Pending
    }

    fn read_only(&self) -> bool {
        matches!(self.lock().refusal, Some(AppendError::ReadOnly { .. }))
    }

    /// `each` must not use the log.
    fn replay(&self, after: Sequence, each: &mut dyn FnMut(Commit<'_>) -> io::Result<()>) -> io::Result<()> {
        let state = self.lock();
        if after < state.trimmed {
            return Err(io::Error::other(format!("commits up to {} were trimmed", state.trimmed.0)));
        }
        let durable = state.commits.iter().take(count(state.trimmed, state.durable));
        let sequences = (state.trimmed.0 + 1..).map(Sequence);
        for (sequence, encoded) in sequences.zip(durable).filter(|(sequence, _)| *sequence > after) {
            for commit in commit::decode(encoded, sequence) {
                each(commit.map_err(io::Error::other)?)?;
            }
        }
        Ok(())
    }

    fn trimmed(&self) -> Sequence {
        self.lock().trimmed
    }

    /// Every commit is a segment of its own.
    fn trim(&self, through: Sequence) -> io::Result<usize> {
        let mut state = self.lock();
        let trimmed = through.min(state.durable).max(state.trimmed);
        let count = count(state.trimmed, trimmed);
        state.commits.drain(..count);
        state.trimmed = trimmed;
        Ok(count)
    }

    fn failure(&self) -> watch::Receiver<Option<Failure>> {
        self.failure.subscribe()
    }

    fn close(&self) -> Result<(), Failure> {
        self.lock().end();
        self.sync();
        self.failure.borrow().clone().map_or(Ok(()), Err)
    }
}
