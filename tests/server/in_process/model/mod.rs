//! The server against a naive model: the same commands, drawn from a seed, compared reply by reply and,
//! behind every restart and in the end, by all that there is to see.
//!
//! The model is one list of things written from the protocol's document: no shards, no journal, no snapshots.
//! Events, people and hours are few, so that they collide; a good part of the lines is wrong in one way or
//! another; servers are stopped, killed and started, and snapshots made, at points drawn like everything
//! else.
//!
//! It would fail if any reply differed from what the document promises, if a restart lost or invented
//! anything, or if a refused line changed anything. A failure prints its seed and the shortest list of lines
//! that still fails. `BOOKLINE_TEST_SEED=n` runs that one alone, `BOOKLINE_TEST_SEEDS=n` so many of them.

pub mod line;
// The offline commands are tried against the same model, and use more of it.
#[allow(dead_code)]
pub mod naive;
mod run;
mod shrink;
pub mod steps;

use std::fmt::Write;

use crate::in_process::common::{Rng, seeds};
use run::{Failure, run};
use steps::{Conditions, Step};

/// Steps of one scenario.
const STEPS: usize = 250;

/// Stories in an ordinary run: some ten seconds on two cores.
const STORIES: u64 = 40;

/// Stories at a time: most of their time is a disk's.
const AT_A_TIME: u64 = 4;

#[test]
fn the_server_answers_as_the_model_does() {
    let seeds = seeds(STORIES);
    std::thread::scope(|scope| {
        for lane in 0..AT_A_TIME {
            let mine = seeds.clone().filter(move |seed| seed % AT_A_TIME == lane);
            scope.spawn(move || mine.for_each(|seed| tell(seed, lane)));
        }
    });
}

/// Lives one scenario; panics if it goes wrong.
fn tell(seed: u64, lane: u64) {
    // A server that ends its process takes the test with it: then the seed stands here.
    let note = format!("{}/model-{lane}.seed", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(note, seed.to_string()).expect("a place for temporary files");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut rng = Rng::new(seed);
    let conditions = Conditions::draw(&mut rng);
    let steps: Vec<Step> = (0..STEPS).map(|_| Step::draw(&mut rng, conditions)).collect();
    let mut attempt = |steps: &[Step]| runtime.block_on(run(steps, conditions));
    if let Err(failure) = attempt(&steps) {
        let (steps, failure) = shrink::shrink(steps, failure, &mut attempt);
        panic!("{}", told(seed, conditions, &steps, &failure));
    }
}

fn told(seed: u64, conditions: Conditions, steps: &[Step], failure: &Failure) -> String {
    let mut text = format!("seed {seed} (repeat with BOOKLINE_TEST_SEED={seed}), {conditions:?}\n");
    for line in &failure.said {
        writeln!(text, "    {line}").expect("a string takes everything");
    }
    write!(text, "{} (the last of {} steps)", failure.what, steps.len()).expect("a string takes everything");
    text
}
