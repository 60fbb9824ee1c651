//! What the server tells those who monitor it, over HTTP: its metrics, that it lives, and whether it is
//! ready.

mod cluster;
mod connections;
mod endpoints;
mod exposition;
mod http;
mod log;
mod process;
mod readiness;
mod scrape;
mod source;
mod state;

pub use http::{CONNECTIONS_MAX, OPEN_FILES_MAX, serve};
pub use source::Source;
