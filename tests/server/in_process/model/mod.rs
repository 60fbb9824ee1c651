//! Randomized requests to the server and to a naive model, whose replies are compared. After every restart
//! and at the end, all of the state is compared. The server is a complete one in this process, or one without
//! sockets on a log in memory.
//!
//! There are few events, people and hours, so that requests conflict. Many lines are invalid. Servers are
//! restarted and killed, and snapshots are made, at random points. Time passes only when a step says so, to
//! just before, at and after the deadlines of holds. Due holds are ended, and ended ones forgotten, only by a
//! step, a start, or a request that needs their tickets.
//!
//! It would fail if a reply differed from protocol.md, if a restart lost or invented a change, or if a
//! refused request changed anything. A failure prints its seed and the shortest list of steps that fails.
//! `BOOKLINE_TEST_SEED=n` runs one seed, `BOOKLINE_TEST_SEEDS=n` the first n seeds.

mod in_memory;
pub mod moment;
pub mod run;
mod shrink;
pub mod steps;
mod transcript;

use std::fmt::Write;

use bookline_testkit::Rng;
use bookline_testkit::seeds::for_each_seed;

use steps::{Conditions, Step};
use transcript::Failure;

/// The number of steps in a scenario.
const STEPS: usize = 250;

/// The number of scenarios by default: five seconds on two cores.
const SCENARIOS: u64 = 60;

/// The number of scenarios in memory by default: three seconds.
const SCENARIOS_IN_MEMORY: u64 = 200;

#[test]
fn replies_equal_those_of_the_model() {
    for_each_seed(SCENARIOS, |seed| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        run_scenario("model", seed, |steps, conditions| runtime.block_on(run::run(steps, conditions)));
    });
}

#[test]
fn replies_on_a_log_in_memory_equal_those_of_the_model() {
    for_each_seed(SCENARIOS_IN_MEMORY, |seed| run_scenario("model-in-memory", seed, in_memory::run));
}

/// Runs a scenario. Panics with the shortest list of steps that fails.
fn run_scenario(name: &str, seed: u64, run: impl Fn(&[Step], Conditions) -> Result<(), Failure>) {
    // A server that aborts the process also ends the test. Then the name of this file is the seed.
    let note = format!("{}/{name}-{seed}.seed", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&note, "").expect("a temporary directory");
    let mut rng = Rng::new(seed);
    let conditions = Conditions::draw(&mut rng);
    let steps: Vec<Step> = (0..STEPS).map(|_| Step::draw(&mut rng, conditions)).collect();
    let mut attempt = |steps: &[Step]| run(steps, conditions);
    if let Err(failure) = attempt(&steps) {
        let (steps, failure) = shrink::shrink(steps, failure, &mut attempt);
        panic!("{}", report(seed, conditions, &steps, &failure));
    }
    std::fs::remove_file(note).expect("the file of this seed");
}

fn report(seed: u64, conditions: Conditions, steps: &[Step], failure: &Failure) -> String {
    let mut text = format!("seed {seed}, {conditions:?}\n");
    for line in &failure.transcript {
        writeln!(text, "    {line}").expect("write to a string");
    }
    write!(text, "{} (the last of {} steps)", failure.what, steps.len()).expect("write to a string");
    text
}
