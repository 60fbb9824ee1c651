//! The exploration of schedules.

use std::time::Duration;

use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, Runner};

use crate::sync::set_timeouts;
use bookline_testkit::seeds::number;

/// The number of schedules of each kind for each scenario. Together they take some seconds.
const SCHEDULES_PER_KIND: usize = 1000;

/// The number of priority changes in a schedule. Most bugs need two or three (Burckhardt et al., 2010).
const PRIORITY_CHANGES: usize = 3;

/// The stack of a thread. Recovery needs more than shuttle's default.
const STACK_BYTES: usize = 256 << 10;

/// Runs the scenario under many schedules. Half of them choose the next thread at random at every step, half
/// run the thread with the highest priority until it waits, and change priorities a few times. Half of them
/// have timeouts.
pub fn explore(scenario: impl Fn() + Send + Sync + Copy + 'static) {
    let scenario = move || {
        // Drawn by shuttle, so that a recorded schedule includes it.
        set_timeouts(thread_rng().r#gen());
        scenario();
    };
    if let Ok(schedule) = std::env::var("BOOKLINE_TEST_SCHEDULE") {
        run(ReplayScheduler::new_from_encoded(schedule.trim()), scenario);
        return;
    }
    let count =
        number("BOOKLINE_TEST_SEEDS").map_or(SCHEDULES_PER_KIND, |n| usize::try_from(n).expect("a number"));
    let seed = number("BOOKLINE_TEST_SEED").unwrap_or(0);
    run(RandomScheduler::new_from_seed(seed, count), scenario);
    run(PctScheduler::new_from_seed(seed, PRIORITY_CHANGES, count), scenario);
}

/// Lets other threads run. Shuttle's threads do not really sleep.
pub fn yield_point() {
    shuttle::thread::sleep(Duration::ZERO);
}

fn run(scheduler: impl Scheduler + 'static, scenario: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    // Shuttle warns that it treats every memory order as sequentially consistent.
    config.silence_warnings = true;
    // Threads that run after a panic could hide its cause.
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    Runner::new(scheduler, config).run(scenario);
}
