//! What the state has, and how much it may have.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

use super::exposition::Exposition;
use crate::commands::Service;
use crate::state::Totals;

pub fn write(out: &mut Exposition<'_>, service: &Service, totals: &Totals) -> fmt::Result {
    out.count("tickets_sold", "Tickets that are sold, of all events", totals.counts.tickets)?;
    out.count("entries", "Blocks and meetings, each counted once", totals.counts.entries)?;
    let limits = limits(service, totals);
    let (used, max) = ("How much of a limit is in use", "The limit");
    out.counts("limit_used", used, "limit", limits.map(|(limit, used, _)| (limit, used)))?;
    out.counts("limit_max", max, "limit", limits.map(|(limit, _, max)| (limit, max)))?;
    let waits = service.store.lock_waits();
    out.counter("shard_lock_waits", "Locks of shards that had to be waited for", waits.count())?;
    let help = "The time of these waits together";
    out.seconds_counter("shard_lock_wait_seconds", help, waits.time().as_secs_f64())
}

/// Each limit, how much of it is in use, and the most.
fn limits(service: &Service, totals: &Totals) -> [(&'static str, u64, u64); 10] {
    let (counts, max) = (&totals.counts, service.store.limits());
    let connections = service.counters.connections.load(Relaxed) as u64;
    [
        ("connections", connections, service.counters.connections_max as u64),
        ("events", totals.events, max.events),
        ("tickets", counts.ticket_ids, max.tickets),
        ("person_hours", counts.person_hours, max.person_hours),
        ("holds", counts.holds, max.holds),
        ("ended_holds", counts.ended_holds, max.ended_holds),
        ("name_bytes", counts.name_bytes, max.name_bytes),
        ("keys", totals.keys, max.keys),
        ("key_bytes", totals.key_bytes, max.key_bytes),
        ("accounts", totals.accounts, max.accounts),
    ]
}
