//! A seeded random number generator, and a runner for randomized tests.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;

/// SplitMix64 (Steele, Lea and Flood, 2014). Its sequence does not depend on the version of a library.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `range`. The bias of the remainder does not matter here.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.within(0..n as u64)).expect("n is a usize")
    }

    /// True with a probability of one in `n`.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }
}

/// The number of threads that run scenarios. A scenario mostly waits for the threads of its journal.
const THREADS: usize = 4;

/// Runs `test` with each seed, and prints the seed of a failure.
pub fn for_each_seed(default_count: u64, test: impl Fn(u64) + Sync) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a seed is a number"));
    let mut seeds = match number("BOOKLINE_TEST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("BOOKLINE_TEST_SEEDS").unwrap_or(default_count),
    };
    let next = Mutex::new(&mut seeds);
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while failed.lock().expect("no panic").is_none() {
                    let Some(seed) = next.lock().expect("no panic").next() else { break };
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(seed))) {
                        *failed.lock().expect("no panic") = Some((seed, panic));
                    }
                }
            });
        }
    });
    if let Some((seed, panic)) = failed.into_inner().expect("no panic") {
        eprintln!("seed {seed} failed: BOOKLINE_TEST_SEED={seed} runs it again");
        resume_unwind(panic);
    }
}
