//! The log of a member of a cluster: what the leader appends, and what everybody may read of it.
//!
//! Commits wait in a queue of frames. The driver gives one frame at a time to the stream, and what comes in
//! meanwhile is the next one.

mod driver;
mod frame_index;
mod pending_frame;
mod reader;
mod shared;
mod state;

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::task::{Poll, Waker};

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::changes::Change;
use crate::changes::commit::Commit;
use crate::codec::Sequence;
use crate::codec::salt::Salt;
use crate::domain::account::Actor;
use crate::storage::log::{AppendError, Appended, CommitReader, Failure, FollowError, Log, Recent};
use crate::storage::replicated::boot_time::BootTime;
use crate::storage::replicated::position::Position;
use crate::storage::replicated::snapshot_point::SnapshotPoint;
use crate::storage::replicated::start::Start;
use crate::storage::replicated::stream::Stream;
use crate::storage::replicated::stream_sequence::StreamSequence;
use crate::storage::statistics::{LogStatistics, Progress};
pub use driver::{Driver, End};
use reader::StreamReader;
use shared::Shared;
pub use state::{Leadership, Role, SharedKinds};

/// The log of a member, to be shared in an [`Arc`]. Its [`Driver`] does the work.
pub struct ReplicatedLog {
    shared: Arc<Shared>,
    new_reader: Box<dyn Fn(Sequence) -> Box<dyn CommitReader> + Send + Sync>,
}

impl ReplicatedLog {
    /// The log of a stream whose frames have this salt and at most so many bytes, from `start` on. It is read
    /// on this runtime.
    pub fn new<S: Stream>(
        stream: Arc<S>,
        salt: Salt,
        frame_bytes_max: usize,
        runtime: Handle,
        start: Start,
    ) -> Self {
        let shared = Arc::new(Shared::new(frame_bytes_max, start));
        let of_reader = shared.clone();
        let new_reader = move |after| {
            let reader: Box<dyn CommitReader> = Box::new(StreamReader {
                stream: stream.clone(),
                runtime: runtime.clone(),
                salt,
                shared: of_reader.clone(),
                published: of_reader.published.subscribe(),
                returned: after,
                message: None,
            });
            reader
        };
        Self { shared, new_reader: Box::new(new_reader) }
    }

    pub fn is_leader(&self) -> bool {
        self.current_role() == Role::Leader
    }

    pub fn current_role(&self) -> Role {
        *self.shared.role.borrow()
    }

    /// What this member is, and what becomes of it.
    pub fn role(&self) -> watch::Receiver<Role> {
        self.shared.role.subscribe()
    }

    /// Waits until this member was deposed, has resigned, or cannot go on.
    pub async fn ended(&self) {
        // The sender lives as long as the log.
        let _ = self.role().wait_for(|role| *role == Role::Ended).await;
    }

    /// Whether everything was applied that is known of.
    pub fn is_current(&self) -> bool {
        *self.shared.is_current.borrow()
    }

    /// Whether an append is undecided for longer than anybody is to wait.
    pub fn is_stalled(&self) -> bool {
        *self.shared.is_stalled.borrow()
    }

    /// Waits until an append is undecided for longer than anybody is to wait.
    pub async fn stalled(&self) {
        // The sender lives as long as the log.
        let _ = self.shared.is_stalled.subscribe().wait_for(|is_stalled| *is_stalled).await;
    }

    /// Waits until everything was applied that is known of.
    pub fn current(&self) -> impl Future<Output = ()> + use<> {
        let mut is_current = self.shared.is_current.subscribe();
        async move {
            // The sender lives as long as the log.
            let _ = is_current.wait_for(|is_current| *is_current).await;
        }
    }

    /// The last takeover, and when the leader was heard of last.
    pub fn leadership(&self) -> (Leadership, BootTime) {
        let state = self.shared.lock();
        (state.leadership.clone(), state.heard)
    }

    /// The last snapshot point that was read or appended since the start.
    pub fn snapshot_point(&self) -> watch::Receiver<Option<SnapshotPoint>> {
        self.shared.snapshot_point.subscribe()
    }

    /// The bytes of commits since the last snapshot point, or since the start.
    pub fn bytes_since_snapshot_point(&self) -> u64 {
        let state = self.shared.lock();
        state.index.bytes() - state.bytes_at_point
    }

    /// Makes the leader append a snapshot point with this base.
    pub fn want_snapshot(&self, base: StreamSequence) {
        self.shared.lock().wants_snapshot = Some(base);
        self.shared.work.notify_one();
    }

    /// The first message that the stream has to keep if messages before `last` may be purged, but for `keep`
    /// bytes. Commits before it cannot be read from now on. `None` if nothing is to be purged.
    pub fn purge_below(&self, last: Position, keep: u64) -> Option<StreamSequence> {
        let mut state = self.shared.lock();
        let (commit, message) = match keep {
            0 => (last.commit, last.stream),
            _ => state.index.keeping(last.stream, keep)?,
        };
        state.index.forget_before(message);
        drop(state);
        self.shared.set_trimmed(commit);
        Some(message)
    }

