//! The rules of reservation, pure: no sockets, no locks, no disks, no clock.
//!
//! A rule looks at one record and answers with what is to happen, or with a [`Refused`]. What happens is a [`Fact`];
//! facts are the only thing that changes state, live and in replay.

pub mod calendar;
pub mod fact;
pub mod impossible;
pub mod refused;
pub mod tickets;

pub use fact::{EntryNumber, EventKey, EventNumber, Fact};
pub use impossible::Impossible;
pub use refused::{Contradiction, Refused};
