//! The locks and threads of the store, the journal and the clock: the standard library's.
//!
//! These import them only from here. `tests/shuttle` compiles the same source files with
//! shuttle's locks and threads instead, whose scheduler explores interleavings.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, fence};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::thread;

/// Runs the body of a unit test that uses locks. Those of shuttle work only in a scenario.
#[cfg(test)]
pub(crate) fn test(body: impl Fn() + Send + Sync + 'static) {
    body();
}
