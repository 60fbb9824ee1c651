//! Replay equals live: random requests, and watchers that are cut and go on, over restarts, kills and
//! snapshots that trim the log. From changes alone a copy is rebuilt that equals the state of the server.
//!
//! It would fail if a change were lost, repeated, out of order, within the lines of another commit, told to
//! somebody else, not told by all that changed, or taken back by a crash.

mod calendars;
mod copy;
mod held;
mod pipelined;
mod progress;
mod scenario;
mod seams;
mod watcher;

use bookline_testkit::seeds::for_each_seed;

/// The number of scenarios by default: four seconds on two cores.
const SCENARIOS: u64 = 16;

#[test]
fn a_copy_rebuilt_from_changes_equals_the_state() {
    for_each_seed(SCENARIOS, |seed| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        if let Err((what, transcript)) = runtime.block_on(scenario::run(seed)) {
            let from = transcript.len().saturating_sub(60);
            panic!("seed {seed}: {what}\n    {}", transcript[from..].join("\n    "));
        }
    });
}
