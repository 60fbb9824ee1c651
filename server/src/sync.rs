//! The locks and threads that the store and the journal stand on: the standard library's.
//!
//! They are named here and nowhere else in those two, because `tests/shuttle` takes in the same source files
//! with shuttle's in their place, and so decides itself who comes next.

pub(crate) use std::sync::atomic::AtomicU64;
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::thread;
