//! STATS.

use std::sync::atomic::Ordering::Relaxed;

use bookline_protocol::commands::Stats;
use bookline_protocol::commands::stats::{StatsReply, UptimeReply};
use bookline_protocol::reply::write_ok;
use bookline_protocol::{Needs, Role, Timestamp};

use super::authorization::may;
use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::cluster::Membership;
use crate::state::UnusedKey;

/// What STATS needs to show all that the server holds.
const FULL: Needs = Needs::Role(Role::Admin);

impl Command for Stats {
    fn execute(&self, turn: &mut Turn, service: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        if !may(turn, service, FULL) {
            let reply = UptimeReply {
                version: env!("CARGO_PKG_VERSION").into(),
                uptime_seconds: service.counters.started.elapsed().as_secs(),
                cluster: service.cluster.as_ref().map(Membership::reply),
            };
            write_ok(&mut turn.replies, &reply);
            return ExecutionStatus::Complete;
        }
        let totals = service.store.totals(&mut turn.context);
        let limits = service.store.limits();
        let log = service.store.log();
        let stats = StatsReply {
            version: env!("CARGO_PKG_VERSION").into(),
            uptime_seconds: service.counters.started.elapsed().as_secs(),
            connections: service.counters.connections.load(Relaxed) as u64,
            commands: service.counters.commands.load(Relaxed) + turn.budget.commands,
            events: totals.events,
            tickets: totals.counts.tickets,
            entries: totals.counts.entries,
            ticket_ids: totals.counts.ticket_ids,
            person_hours: totals.counts.person_hours,
            holds: totals.counts.holds,
            ended_holds: totals.counts.ended_holds,
            name_bytes: totals.counts.name_bytes,
            keys: totals.keys,
            key_bytes: totals.key_bytes,
            oldest_key: totals.oldest_key.map(Timestamp),
            accounts: totals.accounts,
            max_events: limits.events,
            max_tickets: limits.tickets,
            max_person_hours: limits.person_hours,
            max_holds: limits.holds,
            max_ended_holds: limits.ended_holds,
            max_name_bytes: limits.name_bytes,
            max_keys: limits.keys,
            max_key_bytes: limits.key_bytes,
            max_accounts: limits.accounts,
            sequence: totals.sequence.0,
            // The log may have synced more since the totals were computed.
            durable_sequence: log.durable().min(totals.sequence).0,
            snapshot_sequence: service.newest_snapshot().0,
            oldest_sequence: service.feed.oldest().0,
            read_only: log.read_only(),
            cluster: service.cluster.as_ref().map(Membership::reply),
        };
        write_ok(&mut turn.replies, &stats);
        ExecutionStatus::Complete
    }
}
