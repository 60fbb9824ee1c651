//! The rules of reservation, pure: no sockets, no locks, no disks, no clock.
//!
//! A rule looks at one record, and accepts a request or rejects it.

pub mod account;
pub mod calendar;
mod event;
pub mod hold;
mod hour_set;
mod numbers;
pub mod rejection;
pub mod sale;
mod ticket_state;

pub use event::{EventUpdate, EventValues};
pub use hour_set::HourSet;
pub use numbers::{EntryNumber, EventKey, EventNumber};
pub use rejection::{
    AboveLimit, BelowSold, Busy, Contradiction, FreeingRejection, SaleRejection, SoldOut, TooLarge,
};
pub use ticket_state::TicketState;
