//! The seeds of randomized tests. `BOOKLINE_TEST_SEED=n` runs one seed, `BOOKLINE_TEST_SEEDS=n` the first n
//! seeds.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;

/// The number of threads that run seeds. A test mostly waits for the threads of its server.
const THREADS: usize = 4;

/// The number in this environment variable. Panics if it holds anything else.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// The seeds to run: `BOOKLINE_TEST_SEED` alone, or the first `BOOKLINE_TEST_SEEDS`.
fn seeds(default_count: u64) -> Range<u64> {
    match number("BOOKLINE_TEST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("BOOKLINE_TEST_SEEDS").unwrap_or(default_count),
    }
}

/// Runs `test` with each seed, a few at a time, and prints the seed of a failure.
pub fn for_each_seed(default_count: u64, test: impl Fn(u64) + Sync) {
    let next = Mutex::new(seeds(default_count));
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
