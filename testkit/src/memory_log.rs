//! A log in memory.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};

use bookline_server::changes::Change;
use bookline_server::changes::commit::{self, Commit};
use bookline_server::codec::Sequence;
use bookline_server::domain::account::Actor;
use bookline_server::storage::commits::Commits;
use bookline_server::storage::log::{AppendError, Appended, CommitReader, Failure, FollowError, Log, Recent};
use tokio::sync::watch;

/// A log in memory, whose commits are encoded as in the payload of a frame. A commit is durable at once,
/// unless the log is [held](Self::held). Durable commits are published at once, and all of them are recent,
/// unless a test [limits](Self::limit_recent) that.
#[derive(Debug, Default)]
pub struct MemoryLog {
    state: Arc<Mutex<State>>,
    failure: watch::Sender<Option<Failure>>,
}

#[derive(Debug, Default)]
struct State {
    /// The last commit that was trimmed.
    trimmed: Sequence,
    /// The later commits, in order, each encoded.
    commits: VecDeque<Vec<u8>>,
    durable: Sequence,
    /// Publishes the durable commits. `None` after the end.
    published: Published,
    /// How many of the published commits are recent. `None` if all are.
    recent_max: Option<u64>,
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

/// The last published commit, which can be followed until the log has ended.
#[derive(Debug)]
struct Published {
    sender: Option<watch::Sender<Sequence>>,
    receiver: watch::Receiver<Sequence>,
}

impl Published {
    fn new(sequence: Sequence) -> Self {
        let (sender, receiver) = watch::channel(sequence);
        Self { sender: Some(sender), receiver }
    }
}

impl Default for Published {
    fn default() -> Self {
        Self::new(Sequence(0))
    }
}

impl MemoryLog {
    /// A log whose commits become durable when a test calls [`Self::sync`].
    pub fn held() -> Self {
        Self::with(State { is_held: true, ..State::default() })
    }

    fn with(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)), failure: watch::Sender::default() }
    }

    /// Keeps only the last `commits` commits in memory, so that those who follow the log have to read the
    /// others.
    pub fn limit_recent(&self, commits: u64) {
        self.lock().recent_max = Some(commits);
    }

    /// Makes all commits durable, unless the log has failed.
    pub fn sync(&self) {
        let mut state = self.lock();
        if self.failure.borrow().is_none() {
            state.make_durable();
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
        state.published.sender = None;
        self.failure.send_if_modified(|first| first.is_none() && first.replace(failure).is_none());
    }

    /// The log that is left after a crash: with the durable commits, and open.
    pub fn after_crash(&self) -> Self {
        let State { trimmed, ref commits, durable, is_held, last_micros, .. } = *self.lock();
        let kept = commits.iter().take(count(trimmed, durable)).cloned().collect();
        let published = Published::new(durable);
        let state =
            State { trimmed, commits: kept, durable, published, is_held, last_micros, ..State::default() };
        Self::with(state)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no panic")
}

impl State {
    fn appended(&self) -> Sequence {
        Sequence(self.trimmed.0 + self.commits.len() as u64)
    }

    fn make_durable(&mut self) {
        self.durable = self.appended();
        if let Some(published) = &self.published.sender {
            published.send_replace(self.durable);
        }
    }

    /// The commit after this one, which is published and was not trimmed.
    fn following(&self, after: Sequence) -> Commits {
        let commit = &self.commits[count(self.trimmed, after)];
        Commits::new(after.next(), after.next(), commit.as_slice().into())
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
    fn append(
        &self,
        micros: i64,
        actor: Option<Actor<'_>>,
        changes: &[Change<'_>],
    ) -> Result<Appended, AppendError> {
        let mut state = self.lock();
        if state.has_ended {
            return Err(AppendError::Closed);
        }
        if let Some(refusal) = &state.refusal {
            return Err(refusal.clone());
        }
        state.last_micros = state.last_micros.max(micros);
        let mut encoded = Vec::new();
        commit::encode(&mut encoded, state.last_micros, actor, changes);
        state.commits.push_back(encoded);
        let sequence = state.appended();
        if !state.is_held {
            state.make_durable();
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

    fn published(&self) -> watch::Receiver<Sequence> {
        self.lock().published.receiver.clone()
    }

    fn recent(&self, after: Sequence) -> Recent {
        let state = self.lock();
        if after >= state.durable {
            return Recent::NoneYet;
        }
        let is_recent = state.recent_max.is_none_or(|max| state.durable.0 - after.0 <= max);
        if after >= state.trimmed && is_recent {
            Recent::Commits(Arc::new(state.following(after)))
        } else {
            Recent::NotKept
        }
    }

    fn reader(&self, after: Sequence) -> Box<dyn CommitReader> {
        Box::new(Reader { log: self.state.clone(), returned: after })
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
        self.lock().published.sender = None;
        self.failure.borrow().clone().map_or(Ok(()), Err)
    }
}

#[derive(Debug)]
struct Reader {
    log: Arc<Mutex<State>>,
    returned: Sequence,
}

impl CommitReader for Reader {
    fn next(&mut self) -> Result<Option<Commits>, FollowError> {
        let state = lock(&self.log);
        if self.returned >= state.durable {
            return Ok(None);
        }
        if self.returned < state.trimmed {
            return Err(FollowError::Trimmed { oldest: state.trimmed });
        }
        let commits = state.following(self.returned);
        self.returned = commits.last();
        Ok(Some(commits))
    }
}
