//! A naive model of the server: protocol.md in the simplest implementation, without shards, journal or
//! snapshots.

mod calendar;
mod check;
mod clash;
mod entry;
mod event;
mod keys;
mod line;
mod naive;
mod recurrence;
mod request;
mod sales;
mod slot;
mod time_search;

pub use calendar::Calendar;
pub use check::{CheckResult, Outcome, check_outcome};
pub use line::{invalid_line, request_line};
pub use naive::Model;
pub use recurrence::{Every, Recurrence, RecurrenceEnd};
pub use request::{CalendarRequest, Meeting, Request, Scope, Terms, TicketList, TimeSearch, When, Window};
pub use slot::Slot;
