//! The rules of reservation, pure: no sockets, no locks, no disks, no clock.
//!
//! A rule looks at one record and decides a [`Change`] or a [`Rejection`]. Changes are the only thing that
//! modifies state, both live and in replay.

pub mod calendar;
pub mod change;
pub mod rejection;
pub mod sale;
pub mod validation;

pub use change::{Change, EntryNumber, EventKey, EventNumber};
pub use rejection::{Contradiction, Rejection};
pub use validation::InvalidChange;
