//! Whether the disk has space for the next segment. A snapshot makes old segments recyclable, and needs space
//! itself. So when space is short, a snapshot is made first, and the next segment takes what is left.

use std::io;

/// The newest snapshot, which bounds the size of the next one.
#[derive(Debug, Clone, Copy)]
struct Snapshot {
    /// Its length in bytes.
    newest: u64,
    /// The bytes of the journal that it holds.
    compacted: u64,
}

/// What is known of the free space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There was enough at the last check.
    Enough,
    /// There was too little, `free` bytes, and no snapshot was tried since.
    SnapshotFirst { free: u64 },
    /// There was too little, and a snapshot was tried.
    SnapshotTried,
}

/// Decides whether the next segment may be allocated from free space.
#[derive(Debug)]
pub(super) struct Space {
    /// `None` if no snapshots are made of this journal, so that no space is left for them.
    snapshot: Option<Snapshot>,
    phase: Phase,
}

impl Space {
    /// `newest_snapshot` is the length of the newest snapshot in bytes; `None` if no snapshots are made.
    pub fn new(newest_snapshot: Option<u64>) -> Self {
        let snapshot = newest_snapshot.map(|newest| Snapshot { newest, compacted: 0 });
        Self { snapshot, phase: Phase::Enough }
    }

    /// Decides whether a segment of `size` bytes may be allocated when `free` bytes are free and the journal
    /// has `written` bytes. All three are in bytes.
    ///
    /// # Errors
    ///
    /// The reason why not. Then a snapshot is wanted.
    pub fn reserve_segment(&mut self, size: u64, free: u64, written: u64) -> Result<(), String> {
        let Some(snapshot) = self.snapshot else { return Ok(()) };
        // A snapshot is no longer than the previous one and the journal since. Before it begins, the current
        // segment and this one may be filled.
        let snapshot_bytes_max = snapshot.newest + (written - snapshot.compacted) + 2 * size;
        let both = size.saturating_add(snapshot_bytes_max);
        let enough = match self.phase {
            Phase::Enough => free >= both,
            // Another program freed space: not a small part of what is missing, but at least a segment.
            Phase::SnapshotFirst { free: before } => free >= both.max(before.saturating_add(size)),
            Phase::SnapshotTried => free >= size,
        };
        if enough {
            self.phase = Phase::Enough;
            return Ok(());
        }
        self.set_short(free);
        Err(format!(
            "{free} bytes are free, {size} are wanted for the segment and up to {snapshot_bytes_max} for \
             the next snapshot, which comes first"
        ))
    }

    /// Records that too little space is available when `free` bytes are free. It is less than `free` under a
    /// quota or a limit.
    pub fn set_short(&mut self, free: u64) {
        if self.snapshot.is_none() {
            return;
        }
        let before = match self.phase {
            Phase::SnapshotFirst { free } => free,
            Phase::Enough | Phase::SnapshotTried => u64::MAX,
        };
        self.phase = Phase::SnapshotFirst { free: free.min(before) };
    }

    /// Whether a snapshot is wanted to free space.
    pub fn wants_snapshot(&self) -> bool {
        matches!(self.phase, Phase::SnapshotFirst { .. })
    }

    /// Whether a snapshot was tried since it was wanted.
    pub fn snapshot_tried(&self) -> bool {
        self.phase == Phase::SnapshotTried
    }

    /// Records that the wanted snapshot was tried, with or without success.
    pub fn set_snapshot_tried(&mut self) {
        if self.wants_snapshot() {
            self.phase = Phase::SnapshotTried;
        }
    }

    /// Records that a snapshot of `newest` bytes was made, which holds the first `compacted` bytes of the
    /// journal.
    pub fn set_newest_snapshot(&mut self, newest: u64, compacted: u64) {
        self.snapshot = Some(Snapshot { newest, compacted });
    }

    /// Records that the next segment needs no free space, because an old one is recycled.
    pub fn set_recycled(&mut self) {
        self.phase = Phase::Enough;
    }
}

/// Whether the disk has no space left for this operation. That includes a quota and the limit on file sizes
/// (EFBIG).
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
    fn a_segment_is_refused_that_takes_the_space_of_the_next_snapshot() {
        let mut space = Space::new(Some(50));
        // One segment, and a snapshot of the previous one, the bytes written and two segments to be filled.
        assert!(space.reserve_segment(SIZE, 100 + 50 + 30 + 200, 30).is_ok());
        assert!(space.reserve_segment(SIZE, 100 + 50 + 30 + 200 - 1, 30).is_err());
        assert!(space.wants_snapshot());
        space.set_newest_snapshot(60, 30);
        assert!(space.reserve_segment(SIZE, 100 + 60 + 200 - 1, 30).is_err());
    }

    #[test]
    fn after_a_tried_snapshot_a_segment_may_take_the_remaining_space() {
        let mut space = Space::new(Some(0));
        assert!(space.reserve_segment(SIZE, 150, 0).is_err());
        space.set_snapshot_tried();
        assert!(space.reserve_segment(SIZE, 99, 0).is_err(), "too little space even for the segment");
        assert!(space.wants_snapshot(), "another snapshot is wanted");
        space.set_snapshot_tried();
        assert!(space.reserve_segment(SIZE, 100, 0).is_ok());
        assert!(!space.wants_snapshot());
        assert!(space.reserve_segment(SIZE, 150, 0).is_err(), "the next segment waits for another snapshot");
    }

    #[test]
    fn space_freed_by_another_program_is_used_without_a_snapshot() {
        let mut space = Space::new(Some(0));
        assert!(space.reserve_segment(SIZE, 10, 0).is_err());
        assert!(space.reserve_segment(SIZE, 299, 0).is_err());
        assert!(space.reserve_segment(SIZE, 300, 0).is_ok());
    }

    /// Under a quota the free space that the system reports is not available.
    #[test]
    fn under_a_quota_a_snapshot_is_wanted_before_the_next_segment() {
        let mut space = Space::new(Some(0));
        assert!(space.reserve_segment(SIZE, 1_000, 0).is_ok());
        space.set_short(1_000);
        assert!(space.wants_snapshot());
        assert!(space.reserve_segment(SIZE, 1_000, 0).is_err());
        space.set_snapshot_tried();
        assert!(space.reserve_segment(SIZE, 1_000, 0).is_ok());
    }

    #[test]
    fn without_snapshots_no_space_is_left_for_them() {
        let mut space = Space::new(None);
        assert!(space.reserve_segment(SIZE, 0, 0).is_ok());
        space.set_short(0);
        assert!(!space.wants_snapshot());
    }
}
