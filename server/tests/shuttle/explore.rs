//! How many schedules, and which.

use std::time::Duration;

use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, Runner};

use crate::common::number;
use crate::sync::let_time_pass;

/// Schedules of each kind, for each scenario: together some seconds.
const SCHEDULES: usize = 1000;

/// So many times somebody is held up although nothing holds them: two or three are what most bugs take
/// (Burckhardt et al., 2010).
const CHANGES: usize = 3;

/// Recovery reads with more on its stack than shuttle gives a thread.
const STACK: usize = 256 << 10;

/// Runs the scenario under many schedules: half of them draw who comes next at every step, half let the one
/// with the highest priority run until it waits, and change priorities a few times. In half of them time
/// stands still.
pub fn explore(scenario: impl Fn() + Send + Sync + Copy + 'static) {
    let scenario = move || {
        // Drawn by shuttle, so that the schedule says it.
        let_time_pass(thread_rng().r#gen());
        scenario();
    };
    if let Ok(schedule) = std::env::var("BOOKLINE_TEST_SCHEDULE") {
        run(ReplayScheduler::new_from_encoded(schedule.trim()), scenario);
        return;
    }
    let count = number("BOOKLINE_TEST_SEEDS").map_or(SCHEDULES, |n| usize::try_from(n).expect("a number"));
    let seed = number("BOOKLINE_TEST_SEED").unwrap_or(0);
    run(RandomScheduler::new_from_seed(seed, count), scenario);
    run(PctScheduler::new_from_seed(seed, CHANGES, count), scenario);
}

/// A moment at which others may go first. Shuttle's threads never really sleep.
pub fn step() {
    shuttle::thread::sleep(Duration::ZERO);
}

fn run(scheduler: impl Scheduler + 'static, scenario: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = STACK;
    // It would say that it takes every memory order for the strictest.
    config.silence_warnings = true;
    // What runs while a failed scenario ends could only hide why.
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    Runner::new(scheduler, config).run(scenario);
}
