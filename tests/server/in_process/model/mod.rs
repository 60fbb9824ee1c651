//! Randomized requests to the server and to a naive model, whose replies are compared. After every restart
//! and at the end, all of the state is compared.
//!
//! The model is written from protocol.md alone, without shards, journal or snapshots. There are few events,
//! people and hours, so that requests conflict. Many lines are invalid. Servers are restarted and killed, and
//! snapshots are made, at random points.
//!
//! It would fail if a reply differed from protocol.md, if a restart lost or invented a change, or if a
//! refused request changed anything. A failure prints its seed and the shortest list of steps that fails.
//! `BOOKLINE_TEST_SEED=n` runs one seed, `BOOKLINE_TEST_SEEDS=n` the first n seeds.

pub mod line;
// The tests of the offline commands use the model, too.
#[allow(dead_code)]
pub mod naive;
mod run;
mod shrink;
pub mod steps;

use std::fmt::Write;

use crate::common::Rng;
use crate::common::environment::seeds;
use run::{Failure, run};
use steps::{Conditions, Step};

/// The number of steps in a scenario.
const STEPS: usize = 250;

/// The number of scenarios by default: ten seconds on two cores.
const SCENARIOS: u64 = 40;

/// The number of threads. A scenario mostly waits for the disk.
const THREADS: u64 = 4;

#[test]
fn replies_equal_those_of_the_model() {
    let seeds = seeds(SCENARIOS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let seeds = seeds.clone().filter(move |seed| seed % THREADS == thread);
            scope.spawn(move || seeds.for_each(|seed| run_scenario(seed, thread)));
        }
    });
}

/// Runs a scenario. Panics with the shortest list of steps that fails.
fn run_scenario(seed: u64, thread: u64) {
    // A server that aborts the process also ends the test. Then this file contains the seed.
    let note = format!("{}/model-{thread}.seed", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(note, seed.to_string()).expect("a temporary directory");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut rng = Rng::new(seed);
    let conditions = Conditions::draw(&mut rng);
    let steps: Vec<Step> = (0..STEPS).map(|_| Step::draw(&mut rng, conditions)).collect();
    let mut attempt = |steps: &[Step]| runtime.block_on(run(steps, conditions));
    if let Err(failure) = attempt(&steps) {
        let (steps, failure) = shrink::shrink(steps, failure, &mut attempt);
        panic!("{}", report(seed, conditions, &steps, &failure));
    }
}

fn report(seed: u64, conditions: Conditions, steps: &[Step], failure: &Failure) -> String {
    let mut text = format!("seed {seed} (repeat with BOOKLINE_TEST_SEED={seed}), {conditions:?}\n");
    for line in &failure.transcript {
        writeln!(text, "    {line}").expect("write to a string");
    }
    write!(text, "{} (the last of {} steps)", failure.what, steps.len()).expect("write to a string");
    text
}
