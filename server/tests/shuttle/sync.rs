//! The replacement of the library's `sync`: shuttle's locks and threads.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LockResult, PoisonError};
use std::time::Duration;

pub use shuttle::sync::atomic::{AtomicI64, AtomicU64, fence};
pub use shuttle::sync::{Mutex, MutexGuard};
pub use shuttle::thread;

/// Runs the body of a unit test that uses locks, as a scenario with one schedule.
pub fn test(body: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(body, 1);
}

std::thread_local! {
    /// It applies to all threads of a scenario, because shuttle runs them on one thread of the system.
    static TIMEOUTS: Cell<bool> = const { Cell::new(true) };
}

/// Sets whether waits time out. Without timeouts a wait ends only by a wake-up, so that a missing wake-up
/// shows that a durability marker or a retry would otherwise hide.
pub fn set_timeouts(passes: bool) {
    TIMEOUTS.set(passes);
}

/// Shuttle's condition variable, with timeouts, which shuttle itself does not have.
#[derive(Debug, Default)]
pub struct Condvar(Arc<shuttle::sync::Condvar>);

/// Whether a wait timed out.
#[derive(Debug)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether it timed out.
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// A condition variable without waiters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits for a notification.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.0.wait(guard)
    }

    /// Waits for a notification or for the timeout, which comes when the schedule decides, or never if
    /// timeouts are off. As with every condition variable, wake-ups may be spurious.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _after: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::new(AtomicBool::new(false));
        if TIMEOUTS.get() {
            let (condvar, over, ended) = (self.0.clone(), over.clone(), ended.clone());
            // Repeatedly, because the wait may not have begun at the first time.
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

    /// Wakes one waiter.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all waiters.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
