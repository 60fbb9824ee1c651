//! The process.

use std::fmt;
use std::time::UNIX_EPOCH;

use super::exposition::Exposition;
use crate::commands::Counters;
use crate::log::lost_lines;

pub fn write(out: &mut Exposition<'_>, counters: &Counters, is_ready: bool) -> fmt::Result {
    out.info("build", "The version of the server", "version", env!("CARGO_PKG_VERSION"))?;
    let started = counters.started_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    out.gauge(
        "process_start_time_seconds",
        "When the server had read its data, in seconds since 1970",
        started.as_secs_f64(),
    )?;
    out.flag("ready", "Whether the server takes changes, as /readyz says", is_ready)?;
    out.counter("log_lines_lost", "Lines of the log output that standard error did not take", lost_lines())
}
