//! Waiting for what a process does by itself.

use std::thread;
use std::time::{Duration, Instant};

use bookline_testkit::HANG_TIMEOUT;

/// Between two looks: the processors are for those who are waited for.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks until there is something. Panics with `what` after a minute.
#[track_caller]
pub fn poll<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + HANG_TIMEOUT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "within {HANG_TIMEOUT:?} there was not {what}");
        thread::sleep(PAUSE);
    }
}
