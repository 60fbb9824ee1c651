//! What clients of the journal do: append, wait, and look whether what they were told is true.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bookline_protocol::{Date, Hour, Slot};
use shuttle::future::block_on;

use crate::codec::Sequence;
use crate::disk::Disk;
use crate::domain::Change;
use crate::storage::journal::{AppendError, Base, Durability, Journal, Opening, Options};

/// Room for all that a scenario writes.
pub const ONE_SEGMENT: u64 = 16 << 10;

/// Room for two commits of [`append`].
pub const TINY_SEGMENTS: u64 = 1 << 10;

/// A name of such a length that a commit fills a good part of a tiny segment.
const WHO: &str = "somebody-with-a-name-of-sixty-letters-as-long-as-they-can-be";

/// Days are counted from here, a day of our time.
pub const FIRST_DAY: u32 = 740_000;

/// An hour of a day. The days 0 and 1 are kept in different shards.
pub fn slot(day: u32, hour: &str) -> Slot {
    Slot {
        date: Date::from_day_number(FIRST_DAY + day).expect("a day of the calendar"),
        hour: Hour::parse(hour).expect("an hour"),
    }
}

/// A new journal.
pub fn open(disk: &Disk, segment_size: u64) -> Arc<Journal> {
    open_with(disk, segment_size, Durability::Always)
}

/// The same, with another durability.
pub fn open_with(disk: &Disk, segment_size: u64, durability: Durability) -> Arc<Journal> {
    let base = Base { fresh: true, ..Base::default() };
    let options = Options { durability, segment_size, base, newest_snapshot: None };
    let opening = Journal::read(Arc::new(disk.clone()), options, &mut |_| Ok(()));
    let opened = opening.and_then(Opening::open);
    Arc::new(opened.expect("nothing is wrong with the disk yet").0)
}

/// Appends a commit that is told from others by its day.
pub fn append(journal: &Journal, day: u32) -> Result<Sequence, AppendError> {
    journal.append(0, &[Change::BlockTaken { slot: slot(day, "09:00"), who: WHO }])
}

/// The same, as soon as there is room.
pub fn append_soon(journal: &Journal, day: u32) -> Sequence {
    loop {
        match append(journal, day) {
            Ok(sequence) => return sequence,
            Err(AppendError::Backpressure) => block_on(journal.capacity()),
            Err(refused) => panic!("{refused}"),
        }
    }
}

/// Somebody was told that the commit of this day is durable: is it? Snapshots hold what is up to `snapshot`.
#[track_caller]
pub fn assert_on_disk(disk: &Disk, sequence: Sequence, day: u32, snapshot: Sequence) {
    if sequence > snapshot {
        let found = disk.after_a_power_cut().days(snapshot);
        let at = usize::try_from(sequence.0 - snapshot.0 - 1).expect("few commits");
        assert_eq!(found.get(at), Some(&day), "told of {sequence:?}; on the disk are {found:?}");
    }
}

/// Passes a wake-up on and takes note of it.
struct Bell {
    rang: AtomicBool,
    waker: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rang.store(true, Ordering::Relaxed);
        self.waker.wake_by_ref();
    }
}

/// How waiting for something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// It came, and who waited was woken for it.
    Told,
    /// It came, and who waited saw it only when the end woke them.
    Late,
    /// It never came.
    InVain,
}

/// Waits for `what` or, if it does not come, for the `end`, after which nobody wakes anybody.
pub fn wait_unless(what: impl Future<Output = ()>, end: impl Future<Output = ()>) -> Waited {
    let (mut what, mut end) = (pin!(what), pin!(end));
    let mut bell: Option<Arc<Bell>> = None;
    block_on(poll_fn(|context| {
        let has_waited = bell.is_some();
        let bell = bell.get_or_insert_with(|| {
            Arc::new(Bell { rang: AtomicBool::new(false), waker: context.waker().clone() })
        });
        let waker = Waker::from(bell.clone());
        let mut poll = || what.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        let came = poll();
        if came && !has_waited {
            return Poll::Ready(Waited::Told);
        }
        let ended = end.as_mut().poll(context).is_ready();
        match (came || ended && poll(), ended) {
            (true, true) if !bell.rang.load(Ordering::Relaxed) => Poll::Ready(Waited::Late),
            (true, _) => Poll::Ready(Waited::Told),
            (false, true) => Poll::Ready(Waited::InVain),
            (false, false) => Poll::Pending,
        }
    }))
}
