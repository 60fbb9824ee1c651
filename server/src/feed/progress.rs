//! When a watcher is told how far it has seen.

use std::time::Duration;

use tokio::time::Instant;

/// A watcher gets a progress line at least this often. The protocol promises 30 s.
const EVERY: Duration = Duration::from_secs(25);

/// When the next progress line is due.
#[derive(Debug)]
pub(super) struct Progress {
    due: Instant,
}

impl Progress {
    pub fn new() -> Self {
        Self { due: Instant::now() + EVERY }
    }

    pub fn due(&self) -> Instant {
        self.due
    }

    pub fn is_due(&self) -> bool {
        Instant::now() >= self.due
    }
}
