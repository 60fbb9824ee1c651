//! Execution of requests: one match, then a function for each request.

pub mod buffers;
mod chunk_status;
mod chunked_reply;
mod day;
mod entries;
mod error;
mod events;
mod large_booking;
mod listing;
mod month;
mod service;
pub mod turn_budget;
mod turn_context;

use bookline_protocol::commands::hello::{HelloReply, PROTOCOL_VERSION, WELCOME};
use bookline_protocol::commands::help::help_rows;
use bookline_protocol::commands::snapshot::SnapshotReply;
use bookline_protocol::commands::stats::StatsReply;
use bookline_protocol::commands::{Block, Book, Create, Delete, Get, Hod, Meet, Put, Ticket};
use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_protocol::reply::{self, EmptyReply};
use bookline_protocol::{Refusal, Request};

pub use chunk_status::{CHUNK_BYTES_MAX, ChunkStatus};
pub use chunked_reply::ChunkedReply;
pub use service::{Counters, Identity, Service};
pub use turn_context::TurnContext;

use day::ChunkedDay;
use error::CommandError;
use listing::ChunkedListing;

use crate::commands::turn_budget::Cost;
use crate::state::ticket_ids;

/// What is left to do after a request was executed.
#[derive(Debug)]
pub enum ExecutionStatus {
    /// Nothing: the reply is written.
    Complete,
    /// The reply is to be written in chunks.
    Chunked(ChunkedReply),
    /// The reply is written, and the connection is to be closed.
    Close,
    /// [`snapshot`] is to be called, which writes the reply.
    Snapshot,
    /// Nothing was changed or written, because the journal has no capacity. Execute the request again when it
    /// has.
    Backpressure,
    /// Nothing was changed or written, because no share of so many bytes was free. Execute the request again
    /// with `TurnContext::share`.
    NeedsShare(usize),
}

#[inline]
pub fn cost(request: &Request<'_>) -> Cost {
    match request {
        Request::Book(Book { count, .. }) if *count as usize <= ticket_ids::DRAWN_TICKET_IDS_MAX => Cost::Low,
        Request::Get(Get::Event { .. }) => Cost::Low,
        _ => Cost::High,
    }
}

/// Executes a request and writes its reply.
pub fn execute(
    service: &Service,
    _identity: Identity,
    request: &Request<'_>,
    context: &mut TurnContext,
) -> ExecutionStatus {
    let result = match request {
        Request::Create(Create { name, date, tickets, id }) => {
            events::create(service, name.as_str(), *date, *tickets, id.as_ref(), context)
        }
        Request::Get(Get::List { limit, after }) => {
            return ExecutionStatus::Chunked(ChunkedReply::Listing(
                ChunkedListing::new(*limit, after.as_ref()).into(),
            ));
        }
        Request::Get(Get::Event { id }) => events::show(service, id.as_str(), context),
        Request::Book(Book { event, count }) if *count as usize <= ticket_ids::DRAWN_TICKET_IDS_MAX => {
            events::book(service, event.as_str(), *count as usize, context)
        }
        Request::Book(Book { event, count }) => {
            match events::book_many(service, event.as_str(), *count, context) {
                Ok(booking) => return ExecutionStatus::Chunked(ChunkedReply::Booking(booking.into())),
                Err(command_error) => Err(command_error),
            }
        }
        Request::Ticket(Ticket { ticket }) => events::ticket(service, *ticket, context),
        Request::Block(Block { who, slot }) => entries::block(service, who.as_str(), *slot, context),
        Request::Meet(Meet { who, slot, meeting }) => {
            entries::meet(service, who.as_str(), *slot, meeting, context)
        }
        Request::Get(Get::Day { who, date }) => match ChunkedDay::read(service, who.as_str(), *date, context)
        {
            Ok(day) if day.is_large() => return ExecutionStatus::Chunked(ChunkedReply::Day(day.into())),
            Ok(mut day) => {
                day.write(context, usize::MAX);
                Ok(())
            }
            Err(command_error) => Err(command_error),
        },
        Request::Hod(Hod { who }) => match entries::month(service, who) {
            Ok(month) => return ExecutionStatus::Chunked(ChunkedReply::Month(month.into())),
            Err(refusal) => Err(refusal.into()),
        },
        Request::Delete(Delete { who, slot }) => entries::delete(service, who.as_str(), *slot, context),
        Request::Put(Put { who, old, new, entry }) => {
            entries::put(service, who.as_str(), *old, *new, entry, context)
        }
        Request::Hello(_) => hello(service, context),
        Request::Help(help) => {
            let mut count = 0;
            for row in help_rows(help.verb) {
                reply::write_row(&mut context.replies, &row);
                count += 1;
            }
            reply::write_ok(&mut context.replies, &reply::CountReply::of(count));
            Ok(())
        }
        Request::Ping(_) => {
            reply::write_ok(&mut context.replies, &EmptyReply {});
            Ok(())
        }
        Request::Stats(_) => stats(service, context),
        Request::Snapshot(_) => return ExecutionStatus::Snapshot,
        Request::Quit(_) => {
            reply::write_ok(&mut context.replies, &EmptyReply {});
            return ExecutionStatus::Close;
        }
    };
    match result {
        Ok(()) => ExecutionStatus::Complete,
        Err(CommandError::Backpressure) => ExecutionStatus::Backpressure,
        Err(CommandError::NeedsShare(bytes)) => ExecutionStatus::NeedsShare(bytes),
        Err(CommandError::Closed) => {
            Refusal::shutting_down().write(&mut context.replies);
            ExecutionStatus::Close
        }
        Err(CommandError::Refusal(refusal)) => {
            refusal.write(&mut context.replies);
            ExecutionStatus::Complete
        }
    }
}

