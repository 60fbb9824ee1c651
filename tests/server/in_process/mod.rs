//! Tests that run the server in their own process, where they can reach its state and control its clock.

mod accounts;
mod buffers;
mod calendars;
mod changes;
mod clock;
mod deadlines;
mod duplex;
mod history;
mod identities;
mod idle;
mod keys;
mod model;
mod offline;
mod older_format;
mod session;
mod snapshotter;
mod stopping;
