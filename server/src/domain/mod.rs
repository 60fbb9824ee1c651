//! The rules of reservation, pure: no sockets, no locks, no disks, no clock.
//!
//! A rule looks at one record, and accepts a request or rejects it.

pub mod calendar;
mod event;
mod numbers;
pub mod rejection;
pub mod sale;

pub use event::{EventUpdate, EventValues};
pub use numbers::{EntryNumber, EventKey, EventNumber};
pub use rejection::{AboveLimit, BelowIssued, Busy, Contradiction, FreeingRejection, SaleRejection, SoldOut};
