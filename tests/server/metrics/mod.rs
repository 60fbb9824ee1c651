//! What those who monitor the server see, and what the service manager is told.
//!
//! Catches: a count that differs from what was done; a metric without documentation, or a dashboard of
//! metrics that do not exist; a server that says that it is ready and refuses changes; a scraper that delays
//! bookings, keeps memory or descriptors, or shuts others out for longer than some seconds; a service manager
//! that waits for a server that is ready, or is told that a server is well whose disk does not answer.

mod counts;
mod endpoints;
mod packaging;
mod service_manager;
mod watchdog;

use bookline_testkit::monitoring::{METRICS_FLAGS, Monitoring};
use bookline_testkit::process::Server;

/// A server on an empty directory, with these flags besides.
fn start(more: &[&str]) -> (Server, Monitoring) {
    let mut server = Server::fresh_with(&[&METRICS_FLAGS[..], more].concat());
    let monitoring = Monitoring::of(server.process());
    (server, monitoring)
}
