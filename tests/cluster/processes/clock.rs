//! The time of requests and replies, for all clients.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Counts requests and replies of all clients in one order.
#[derive(Debug, Default)]
pub struct Clock(AtomicU64);

/// When a request was sent, or a reply was received.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The logical time: a reply that was received before a request was sent has the smaller one.
    pub tick: u64,
    pub at: Instant,
}

impl Clock {
    /// The time before what comes next, and after what was before.
    pub fn now(&self) -> Moment {
        Moment { tick: self.0.fetch_add(1, Ordering::SeqCst), at: Instant::now() }
    }
}
