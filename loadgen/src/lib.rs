//! The load generator of Bookline. It measures how fast a server is, and verifies afterwards that the
//! server has everything that it acknowledged.
//!
//! A [`Run`] is [prepared](Run::prepare), [measured](Run::measure) and [verified](Run::verify). Then its
//! events can be [deleted](Run::delete_events). One thread waits for all connections in one loop: the
//! processor time that it takes is not available to a server on the same machine. In reading order:

// What to measure, and what can go wrong.
mod config;
mod error;

// The reply to HELLO. The client reads it with the same function.
mod handshake;

// Ids of the run's events and people, and the lines that contain them.
mod names;
mod template;

// What retries take: keys, and what a connection keeps until it has a reply.
mod keys;
mod retry;

// A phase of a run, and the loop that drives it over all connections.
mod auth;
mod connection;
mod driver;
mod leader;
mod phase;
mod servers;
mod stream;

// What the server acknowledged, and the violations of its promises.
mod bookings;
mod calendar;
mod findings;
mod holds;
mod ledger;

// First phase: HELLO, STATS and the events to book.
mod prepare;
mod stats;

// Second phase: the load and its measurement.
mod load;
mod meter;
mod refusal_counts;
mod refusals;
mod reply;
mod tagged_id;

// Third phase: whether everything acknowledged is there.
mod verify;

// Last phase, on request: the events are deleted.
mod delete;

// The result, and the phases in order.
mod report;
mod run;

pub use config::{AuthLine, CONNECTIONS_MAX, Config, DEPTH_MAX, DURATION_MAX, EVENTS_MAX, Tls, Workload};
pub use error::Error;
pub use findings::{Finding, Findings, Violation};
pub use handshake::Handshake;
pub use ledger::TICKETS_KEPT_MAX;
pub use meter::Progress;
pub use refusal_counts::{RefusalCount, RefusalCounts};
pub use report::{End, Latencies, Report};
pub use retry::Retries;
pub use run::Run;
pub use stream::host_of;
pub use verify::Verification;
