//! Clients of the journal: they append, wait, and check that what they waited for is on the disk.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bookline_protocol::{Date, Hour, Slot};
use shuttle::future::block_on;

use crate::changes::BlockTaken;
use crate::codec::Sequence;
use crate::disk::Disk;
use crate::state::{self, Store};
use crate::storage::journal::{Base, Durability, Journal, Opening, Options};
use crate::storage::log::{AppendError, Log, LogExt};
use crate::time::clock::Clock;
use crate::time::source::ManualTime;

/// A segment for all commits of a scenario.
pub const ONE_SEGMENT: u64 = 16 << 10;

/// A segment for two commits of [`append`].
pub const TINY_SEGMENTS: u64 = 1 << 10;

/// The recent commits that are kept: all of a scenario.
const RECENT_BYTES: usize = 1 << 20;

/// A name so long that a commit fills a large part of a tiny segment.
const WHO: &str = "somebody-with-a-name-of-sixty-letters-as-long-as-they-can-be";

/// The day number of day 0.
pub const FIRST_DAY: u32 = 740_000;

/// An hour of a day. The days 0 and 1 are kept in different shards.
pub fn slot(day: u32, hour: &str) -> Slot {
    Slot {
        date: Date::from_day_number(FIRST_DAY + day).expect("a day of the calendar"),
        hour: Hour::parse(hour).expect("an hour"),
    }
}

/// Opens a new journal.
pub fn open(disk: &Disk, segment_size: u64) -> Arc<Journal> {
    open_with(disk, segment_size, Durability::Always)
}

/// Opens a new journal with this durability.
pub fn open_with(disk: &Disk, segment_size: u64, durability: Durability) -> Arc<Journal> {
    open_keeping(disk, segment_size, durability, RECENT_BYTES)
}

/// Opens a new journal that keeps so many bytes of recent commits.
pub fn open_keeping(
    disk: &Disk,
    segment_size: u64,
    durability: Durability,
    recent_bytes: usize,
) -> Arc<Journal> {
    let base = Base { fresh: true, ..Base::default() };
    let options =
        Options { durability, segment_size, keep_bytes: 0, base, newest_snapshot: None, recent_bytes };
    let opening = Journal::read(disk.of_journal(), options, &mut |_| Ok(()));
    let opened = opening.and_then(Opening::open);
    Arc::new(opened.expect("no disk error").0)
}

/// The clock of a store.
pub fn clock() -> Arc<Clock> {
    Arc::new(Clock::new(Arc::new(ManualTime::new(0)), None))
}

/// Waits as the reply of a request with this context does.
pub fn release(store: &Store, context: state::Context) {
    block_on(store.log().wait_durable(context.depends_on.0));
}

/// Appends a commit that is identified by its day.
pub fn append(journal: &Journal, day: u32) -> Result<Sequence, AppendError> {
    let appended = journal.append(0, None, &[BlockTaken { slot: slot(day, "09:00"), who: WHO }.into()])?;
    Ok(appended.sequence)
}

/// Appends a commit, and waits for capacity.
pub fn append_when_possible(journal: &Journal, day: u32) -> Sequence {
    loop {
        match append(journal, day) {
            Ok(sequence) => return sequence,
            Err(AppendError::Backpressure) => block_on(journal.capacity()),
            Err(refused) => panic!("{refused}"),
        }
    }
}

/// Asserts that the commit of this day is on the disk, or in the snapshot.
#[track_caller]
pub fn assert_on_disk(disk: &Disk, sequence: Sequence, day: u32, snapshot: Sequence) {
    if sequence > snapshot {
        let found = disk.after_power_cut().days(snapshot);
        let at = usize::try_from(sequence.0 - snapshot.0 - 1).expect("few commits");
        assert_eq!(found.get(at), Some(&day), "waited for {sequence:?}; on the disk are {found:?}");
    }
}

/// A waker that records wake-ups.
struct WakeRecorder {
    woken: AtomicBool,
    waker: Waker,
}

impl Wake for WakeRecorder {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
        self.waker.wake_by_ref();
    }
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitOutcome {
    /// It became ready, and the waiter was woken for it.
    Woken,
    /// It became ready, and the waiter was woken only by the end.
    ReadyAtEnd,
    /// It did not become ready.
    Never,
}

/// Waits for `what` or for `end`, after which no wake-up comes.
pub fn wait_unless(what: impl Future<Output = ()>, end: impl Future<Output = ()>) -> WaitOutcome {
    let (mut what, mut end) = (pin!(what), pin!(end));
    let mut recorder: Option<Arc<WakeRecorder>> = None;
    block_on(poll_fn(|context| {
        let has_waited = recorder.is_some();
        let recorder = recorder.get_or_insert_with(|| {
            Arc::new(WakeRecorder { woken: AtomicBool::new(false), waker: context.waker().clone() })
        });
        let waker = Waker::from(recorder.clone());
        let mut poll = || what.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        let is_ready = poll();
        if is_ready && !has_waited {
            return Poll::Ready(WaitOutcome::Woken);
        }
        let ended = end.as_mut().poll(context).is_ready();
        match (is_ready || ended && poll(), ended) {
            (true, true) if !recorder.woken.load(Ordering::Relaxed) => Poll::Ready(WaitOutcome::ReadyAtEnd),
            (true, _) => Poll::Ready(WaitOutcome::Woken),
            (false, true) => Poll::Ready(WaitOutcome::Never),
            (false, false) => Poll::Pending,
        }
    }))
}
