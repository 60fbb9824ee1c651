//! The commits that were published last, from which those who follow the log read without the disk.

use std::collections::VecDeque;
use std::sync::Arc;

use super::commits::Commits;
use super::log::Recent;
use crate::codec::Sequence;
use crate::codec::frame;
use crate::sync::{Mutex, MutexGuard};

/// The bytes of recent commits that a server keeps: some ten thousand bookings, seconds of a busy server. Who
/// is further behind reads the segments, which are in the page cache.
pub const RECENT_BYTES_MAX: usize = 4 << 20;

/// What is kept of a frame beside its payload: two allocations and their headers.
const OVERHEAD_BYTES: usize = 128;

/// The largest frame does not displace all others.
const _: () = assert!(2 * (frame::PAYLOAD_BYTES_MAX + OVERHEAD_BYTES) <= RECENT_BYTES_MAX);

/// Recent commits, in order, without a gap. The oldest are displaced.
#[derive(Debug)]
pub struct RecentCommits {
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    commits: VecDeque<Arc<Commits>>,
    /// With [`OVERHEAD_BYTES`] for each.
    bytes: usize,
}

impl RecentCommits {
    /// Keeps at most `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, kept: Mutex::default() }
    }

    /// Adds commits that follow those that were added last. Nobody sees them before they are published.
    /// Commits that are larger than all that is kept are passed over, with those before them.
    pub fn add(&self, commits: impl Iterator<Item = Arc<Commits>>) {
        let mut kept = self.lock();
        for commits in commits {
            kept.bytes += commits.bytes() + OVERHEAD_BYTES;
            kept.commits.push_back(commits);
            while kept.bytes > self.bytes_max
                && let Some(oldest) = kept.commits.pop_front()
            {
                kept.bytes -= oldest.bytes() + OVERHEAD_BYTES;
            }
        }
    }

    /// The commits that follow `after`, if everything up to `published` was published.
    pub fn after(&self, after: Sequence, published: Sequence) -> Recent {
        if after >= published {
            return Recent::NoneYet;
        }
        let kept = self.lock();
        let following = kept.commits.partition_point(|commits| commits.last() <= after);
        match kept.commits.get(following) {
            Some(commits) if commits.first() <= after.next() && commits.last() <= published => {
                Recent::Commits(commits.clone())
            }
            _ => Recent::NotKept,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept
            .lock()
            .unwrap_or_else(|_| crate::fatal("a thread panicked while it held the recent commits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commits(first: u64, last: u64, bytes: usize) -> Arc<Commits> {
        Arc::new(Commits::new(Sequence(first), Sequence(last), vec![0; bytes].into()))
    }

    /// The first and last commit of what follows `after`.
    fn following(recent: &RecentCommits, after: u64, published: u64) -> Option<(u64, u64)> {
        match recent.after(Sequence(after), Sequence(published)) {
            Recent::Commits(commits) => Some((commits.first().0, commits.last().0)),
            Recent::NoneYet | Recent::NotKept => None,
        }
    }

    #[test]
    fn what_follows_is_found_within_and_between_frames() {
        crate::sync::test(|| {
            let recent = RecentCommits::new(1 << 20);
            recent.add([commits(5, 7, 10), commits(8, 8, 10), commits(9, 12, 10)].into_iter());
            for (after, expected) in [
                (3, None),
                (4, Some((5, 7))),
                (6, Some((5, 7))),
                (7, Some((8, 8))),
                (8, Some((9, 12))),
                (11, Some((9, 12))),
                (12, None),
            ] {
                assert_eq!(following(&recent, after, 12), expected, "after {after}");
            }
            assert!(matches!(recent.after(Sequence(3), Sequence(12)), Recent::NotKept));
            assert!(matches!(recent.after(Sequence(12), Sequence(12)), Recent::NoneYet));
            assert!(matches!(recent.after(Sequence(20), Sequence(12)), Recent::NoneYet));
        });
    }

    #[test]
    fn commits_that_are_not_published_are_not_returned() {
        crate::sync::test(|| {
            let recent = RecentCommits::new(1 << 20);
            recent.add([commits(1, 2, 10), commits(3, 4, 10)].into_iter());
            assert_eq!(following(&recent, 1, 2), Some((1, 2)));
            assert!(matches!(recent.after(Sequence(2), Sequence(2)), Recent::NoneYet));
        });
    }

    #[test]
    fn the_oldest_are_displaced_and_a_frame_larger_than_all_displaces_itself() {
        crate::sync::test(|| {
            let recent = RecentCommits::new(2 * (100 + OVERHEAD_BYTES));
            recent.add([commits(1, 2, 100), commits(3, 3, 100), commits(4, 6, 100)].into_iter());
            assert!(matches!(recent.after(Sequence(1), Sequence(6)), Recent::NotKept));
            assert_eq!(following(&recent, 2, 6), Some((3, 3)));
            recent.add(std::iter::once(commits(7, 7, 1_000)));
            assert!(matches!(recent.after(Sequence(6), Sequence(7)), Recent::NotKept));
            recent.add(std::iter::once(commits(8, 8, 200)));
            assert_eq!(following(&recent, 7, 8), Some((8, 8)));
            assert_eq!(recent.lock().bytes, 200 + OVERHEAD_BYTES);
        });
    }
}
