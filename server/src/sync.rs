//! The locks and threads of the store and the journal: the standard library's.
//!
//! The store and the journal import them only from here. `tests/shuttle` compiles the same source files with
//! shuttle's locks and threads instead, whose scheduler explores interleavings.

pub(crate) use std::sync::atomic::AtomicU64;
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::thread;
