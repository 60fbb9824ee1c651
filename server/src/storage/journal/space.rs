//! Whether the disk has space for the next segment. A snapshot sets old segments free, and needs space itself: where
//! there is little, it comes first, and a segment takes what is left.

use std::io;

/// What the next snapshot is made of.
#[derive(Debug, Clone, Copy)]
struct Snapshot {
    /// Bytes of the newest one.
    newest: u64,
    /// Bytes of the journal that it holds, of those that were written.
    compacted: u64,
}

/// What is known of the free space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There was enough when it was last looked at.
    Enough,
    /// There is too little, and a snapshot was not tried yet. So much was free then.
    SnapshotFirst { free: u64 },
    /// There is too little, and a snapshot was tried.
    SnapshotTried,
}

/// The space for segments to come.
#[derive(Debug)]
pub(super) struct Space {
    /// None where no snapshots are made: nothing has to be left for them.
    snapshot: Option<Snapshot>,
    phase: Phase,
}

impl Space {
    /// For a journal behind a snapshot of so many bytes, where snapshots are made.
    pub fn new(newest_snapshot: Option<u64>) -> Self {
        let snapshot = newest_snapshot.map(|newest| Snapshot { newest, compacted: 0 });
        Self { snapshot, phase: Phase::Enough }
    }

    /// May a segment of `size` bytes be made where `free` bytes are free and `written` bytes are in the journal? Says why
    /// not; then a snapshot is wanted.
    pub fn take(&mut self, size: u64, free: u64, written: u64) -> Result<(), String> {
        let Some(snapshot) = self.snapshot else { return Ok(()) };
        // A snapshot is no longer than the one before and the journal since. Before it is begun, the segment that is in
        // use now may be full, and this one, too.
        let wanted = snapshot.newest + (written - snapshot.compacted) + 2 * size;
        let both = size.saturating_add(wanted);
        let enough = match self.phase {
            Phase::Enough => free >= both,
            // Somebody made space, and not only a little of what is missing.
            Phase::SnapshotFirst { free: before } => free >= both.max(before.saturating_add(size)),
            Phase::SnapshotTried => free >= size,
        };
        if enough {
            self.phase = Phase::Enough;
            return Ok(());
        }
        self.run_short(free);
        Err(format!(
            "{free} bytes are free, {size} are wanted for the segment and up to {wanted} for the next snapshot, which \
             comes first"
        ))
    }

    /// A segment could not be made although so many bytes seemed to be free: there is a quota, or a limit.
    pub fn run_short(&mut self, free: u64) {
        if self.snapshot.is_none() {
            return;
        }
        let before = match self.phase {
            Phase::SnapshotFirst { free } => free,
            Phase::Enough | Phase::SnapshotTried => u64::MAX,
        };
        self.phase = Phase::SnapshotFirst { free: free.min(before) };
    }

    /// Is a snapshot wanted, so that there is space?
    pub fn wants_snapshot(&self) -> bool {
        matches!(self.phase, Phase::SnapshotFirst { .. })
    }

    /// Was it tried since it was wanted?
    pub fn snapshot_tried(&self) -> bool {
        self.phase == Phase::SnapshotTried
    }

    /// The snapshot that was wanted was made, or could not be.
    pub fn try_again(&mut self) {
        if self.wants_snapshot() {
            self.phase = Phase::SnapshotTried;
        }
    }

    /// A snapshot of so many bytes was made, which holds the journal's first `compacted` bytes.
    pub fn snapshot_made(&mut self, newest: u64, compacted: u64) {
        self.snapshot = Some(Snapshot { newest, compacted });
    }

    /// The next segment is made of an old one.
    pub fn got_one(&mut self) {
        self.phase = Phase::Enough;
    }
}

/// Does this error say that there is no space? A quota and a limit of the length of files (EFBIG) are that, too.
pub(super) fn is_out_of_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u64 = 100;

    #[test]
    fn a_segment_leaves_what_the_next_snapshot_may_take() {
        let mut space = Space::new(Some(50));
        // One segment, and a snapshot of the one before, of what is written and of what will be.
        assert!(space.take(SIZE, 100 + 50 + 30 + 200, 30).is_ok());
        assert!(space.take(SIZE, 100 + 50 + 30 + 200 - 1, 30).is_err());
        assert!(space.wants_snapshot());
        space.snapshot_made(60, 30);
        assert!(space.take(SIZE, 100 + 60 + 200 - 1, 30).is_err());
    }

    #[test]
    fn behind_a_snapshot_a_segment_takes_what_is_left() {
        let mut space = Space::new(Some(0));
        assert!(space.take(SIZE, 150, 0).is_err());
        space.try_again();
        assert!(space.take(SIZE, 99, 0).is_err(), "not what is not there");
        assert!(space.wants_snapshot(), "and another snapshot is wanted");
        space.try_again();
        assert!(space.take(SIZE, 100, 0).is_ok());
        assert!(!space.wants_snapshot());
        assert!(space.take(SIZE, 150, 0).is_err(), "the next one waits for its own");
    }

    #[test]
    fn space_that_others_make_is_taken_without_a_snapshot() {
        let mut space = Space::new(Some(0));
        assert!(space.take(SIZE, 10, 0).is_err());
        assert!(space.take(SIZE, 299, 0).is_err());
        assert!(space.take(SIZE, 300, 0).is_ok());
    }

    /// What the system says to be free is worth nothing under a quota.
    #[test]
    fn behind_a_quota_a_snapshot_comes_first_too() {
        let mut space = Space::new(Some(0));
        assert!(space.take(SIZE, 1_000, 0).is_ok());
        space.run_short(1_000);
        assert!(space.wants_snapshot());
        assert!(space.take(SIZE, 1_000, 0).is_err());
        space.try_again();
        assert!(space.take(SIZE, 1_000, 0).is_ok());
    }

    #[test]
    fn where_no_snapshots_are_made_nothing_is_left_for_them() {
        let mut space = Space::new(None);
        assert!(space.take(SIZE, 0, 0).is_ok());
        space.run_short(0);
        assert!(!space.wants_snapshot());
    }
}
