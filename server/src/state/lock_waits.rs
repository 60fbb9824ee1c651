//! How often, and for how long, threads have waited for the locks of shards.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The waits so far. A lock that was free is none.
#[derive(Debug, Default)]
pub struct LockWaits {
    count: AtomicU64,
    nanos: AtomicU64,
}

impl LockWaits {
    pub fn add(&self, wait: Duration) {
        self.count.fetch_add(1, Relaxed);
        self.nanos.fetch_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    pub fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// Of all waits together.
    pub fn time(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Relaxed))
    }
}
