//! Connections, and what they ask for.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

use super::exposition::{Exposition, Observation};
use crate::commands::Service;

pub fn write(out: &mut Exposition<'_>, service: &Service) -> fmt::Result {
    let counters = &service.counters;
    out.count("connections", "Open connections", counters.connections.load(Relaxed) as u64)?;
    out.counters(
        "connections_refused",
        "Connections that were refused, by the limit that was reached",
        "reason",
        counters.refused_connections(),
    )?;
    out.count("watchers", "Connections that watch something", service.feed.watchers() as u64)?;
    out.counter(
        "lines",
        "Lines that were executed or refused, blank lines and comments included",
        counters.commands.load(Relaxed),
    )?;
    out.counters("commands", "Requests, granted or refused, by verb", "verb", counters.executed())?;
    out.counters("refusals", "Refused lines, by code", "code", counters.refused())?;
    out.histogram(
        "change_duration_seconds",
        "The time from the decision of a change until it may be acknowledged",
        &counters.acknowledged,
        Observation::Micros,
    )
}