    /// The last frame that was applied.
    pub fn position(&self) -> Position {
        self.shared.lock().position
    }

    /// Refuses changes of kinds that not all members know.
    pub fn set_shared_kinds(&self, kinds: Option<SharedKinds>) {
        self.shared.lock().shared_kinds = kinds;
    }

    /// Refuses changes as long as this is wrong with the stream.
    pub fn set_misconfigured(&self, wrong: Option<Arc<str>>) {
        let mut state = self.shared.lock();
        state.misconfigured = wrong;
        state.wake_for_capacity();
    }

    /// Makes this member resign, if it leads: nothing more is decided, what was is appended and acknowledged,
    /// and its driver ends. It does not wait.
    pub fn resign(&self) {
        self.shared.lock().wants_to_resign = true;
        self.shared.work.notify_one();
    }

    /// Whether what was looked up may be shown because of the lease. It is asked after the confirmation.
    #[inline]
    pub fn has_lease(&self) -> bool {
        self.shared.has_lease.load(Acquire)
    }

    /// Whether `proof` accepts the last confirmation: when the last append that is known durable was sent.
    #[inline]
    pub fn is_confirmed(&self, proof: impl Fn(BootTime) -> bool) -> bool {
        self.shared.confirmed().is_some_and(proof)
    }

    /// Makes the leader append something, and waits until `proof` accepts the confirmation.
    pub async fn confirm(&self, proof: impl Fn(BootTime) -> bool) {
        loop {
            let confirmed = self.shared.confirmations.notified();
            let mut confirmed = std::pin::pin!(confirmed);
            confirmed.as_mut().enable();
            if self.is_confirmed(&proof) {
                return;
            }
            self.shared.lock().wants_barrier = true;
            self.shared.work.notify_one();
            confirmed.await;
        }
    }
}

impl Log for ReplicatedLog {
    fn append(
        &self,
        micros: i64,
        actor: Option<Actor<'_>>,
        changes: &[Change<'_>],
    ) -> Result<Appended, AppendError> {
        let mut state = self.shared.lock();
        let was_empty = state.queue.is_empty();
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

    fn poll_durable(&self, through: Sequence, registered: bool, waker: &Waker) -> Poll<()> {
        if self.shared.durable() >= through {
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
        if let Some(frame) = state.frame_of(through) {
            frame.waiters.push(waker.clone());
        }
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
        self.shared.lock().misconfigured.is_some()
    }

    fn leads(&self) -> bool {
        self.is_leader()
    }

    fn replay(&self, after: Sequence, each: &mut dyn FnMut(Commit<'_>) -> io::Result<()>) -> io::Result<()> {
        let mut reader = self.reader(after);
        loop {
            let commits = match reader.next() {
                Ok(Some(commits)) => commits,
                Ok(None) => return Ok(()),
                Err(FollowError::Unreadable(error)) => return Err(error),
                Err(error) => return Err(io::Error::other(error)),
            };
            for commit in commits.after(after) {
                each(commit.map_err(io::Error::other)?)?;
            }
        }
    }

    fn published(&self) -> watch::Receiver<Sequence> {
        self.shared.published.subscribe()
    }

    fn recent(&self, after: Sequence) -> Recent {
        let published = *self.shared.published.borrow();
        self.shared.recent.after(after, published)
    }

    fn reader(&self, after: Sequence) -> Box<dyn CommitReader> {
        (self.new_reader)(after)
    }

    fn trimmed(&self) -> Sequence {
        self.shared.trimmed()
    }

    /// The leader purges the stream by [`Self::purge_below`].
    fn trim(&self, _: Sequence) -> io::Result<usize> {
        Ok(0)
    }

    fn failure(&self) -> watch::Receiver<Option<Failure>> {
        self.shared.failure.subscribe()
    }

    fn statistics(&self) -> LogStatistics<'_> {
        LogStatistics { batches: Some(&self.shared.batches), journal: None }
    }

    /// Of the steps of the driver. It goes on with them also while NATS does not answer.
    fn progress(&self) -> Option<Progress> {
        let done = self.shared.steps.load(Relaxed);
        (self.current_role() != Role::Ended).then_some(Progress { done, wanted: done + 1 })
    }

    /// Does not wait: the driver ends when everything is durable, or soon if the stream does not answer.
    fn close(&self) -> Result<(), Failure> {
        let mut state = self.shared.lock();
        state.is_closed = true;
        state.wake_for_capacity();
        drop(state);
        self.shared.work.notify_one();
        Ok(())
    }
}

impl fmt::Debug for ReplicatedLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplicatedLog").field("shared", &self.shared).finish_non_exhaustive()
    }
}
