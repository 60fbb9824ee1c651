//! The snapshots that were made since the start.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

/// The snapshots that were made since the start.
#[derive(Debug, Default)]
pub struct History {
    last: Mutex<Option<LastMade>>,
    failures: AtomicU64,
}

/// The last snapshot that was made, or found to be there already.
#[derive(Debug, Clone, Copy)]
pub struct LastMade {
    pub at: SystemTime,
    /// Its length in bytes.
    pub bytes: u64,
    /// The time that it took.
    pub took: Duration,
}

impl History {
    pub fn note_made(&self, bytes: u64, took: Duration) {
        *self.lock() = Some(LastMade { at: SystemTime::now(), bytes, took });
    }

    pub fn note_failure(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    /// The last one since the start, if there was one.
    pub fn last(&self) -> Option<LastMade> {
        *self.lock()
    }

    /// Attempts that failed since the start.
    pub fn failures(&self) -> u64 {
        self.failures.load(Relaxed)
    }

    /// Nothing under this lock panics.
    fn lock(&self) -> MutexGuard<'_, Option<LastMade>> {
        self.last.lock().unwrap_or_else(|e| e.into_inner())
    }
}
