//! A request into an answer: one match, then a function for each noun.

mod answer;
pub mod buffers;
mod day;
mod entries;
mod error;
mod events;
mod listing;
mod long_booking;
mod month;
mod pieces;
mod progress;
mod service;
pub mod turn;

use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_protocol::reply::{self, EmptyReply, HelloReply, PROTOCOL_VERSION, StatsReply, WELCOME};
use bookline_protocol::{Refusal, Request};

pub use answer::Answer;
pub use pieces::Pieces;
pub use progress::{AT_ONCE, Progress};
pub use service::{Counters, Identity, Service};

use day::Day;
use error::CommandError;
use listing::Listing;

use crate::commands::turn::Work;
use crate::state::ticket_ids;

/// How a request ended.
#[derive(Debug)]
pub enum Outcome {
    /// It is answered.
    Done,
    /// Its answer is still to come, in pieces.
    Pieces(Pieces),
    /// It is answered, and the connection is to be closed.
    Close,
    /// A snapshot is to be made, and then to be told of.
    Snapshot,
    /// Nothing was done or written: the journal has no room at the moment. Execute it again after a wait.
    Backpressure,
    /// Nothing was written: no share of so many bytes was free. Execute it again with [`Answer::share`].
    Share(usize),
}

/// How much work a request is.
#[inline]
pub fn work(request: &Request<'_>) -> Work {
    match request {
        Request::Book { count, .. } if *count as usize <= ticket_ids::DRAWN_TICKET_IDS_MAX => Work::Little,
        Request::Event { .. } => Work::Little,
        _ => Work::Much,
    }
}

/// Executes one request.
pub fn execute(service: &Service, _who: Identity, request: &Request<'_>, answer: &mut Answer) -> Outcome {
    let done = match request {
        Request::Create { name, date, tickets, id } => {
            events::create(service, name.as_str(), *date, *tickets, id.as_ref(), answer)
        }
        Request::List { limit, after } => {
            return Outcome::Pieces(Pieces::Listing(Listing::new(*limit, after.as_ref()).into()));
        }
        Request::Event { id } => events::show(service, id.as_str(), answer),
        Request::Book { event, count } if *count as usize <= ticket_ids::DRAWN_TICKET_IDS_MAX => {
            events::book(service, event.as_str(), *count as usize, answer)
        }
        Request::Book { event, count } => match events::book_many(service, event.as_str(), *count, answer) {
            Ok(tickets) => return Outcome::Pieces(Pieces::Tickets(tickets.into())),
            Err(command_error) => Err(command_error),
        },
        Request::Ticket { ticket } => events::ticket(service, *ticket, answer),
        Request::Block { who, slot } => entries::block(service, who.as_str(), *slot, answer),
        Request::Meet { who, slot, meeting } => entries::meet(service, who.as_str(), *slot, meeting, answer),
        Request::Day { who, date } => match Day::read(service, who.as_str(), *date, answer) {
            Ok(day) if day.is_large() => return Outcome::Pieces(Pieces::Day(day.into())),
            Ok(mut day) => {
                day.write(answer, usize::MAX);
                Ok(())
            }
            Err(command_error) => Err(command_error),
        },
        Request::Hod { who } => match entries::month(service, who) {
            Ok(month) => return Outcome::Pieces(Pieces::Month(month.into())),
            Err(refusal) => Err(refusal.into()),
        },
        Request::Delete { who, slot } => entries::delete(service, who.as_str(), *slot, answer),
        Request::Put { who, old, new, entry } => {
            entries::put(service, who.as_str(), *old, *new, entry, answer)
        }
        Request::Hello => hello(service, answer),
        Request::Help { verb } => {
            let mut count = 0;
            for row in reply::help_rows(*verb) {
                reply::write_row(&mut answer.out, &row);
                count += 1;
            }
            reply::write_ok(&mut answer.out, &reply::CountReply::of(count));
            Ok(())
        }
        Request::Ping => {
            reply::write_ok(&mut answer.out, &EmptyReply {});
            Ok(())
        }
        Request::Stats => stats(service, answer),
        Request::Snapshot => return Outcome::Snapshot,
        Request::Quit => {
            reply::write_ok(&mut answer.out, &EmptyReply {});
            return Outcome::Close;
        }
    };
    match done {
        Ok(()) => Outcome::Done,
        Err(CommandError::Backpressure) => Outcome::Backpressure,
        Err(CommandError::Share(bytes)) => Outcome::Share(bytes),
        Err(CommandError::Closed) => {
            Refusal::shutting_down().write(&mut answer.out);
            Outcome::Close
        }
        Err(CommandError::Refused(refusal)) => {
            refusal.write(&mut answer.out);
            Outcome::Done
        }
    }
}

fn hello(service: &Service, answer: &mut Answer) -> Result<(), CommandError> {
    let hello = HelloReply {
        server: "bookline".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        protocol: PROTOCOL_VERSION,
        welcome: WELCOME.into(),
        max_line: LINE_BYTES_MAX,
        time_zone: service.clock.zone_name().into(),
        now: service.clock.now_text().into(),
    };
    reply::write_ok(&mut answer.out, &hello);
    Ok(())
}

fn stats(service: &Service, answer: &mut Answer) -> Result<(), CommandError> {
    use std::sync::atomic::Ordering::Relaxed;
    let totals = service.store.totals(&mut answer.seen);
    let limits = service.store.limits();
    let journal = service.store.journal();
    let stats = StatsReply {
        version: env!("CARGO_PKG_VERSION").into(),
        uptime_seconds: service.counters.started.elapsed().as_secs(),
        connections: service.counters.connections.load(Relaxed) as u64,
        commands: service.counters.commands.load(Relaxed) + answer.turn.commands,
        events: totals.events,
        tickets: totals.tickets,
        entries: totals.entries,
        ticket_ids: totals.ticket_ids,
        person_hours: totals.person_hours,
        max_events: limits.events,
        max_tickets: limits.tickets,
        max_person_hours: limits.person_hours,
        sequence: totals.sequence.0,
        // What was synced since the totals were taken is a later moment's.
        durable_sequence: journal.durable().min(totals.sequence).0,
        snapshot_sequence: service.snapshots.newest().0,
        read_only: journal.read_only(),
    };
    reply::write_ok(&mut answer.out, &stats);
    Ok(())
}

/// Makes a snapshot and tells of it.
pub async fn snapshot(service: &Service, answer: &mut Answer) {
    match service.snapshots.make().await {
        Ok(made) => {
            let milliseconds = u64::try_from(made.took.as_millis()).unwrap_or(u64::MAX);
            let made = reply::SnapshotReply { sequence: made.sequence.0, bytes: made.bytes, milliseconds };
            reply::write_ok(&mut answer.out, &made);
        }
        Err(why) => Refusal::internal(format!(
            "no snapshot was made: {why}. Nothing is lost: the journal has everything"
        ))
        .write(&mut answer.out),
    }
}