fn hello(service: &Service, context: &mut TurnContext) -> Result<(), CommandError> {
    let hello = HelloReply {
        server: "bookline".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        protocol: PROTOCOL_VERSION,
        welcome: WELCOME.into(),
        max_line: LINE_BYTES_MAX,
        time_zone: service.clock.zone_name().into(),
        now: service.clock.now_text().into(),
    };
    reply::write_ok(&mut context.replies, &hello);
    Ok(())
}

fn stats(service: &Service, context: &mut TurnContext) -> Result<(), CommandError> {
    use std::sync::atomic::Ordering::Relaxed;
    let totals = service.store.totals(&mut context.depends_on);
    let limits = service.store.limits();
    let log = service.store.log();
    let stats = StatsReply {
        version: env!("CARGO_PKG_VERSION").into(),
        uptime_seconds: service.counters.started.elapsed().as_secs(),
        connections: service.counters.connections.load(Relaxed) as u64,
        commands: service.counters.commands.load(Relaxed) + context.budget.commands,
        events: totals.events,
        tickets: totals.tickets,
        entries: totals.entries,
        ticket_ids: totals.ticket_ids,
        person_hours: totals.person_hours,
        max_events: limits.events,
        max_tickets: limits.tickets,
        max_person_hours: limits.person_hours,
        sequence: totals.sequence.0,
        // The log may have synced more since the totals were computed.
        durable_sequence: log.durable().min(totals.sequence).0,
        snapshot_sequence: service.snapshots.newest().0,
        read_only: log.read_only(),
    };
    reply::write_ok(&mut context.replies, &stats);
    Ok(())
}

/// Makes a snapshot and writes the reply to SNAPSHOT.
pub async fn snapshot(service: &Service, context: &mut TurnContext) {
    match service.snapshots.make().await {
        Ok(made) => {
            let milliseconds = u64::try_from(made.took.as_millis()).unwrap_or(u64::MAX);
            let made = SnapshotReply { sequence: made.sequence.0, bytes: made.bytes, milliseconds };
            reply::write_ok(&mut context.replies, &made);
        }
        Err(why) => Refusal::internal(format!(
            "no snapshot was made: {why}. Nothing is lost: the journal has everything"
        ))
        .write(&mut context.replies),
    }
}
