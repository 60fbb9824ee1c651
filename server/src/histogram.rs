//! A histogram that threads add to without a lock.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Upper bounds of waits, in microseconds: from a sync of a fast disk to a disk that hardly answers.
pub const WAIT_MICROS: &[u64] = &[
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
    2_000_000, 5_000_000, 10_000_000, 30_000_000,
];

/// Upper bounds of counts of commits.
pub const COMMITS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192];

/// How often values were observed up to each of some bounds.
#[derive(Debug)]
pub struct Histogram {
    /// The inclusive upper bounds of the buckets, ascending. One more bucket has all larger values.
    bounds: &'static [u64],
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What was observed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Upper bounds, and how many values each bucket has. The last one, `None`, has no bound.
    pub buckets: Vec<(Option<u64>, u64)>,
    pub count: u64,
    pub sum: u64,
}

impl Histogram {
    pub fn new(bounds: &'static [u64]) -> Self {
        let counts = std::iter::repeat_with(AtomicU64::default).take(bounds.len() + 1).collect();
        Self { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// Adds a value that was observed so many times.
    pub fn observe(&self, value: u64, times: u64) {
        let bucket = self.bounds.partition_point(|&bound| bound < value);
        self.counts[bucket].fetch_add(times, Relaxed);
        self.sum.fetch_add(value.saturating_mul(times), Relaxed);
    }

    /// The sum may lack, or have, values of the last moment that the counts do not.
    pub fn observed(&self) -> Observed {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        let buckets: Vec<_> =
            bounds.zip(&self.counts).map(|(bound, count)| (bound, count.load(Relaxed))).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        Observed { buckets, count, sum: self.sum.load(Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_up_to_their_bounds_and_above_all_of_them() {
        let histogram = Histogram::new(&[1, 10]);
        for (value, times) in [(0, 1), (1, 2), (2, 3), (10, 4), (11, 5)] {
            histogram.observe(value, times);
        }
        let Observed { buckets, count, sum } = histogram.observed();
        assert_eq!(buckets, [(Some(1), 3), (Some(10), 7), (None, 5)]);
        assert_eq!((count, sum), (15, 2 + 6 + 40 + 55));
    }
}
