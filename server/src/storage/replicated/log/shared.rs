//! What the log and its driver share.

use std::sync::atomic::Ordering::{Acquire, Release};
use std::task::Waker;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::state::{Role, State};
use crate::codec::Sequence;
use crate::histogram::{self, Histogram};
use crate::storage::commits::Commits;
use crate::storage::log::Failure;
use crate::storage::recent::{RECENT_BYTES_MAX, RecentCommits};
use crate::storage::replicated::boot_time::BootTime;
use crate::storage::replicated::snapshot_point::SnapshotPoint;
use crate::storage::replicated::start::Start;
use crate::sync::{AtomicBool, AtomicU64, Mutex, MutexGuard};

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Wakes the driver: there is something to append, or the log is closed.
    pub work: Notify,
    /// The highest sequence number that is in the stream, and known to be.
    durable: AtomicU64,
    /// [`Member::confirmed`], in nanoseconds. Zero if this member does not lead.
    ///
    /// [`Member::confirmed`]: crate::storage::replicated::member::Member::confirmed
    confirmed: AtomicU64,
    /// Whether this member has a lease, if it leads. One that resigns has none.
    pub has_lease: AtomicBool,
    /// Wakes those who wait for a later confirmation.
    pub confirmations: Notify,
    pub recent: RecentCommits,
    pub published: watch::Sender<Sequence>,
    /// Where this member has begun.
    pub start: Start,
    /// The commits up to this one were purged, or are in the snapshot that this member has begun with.
    trimmed: AtomicU64,
    /// The last snapshot point that was read or appended since the start.
    pub snapshot_point: watch::Sender<Option<SnapshotPoint>>,
    pub role: watch::Sender<Role>,
    /// Whether an append is undecided for longer than anybody is to wait.
    pub is_stalled: watch::Sender<bool>,
    /// Whether everything was applied that is known of.
    pub is_current: watch::Sender<bool>,
    /// Never sent: what ends the log also ends its driver, which says why.
    pub failure: watch::Sender<Option<Failure>>,
    /// The commits of each append.
    pub batches: Histogram,
    /// The steps that the driver has done.
    pub steps: AtomicU64,
}

impl Shared {
    pub fn new(frame_bytes_max: usize, start: Start) -> Self {
        let commit = start.position.commit;
        Self {
            state: Mutex::new(State::new(frame_bytes_max, &start)),
            work: Notify::new(),
            durable: AtomicU64::new(commit.0),
            confirmed: AtomicU64::new(0),
            has_lease: AtomicBool::new(true),
            confirmations: Notify::new(),
            recent: RecentCommits::new(RECENT_BYTES_MAX),
            published: watch::Sender::new(commit),
            trimmed: AtomicU64::new(commit.0),
            snapshot_point: watch::Sender::new(None),
            start,
            role: watch::Sender::new(Role::Standby),
            is_stalled: watch::Sender::new(false),
            is_current: watch::Sender::new(false),
            failure: watch::Sender::new(None),
            batches: Histogram::new(histogram::COMMITS),
            steps: AtomicU64::new(0),
        }
    }

    /// A panic under the lock may have left half a commit in it, which ends the process.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|_| crate::fatal("a thread panicked while it held the replicated log"))
    }

    /// Sets what this member is, for appenders and for those who follow it.
    pub fn set_role(&self, role: Role) {
        let mut state = self.lock();
        state.role = role;
        state.wake_for_capacity();
        drop(state);
        self.role.send_replace(role);
    }

    pub fn durable(&self) -> Sequence {
        Sequence(self.durable.load(Acquire))
    }

    pub fn trimmed(&self) -> Sequence {
        Sequence(self.trimmed.load(Acquire))
    }

    /// Notes that commits up to `through` are purged, before they are.
    pub fn set_trimmed(&self, through: Sequence) {
        self.trimmed.fetch_max(through.0, Release);
    }

    /// Passes a snapshot point on to who makes snapshots.
    pub fn reach(&self, point: SnapshotPoint) {
        let mut state = self.lock();
        state.bytes_at_point = state.index.bytes();
        drop(state);
        self.snapshot_point.send_replace(Some(point));
    }

    /// When the last append that is known durable was sent, if this member leads.
    pub fn confirmed(&self) -> Option<BootTime> {
        match self.confirmed.load(Acquire) {
            0 => None,
            nanos => Some(BootTime(Duration::from_nanos(nanos))),
        }
    }

    pub fn set_confirmed(&self, confirmed: Option<BootTime>) {
        let nanos =
            confirmed.map_or(0, |confirmed| u64::try_from(confirmed.0.as_nanos()).unwrap_or(u64::MAX));
        self.confirmed.store(nanos, Release);
        self.confirmations.notify_waiters();
    }

    /// Notes that everything up to `through` is in the stream. A standby does so before it applies it: what
    /// it shows of it is durable.
    pub fn set_durable(&self, through: Sequence) {
        self.durable.store(through.0, Release);
    }

    /// Publishes these commits, which are durable, and wakes those who wait for them.
    pub fn publish(&self, commits: Commits) {
        let last = commits.last();
        let mut state = self.lock();
        self.recent.add(std::iter::once(commits.into()));
        // So that who is woken finds it published. The followers are woken below.
        self.published.send_if_modified(|published| {
            *published = last;
            false
        });
        self.set_durable(last);
        // Under the lock, as who begins to wait looks for the frame that it waits for.
        let decided = state.in_flight.take();
        drop(state);
        decided.into_iter().flat_map(|frame| frame.waiters).for_each(Waker::wake);
        self.published.send_modify(|_| {});
    }
}
