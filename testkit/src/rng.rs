//! A seeded random number generator.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use crate::seeds::number;

/// SplitMix64 (Steele, Lea and Flood, 2014). Its sequence does not depend on the version of a library.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Seeded by `BOOKLINE_TEST_SEED`, or at random. The seed is printed, so that a failed test shows it.
    pub fn from_environment() -> Self {
        let seed = number("BOOKLINE_TEST_SEED").unwrap_or_else(random);
        println!("seed {seed}: BOOKLINE_TEST_SEED={seed} runs it again");
        Self::new(seed)
    }

    /// Seeded at random, for what no test depends on.
    pub fn unseeded() -> Self {
        Self::new(random())
    }

    /// An independent generator, for another thread.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A number in `range`. The bias of the remainder does not matter here.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// The same for a count or an index.
    pub fn range(&mut self, from: usize, end: usize) -> usize {
        from + self.below(end - from)
    }

    /// True with a probability of 1 in `n`.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// One to `most` of these, in random order.
    pub fn some<T: Clone>(&mut self, of: &[T], most: usize) -> Vec<T> {
        let mut left = of.to_vec();
        let count = self.range(1, most.min(left.len()) + 1);
        (0..count).map(|_| left.swap_remove(self.below(left.len()))).collect()
    }
}

/// A random number.
fn random() -> u64 {
    RandomState::new().hash_one("bookline")
}
