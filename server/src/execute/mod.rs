//! A request into an answer: one match, then a function for each noun.

mod answer;
mod calendars;
mod day;
mod events;
mod listing;
mod month;
mod pieces;
mod tickets;

use std::time::Instant;

use tokio::sync::Semaphore;

use bookline_protocol::limits::MAX_LINE;
use bookline_protocol::reply::{self, Empty, Hello, PROTOCOL, Stats, WELCOME};
use bookline_protocol::{Id, Refusal, Request};

pub use answer::Answer;
pub use pieces::{AT_ONCE, Pieces, Progress};

use day::Day;
use listing::Listing;

use crate::buffers::Buffers;
use crate::clock::Clock;
use crate::journal::NoRoom;
use crate::mint;
use crate::snapshot::keeper::Keeper;
use crate::store::{Declined, Store};
use crate::turn::Work;

/// Who asks. Today everybody is nobody in particular; accounts come with AUTH.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity;

/// What every request can reach.
#[derive(Debug)]
pub struct Service {
    /// State and journal.
    pub store: Store,
    /// Who makes the snapshots.
    pub snapshots: Keeper,
    /// The time.
    pub clock: Clock,
    /// The head of department.
    pub head: Id<'static>,
    /// Memory for long lines and large replies.
    pub buffers: Buffers,
    /// For turns of connections that have used up one. There are fewer of these than threads that serve, so that who sends
    /// one command finds a thread that is free, however many others send all they can.
    pub heavy: Semaphore,
    /// What STATS counts.
    pub counters: Counters,
}

/// What the server counts of itself.
#[derive(Debug)]
pub struct Counters {
    /// When it was ready to serve.
    pub started: Instant,
    /// Connections that are open.
    pub connections: std::sync::atomic::AtomicUsize,
    /// Lines taken, added once a turn.
    pub commands: std::sync::atomic::AtomicU64,
}

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
    Again,
    /// Nothing was written: no share of so many bytes was free. Execute it again with [`Answer::share`].
    Share(usize),
}

/// How much work a request is.
#[inline]
pub fn work(request: &Request<'_>) -> Work {
    match request {
        Request::Book { count, .. } if *count as usize <= mint::AHEAD => Work::Little,
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
        Request::Book { event, count } if *count as usize <= mint::AHEAD => {
            events::book(service, event.as_str(), *count as usize, answer)
        }
        Request::Book { event, count } => match events::book_many(service, event.as_str(), *count, answer) {
            Ok(tickets) => return Outcome::Pieces(Pieces::Tickets(tickets.into())),
            Err(unanswered) => Err(unanswered),
        },
        Request::Ticket { ticket } => events::ticket(service, *ticket, answer),
        Request::Block { who, slot } => calendars::block(service, who.as_str(), *slot, answer),
        Request::Meet { who, slot, meeting } => {
            calendars::meet(service, who.as_str(), *slot, meeting, answer)
        }
        Request::Day { who, date } => match Day::read(service, who.as_str(), *date, answer) {
            Ok(day) if day.is_large() => return Outcome::Pieces(Pieces::Day(day.into())),
            Ok(mut day) => {
                day.write(answer, usize::MAX);
                Ok(())
            }
            Err(unanswered) => Err(unanswered),
        },
        Request::Hod { who } => match calendars::month(service, who) {
            Ok(month) => return Outcome::Pieces(Pieces::Month(month.into())),
            Err(refusal) => Err(refusal.into()),
        },
        Request::Delete { who, slot } => calendars::delete(service, who.as_str(), *slot, answer),
        Request::Put { who, old, new, entry } => {
            calendars::put(service, who.as_str(), *old, *new, entry, answer)
        }
        Request::Hello => hello(service, answer),
        Request::Help { verb } => {
            let mut count = 0;
            for row in reply::help_rows(*verb) {
                reply::row(&mut answer.out, &row);
                count += 1;
            }
            reply::ok(&mut answer.out, &reply::Count::of(count));
            Ok(())
        }
        Request::Ping => {
            reply::ok(&mut answer.out, &Empty {});
            Ok(())
        }
        Request::Stats => stats(service, answer),
        Request::Snapshot => return Outcome::Snapshot,
        Request::Quit => {
            reply::ok(&mut answer.out, &Empty {});
            return Outcome::Close;
        }
    };
    match done {
        Ok(()) => Outcome::Done,
        Err(Unanswered::Again) => Outcome::Again,
        Err(Unanswered::Share(bytes)) => Outcome::Share(bytes),
        Err(Unanswered::Closed) => {
            Refusal::shutting_down().write(&mut answer.out);
            Outcome::Close
        }
        Err(Unanswered::Refused(refusal)) => {
            refusal.write(&mut answer.out);
            Outcome::Done
        }
    }
}

/// Why a request has no good answer.
#[derive(Debug)]
enum Unanswered {
    Refused(Box<Refusal>),
    Again,
    /// So many bytes of the common buffers were not free.
    Share(usize),
    /// The journal takes no more changes: the server stops.
    Closed,
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Unanswered {
        Unanswered::Refused(Box::new(refusal))
    }
}

impl From<NoRoom> for Unanswered {
    fn from(no_room: NoRoom) -> Unanswered {
        match no_room {
            NoRoom::NotYet => Unanswered::Again,
            NoRoom::Closed => Unanswered::Closed,
            NoRoom::ReadOnly { .. } => Refusal::read_only(no_room).into(),
        }
    }
}

/// Puts what the store declined into words, of which those about the request itself come from `refusal`.
fn unanswered(declined: Declined, refusal: impl FnOnce(Declined) -> Refusal) -> Unanswered {
    match declined {
        Declined::NoRoom(no_room) => no_room.into(),
        Declined::Full(full) => Refusal::full(full.to_string(), full.limit, full.requested).into(),
        other => refusal(other).into(),
    }
}

/// A store declines for the reasons that its function names; another one here is a fault of ours.
fn unexpected(declined: &Declined) -> Refusal {
    Refusal::internal(format!("the server declined for a reason that does not belong here: {declined:?}"))
}

fn hello(service: &Service, answer: &mut Answer) -> Result<(), Unanswered> {
    let hello = Hello {
        server: "bookline".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        protocol: PROTOCOL,
        welcome: WELCOME.into(),
        max_line: MAX_LINE,
        time_zone: service.clock.zone_name().into(),
        now: service.clock.now_text().into(),
    };
    reply::ok(&mut answer.out, &hello);
    Ok(())
}

fn stats(service: &Service, answer: &mut Answer) -> Result<(), Unanswered> {
    use std::sync::atomic::Ordering::Relaxed;
    let totals = service.store.totals(&mut answer.seen);
    let limits = service.store.limits();
    let journal = service.store.journal();
    let stats = Stats {
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
    reply::ok(&mut answer.out, &stats);
    Ok(())
}

/// Makes a snapshot and tells of it.
pub async fn snapshot(service: &Service, answer: &mut Answer) {
    match service.snapshots.make().await {
        Ok(made) => {
            let milliseconds = u64::try_from(made.took.as_millis()).unwrap_or(u64::MAX);
            let made = reply::Snapshot { sequence: made.sequence.0, bytes: made.bytes, milliseconds };
            reply::ok(&mut answer.out, &made);
        }
        Err(why) => Refusal::internal(format!(
            "no snapshot was made: {why}. Nothing is lost: the journal has everything"
        ))
        .write(&mut answer.out),
    }
}
