//! The simulated disk with shuttle's threads, which may run before each of its operations.

use std::sync::Arc;

use bookline_testkit::disk::{self, Faults, IoSource, SimDisk, Threads};
use shuttle::thread;

use crate::changes::{BlockTaken, Change};
use crate::codec::Sequence;
use crate::codec::segment_header::{MAGIC, SegmentHeader};
use crate::explore::yield_point;
use crate::storage::journal::{self, Base};
use crate::waiting::FIRST_DAY;

/// The disk, which clones share.
#[derive(Debug, Clone)]
pub struct Disk(SimDisk);

impl Default for Disk {
    fn default() -> Self {
        let is_current = |name: &str| thread::current().name() == Some(name);
        Self(SimDisk::of_threads(Threads { is_current, before_operation: yield_point }, 0))
    }
}

impl Disk {
    /// The disk as the journal uses it.
    pub fn of_journal(&self) -> Arc<dyn journal::Disk> {
        Arc::new(self.0.clone())
    }

    /// Sets whether no file can grow.
    pub fn set_full(&self, full: bool) {
        self.0.set_faults(Faults { capacity: full.then_some(0), ..Faults::default() });
    }

    /// Makes the committer's `nth` write from now on fail, counted from zero.
    pub fn fail_write_in(&self, nth: u64) {
        let fail_write = Some(self.0.counts(IoSource::Foreground).writes + 1 + nth);
        self.0.set_faults(Faults { fail_write, ..Faults::default() });
    }

    /// The same for a sync.
    pub fn fail_sync_in(&self, nth: u64) {
        let fail_sync = Some(self.0.counts(IoSource::Foreground).syncs + 1 + nth);
        self.0.set_faults(Faults { fail_sync, ..Faults::default() });
    }

    /// Whether the committer's operation has failed.
    pub fn has_failed(&self) -> bool {
        self.0.has_failed(IoSource::Foreground)
    }

    /// The files after a power cut now, if it loses everything that is not synced. Asserts that the committer
    /// has written within its segments.
    pub fn after_power_cut(&self) -> Image {
        let image = self.0.image();
        for segment in image.segments() {
            let bytes = image.bytes(&segment);
            let header = SegmentHeader::decode(bytes, MAGIC).expect("a valid header");
            assert_eq!(header.length, Some(bytes.len() as u64), "{segment} has grown");
        }
        Image(self.0.durable_image())
    }
}

/// The files after a power cut. Reading them lets no other thread run.
#[derive(Debug)]
pub struct Image(disk::Image);

impl Image {
    /// Passes every change after `snapshot` to `see`, with the sequence number of its commit, and returns the
    /// last sequence number. Panics if recovery refuses the journal.
    pub fn read(&self, snapshot: Sequence, mut see: impl FnMut(Sequence, &Change<'_>)) -> Sequence {
        let base = Base { snapshot, known_durable: snapshot, clean_stop: None, fresh: false };
        let recovered = journal::check(&self.0, base, &mut |commit| {
            for change in commit.changes() {
                see(commit.sequence, &change.expect("a valid change"));
            }
            Ok(())
        });
        recovered.unwrap_or_else(|refused| panic!("after a power cut: {refused}")).last
    }

    /// The days of all commits after `snapshot`. Tests identify commits by their days.
    pub fn days(&self, snapshot: Sequence) -> Vec<u32> {
        let mut days = Vec::new();
        let mut next = snapshot.next();
        self.read(snapshot, |sequence, change| {
            assert_eq!(sequence, next, "a gap, or a commit of more than one change");
            next = next.next();
            let Change::BlockTaken(BlockTaken { slot, .. }) = change else {
                panic!("another change: {change:?}")
            };
            days.push(slot.date.day_number() - FIRST_DAY);
        });
        days
    }
}
