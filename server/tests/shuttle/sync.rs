//! What stands in the place of the library's `sync`: locks and threads that shuttle knows of.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LockResult, PoisonError};
use std::time::Duration;

pub use shuttle::sync::atomic::AtomicU64;
pub use shuttle::sync::{Mutex, MutexGuard};
pub use shuttle::thread;

std::thread_local! {
    /// Shuttle runs all of a scenario's threads on one of the system's.
    static TIME_PASSES: Cell<bool> = const { Cell::new(true) };
}

/// From now on waits end by time, or never do. Where time stands still, nothing but a wake-up ends a wait:
/// what a durability marker or another try a second later would put right after all, is found.
pub fn let_time_pass(passes: bool) {
    TIME_PASSES.set(passes);
}

/// Shuttle's, with waits that can end by time: shuttle's own never do.
#[derive(Debug, Default)]
pub struct Condvar(Arc<shuttle::sync::Condvar>);

/// Did a wait end by time?
#[derive(Debug)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// It did.
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// Nobody waits for it yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits to be notified.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.0.wait(guard)
    }

    /// Waits to be notified, or until the time is over. When that is, the schedule decides; never, where time
    /// stands still. As with every condition variable, somebody may be woken for no reason.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _after: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::new(AtomicBool::new(false));
        if TIME_PASSES.get() {
            let (condvar, over, ended) = (self.0.clone(), over.clone(), ended.clone());
            // Again and again: the first time, the wait may not have begun.
            thread::spawn(move || {
                loop {
                    thread::yield_now();
                    if ended.load(Ordering::Relaxed) {
                        break;
                    }
                    over.store(true, Ordering::Relaxed);
                    condvar.notify_all();
                }
            });
        }
        let guard = self.0.wait(guard);
        ended.store(true, Ordering::Relaxed);
        let result = WaitTimeoutResult(over.load(Ordering::Relaxed));
        match guard {
            Ok(guard) => Ok((guard, result)),
            Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), result))),
        }
    }

    /// Wakes one who waits.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all who wait.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
