//! Finds that a log makes no progress.

use std::time::{Duration, Instant};

use super::statistics::Progress;

/// Compares how far a log has got with how far it had to get at an earlier look.
#[derive(Debug)]
pub struct StallCheck {
    /// Tells logs apart: a new one begins anew.
    log: u64,
    /// What has to be done for the log to have made progress.
    wanted: u64,
    since: Instant,
}

impl StallCheck {
    pub fn new(now: Instant) -> Self {
        Self { log: 0, wanted: 0, since: now }
    }

    /// For how long this log has not done what was wanted of it then. Zero if it has, or is another log than
    /// at the last look.
    pub fn stalled_for(&mut self, log: u64, progress: Progress, now: Instant) -> Duration {
        if log != self.log || progress.done >= self.wanted {
            *self = Self { log, wanted: progress.wanted, since: now };
        }
        now.saturating_duration_since(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_is_stalled_from_the_look_on_that_wanted_what_is_not_done() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut check = StallCheck::new(start);
        let mut stalled = |log, done, wanted, seconds| {
            check.stalled_for(log, Progress { done, wanted }, at(seconds)).as_secs()
        };
        assert_eq!(stalled(1, 5, 5, 0), 0);
        assert_eq!(stalled(1, 5, 5, 100), 0, "it has nothing to do");
        assert_eq!(stalled(1, 5, 7, 110), 0, "nothing was wanted before");
        assert_eq!(stalled(1, 6, 9, 120), 10, "a part is not enough");
        assert_eq!(stalled(1, 7, 9, 130), 0, "all that was wanted at 110 is done");
        assert_eq!(stalled(1, 8, 9, 140), 10);
        assert_eq!(stalled(2, 0, 1, 150), 0, "another log");
    }
}
