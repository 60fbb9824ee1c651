//! The operations. Each is prepared once and then runs repeatedly.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use bookline_protocol::commands::book::write_book_reply;
use bookline_protocol::commands::hold::{HoldReply, write_hold_reply};
use bookline_protocol::hold::HoldId;
use bookline_protocol::reply::{self, EventSale, LineKind};
use bookline_protocol::ticket::TICKET_ID_CHARS;
use bookline_protocol::timestamp::Timestamp;
use bookline_protocol::{Id, ParsedLine, Role, SaleTerms, Watched, parse};
use bookline_server::Config;
use bookline_server::auth::new_token;
use bookline_server::changes::{EventAfter, TicketsBooked, commit};
use bookline_server::codec::Sequence;
use bookline_server::commands::{ChunkStatus, ExecutionStatus, Service, Turn};
use bookline_server::domain::{EventKey, EventNumber};
use bookline_server::feed::Watcher;
use bookline_server::session::framing::{Framer, FramingEvent};
use bookline_server::session::{execute_line, try_execute_line};
use bookline_server::state::ticket_ids::TicketIdGenerator;
use bookline_server::state::ticket_place::PlaceCipher;
use bookline_server::state::{AccountValues, Context, StoredSecret};
use bookline_server::storage::commits::Commits;
use bookline_server::storage::journal::Durability;
use bookline_server::storage::log::{AppendError, LogExt};
use bookline_server::time::clock::Clock;
use bookline_server::time::source::OsTime;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// An operation of a request on its way through the server.
#[derive(Debug)]
pub struct Operation {
    /// Its name in the baseline.
    pub name: &'static str,
    /// Prepares the operation. Each call of the result runs it once.
    pub prepare: fn() -> Box<dyn FnMut()>,
}

/// All operations, in the order in which a request needs them.
pub const OPERATIONS: &[Operation] = &[
    Operation { name: "frame a line", prepare: frame },
    Operation { name: "parse BOOK", prepare: || parsing("BOOK rustconf 1") },
    Operation {
        name: "parse BOOK of a UUID",
        prepare: || parsing("BOOK 2cdba4d5-65e5-4a4e-9d2b-64a5ba13b0ee 1"),
    },
    Operation {
        name: "parse BOOK with a key",
        prepare: || parsing("BOOK rustconf 1 key=0123456789abcdef0123456789abcdef"),
    },
    Operation { name: "parse GET", prepare: || parsing("GET rustconf") },
    Operation {
        name: "parse CREATE",
        prepare: || parsing("CREATE \"Rust Conf\" 2026-12-31 100 id=rustconf"),
    },
    Operation {
        name: "parse MEET",
        prepare: || parsing("MEET F1 21-11-2026 10:00 \"class committee meeting\" F2,F3"),
    },
    Operation { name: "read the clock", prepare: read_clock },
    Operation { name: "draw a ticket", prepare: draw },
    Operation { name: BOOK_ALONE, prepare: || executing(BOOK.line) },
    Operation { name: BOOK_OF_ACCOUNT, prepare: execute_of_account },
    Operation { name: BOOK_BESIDE_WATCHERS, prepare: execute_beside_watchers },
    Operation { name: "match 64 bookings that nobody watches", prepare: match_unwatched },
    Operation { name: "execute BOOK with a key", prepare: execute_keyed },
    Operation { name: "execute BOOK and CANCEL", prepare: || executing_then(BOOK, "CANCEL") },
    Operation { name: "execute HOLD and RELEASE", prepare: || executing_then(HOLD, "RELEASE") },
    Operation { name: "execute HOLD and CONFIRM", prepare: || executing_then(HOLD, "CONFIRM") },
    Operation { name: "execute TICKET", prepare: execute_ticket },
    Operation { name: "execute GET", prepare: || executing("GET rustconf") },
    Operation { name: "execute a refusal", prepare: || executing("BOOK nowhere 1") },
    Operation {
        name: "execute BLOCK and DELETE",
        prepare: || executing_both("BLOCK F1 21-11-2026 09:00", "DELETE F1 21-11-2026 09:00"),
    },
    Operation {
        name: "execute MEET and DELETE",
        prepare: || {
            executing_both(
                "MEET F1 21-11-2026 10:00 \"class committee meeting\" F2,F3",
                "DELETE F1 21-11-2026 10:00",
            )
        },
    },
    Operation { name: "encode a booking", prepare: encode_booking },
    Operation { name: "encode a hold", prepare: encode_hold },
    Operation { name: "encode an event", prepare: encode_event },
    Operation { name: "append to the journal", prepare: append },
];

const BOOK_ALONE: &str = "execute BOOK";
const BOOK_OF_ACCOUNT: &str = "execute BOOK of an account";
const BOOK_BESIDE_WATCHERS: &str = "execute BOOK beside 1,000 watchers";

/// Operations that may take only so many percent more instructions than others: a booking does not pay for
/// those who watch other events, and little for its account. Counts of the same code differ by some two
/// percent from run to run, as the seeds of hash tables do.
pub const BOUNDS: &[(&str, &str, u64)] =
    &[(BOOK_BESIDE_WATCHERS, BOOK_ALONE, 5), (BOOK_OF_ACCOUNT, BOOK_ALONE, 5)];

/// Operations that take hundreds of times as many instructions. They run less often.
pub const SLOW_OPERATIONS: &[Operation] =
    &[Operation { name: "execute FREE of 10 people and 30 days", prepare: execute_free }];

/// A command that draws an id.
struct Drawing {
    line: &'static str,
    /// What its reply has before the id.
    before_id: &'static str,
}

const BOOK: Drawing =
    Drawing { line: "BOOK rustconf 1", before_id: "OK {\"event_id\":\"rustconf\",\"tickets\":[\"" };

const HOLD: Drawing = Drawing { line: "HOLD rustconf 1", before_id: "OK {\"hold_id\":\"" };

/// Commands after which the replies are sent: the pipeline of a client with depth 16.
const TURN_COMMANDS: usize = 16;

fn frame() -> Box<dyn FnMut()> {
    let turn = b"BOOK rustconf 1\n".repeat(TURN_COMMANDS);
    let mut framer = Framer::default();
    Box::new(move || {
        loop {
            match framer.next_event() {
                FramingEvent::Line(range) => {
                    black_box(framer.line(range));
                    return framer.consume(range);
                }
                FramingEvent::Incomplete => framer.buffer().extend_from_slice(&turn),
                FramingEvent::TooLong | FramingEvent::Telnet(_) => {
                    unreachable!("the line is short and has no telnet sequence")
                }
            }
        }
    })
}

fn parsing(line: &'static str) -> Box<dyn FnMut()> {
    let mut scratch = Vec::new();
    Box::new(move || {
        let parsed = parse(black_box(line.as_bytes()), &mut scratch);
        assert!(matches!(parsed, ParsedLine::Request(_) | ParsedLine::Keyed(_)), "{line} is not a request");
        black_box(parsed);
    })
}

/// Valgrind hides the vDSO, so that the count has a system call in its place.
fn read_clock() -> Box<dyn FnMut()> {
    let clock = Clock::new(Arc::new(OsTime), None);
    Box::new(move || {
        black_box(clock.now());
    })
}

fn draw() -> Box<dyn FnMut()> {
    let (mut ticket_ids, cipher) = (TicketIdGenerator::default(), PlaceCipher::random());
    Box::new(move || {
        black_box(ticket_ids.draw(1, &cipher));
    })
}

fn encode_booking() -> Box<dyn FnMut()> {
    let (mut out, ticket) = (Vec::new(), [*b"0123456789abcdef"]);
    Box::new(move || {
        out.clear();
        write_book_reply(&mut out, black_box("rustconf"), black_box(&ticket), 98);
    })
}

fn encode_hold() -> Box<dyn FnMut()> {
    let mut out = Vec::new();
    let reply = HoldReply {
        hold_id: HoldId(*b"0123456789abcdef"),
        event_id: "rustconf".into(),
        tickets: 1,
        expires_at: Timestamp(1_764_151_073_123_456),
        available_tickets: 98,
    };
    Box::new(move || {
        out.clear();
        write_hold_reply(&mut out, black_box(&reply));
    })
}

fn encode_event() -> Box<dyn FnMut()> {
    let date = bookline_protocol::Date::parse("2026-12-31").expect("a date");
    let prefix = reply::event_reply_prefix("rustconf", "Rust Conf", date, 100);
    let mut out = Vec::new();
    Box::new(move || {
        out.clear();
        let sale = EventSale { available_tickets: 98, held_tickets: 0, terms: SaleTerms::default() };
        reply::write_event_reply(&mut out, black_box(&prefix), black_box(sale), LineKind::Ok);
    })
}

fn append() -> Box<dyn FnMut()> {
    let service = UnsyncedService::new();
    let ticket = [*b"0123456789abcdef"];
    let key = EventKey { tag: 0xbeef, number: EventNumber(1) };
    let event = EventAfter { key, id: "rustconf", total: 100, issued: 1, held: 0 };
    Box::new(move || {
        // Captures the whole struct: the journal ends if the directory is dropped.
        let service = &service;
        let journal = service.service.store.log();
        let tickets = black_box(&ticket);
        let changes = [TicketsBooked { event, attendee: "", tickets }.into()];
        while let Err(append_error) = journal.append(0, None, &changes) {
            assert_eq!(append_error, AppendError::Backpressure, "the journal is open");
            service.runtime.block_on(journal.capacity());
        }
    })
}

fn executing(line: &'static str) -> Box<dyn FnMut()> {
    let mut service = UnsyncedService::new();
    Box::new(move || service.execute(line))
}

/// A command and the one that reverts it, so that each iteration finds the same state.
fn executing_both(line: &'static str, reverting: &'static str) -> Box<dyn FnMut()> {
    let mut service = UnsyncedService::new();
    Box::new(move || {
        service.execute(line);
        service.execute(reverting);
    })
}

/// A command that draws an id, and another command with that id.
fn executing_then(drawing: Drawing, verb: &'static str) -> Box<dyn FnMut()> {
    let mut service = UnsyncedService::new();
    let mut line = format!("{verb} ");
    Box::new(move || {
        line.truncate(verb.len() + " ".len());
        line.push_str(service.draw(&drawing));
        service.execute(&line);
    })
}

/// Watchers of other events, each of one.
fn watchers(service: &Service) -> Vec<Watcher> {
    let watch = |n: u32| {
        let mut watcher = Watcher::new(&service.feed, Sequence(0), false);
        let event = Id::new(format!("event-{n}")).expect("an id");
        watcher.add(&[Watched::Event(event)], Sequence(0), false);
        watcher
    };
    (0..1_000).map(watch).collect()
}

fn execute_of_account() -> Box<dyn FnMut()> {
    let mut service = UnsyncedService::with_account();
    Box::new(move || service.execute(BOOK.line))
}

fn execute_beside_watchers() -> Box<dyn FnMut()> {
    let mut service = UnsyncedService::new();
    let watchers = watchers(&service.service);
    Box::new(move || {
        service.execute(BOOK.line);
        black_box(&watchers);
    })
}

/// What the task of the feed does for a batch of bookings, with the copy of the commits that this needs here.
fn match_unwatched() -> Box<dyn FnMut()> {
    let service = UnsyncedService::new();
    let watchers = watchers(&service.service);
    let ticket = [*b"0123456789abcdef"];
    let key = EventKey { tag: 0xbeef, number: EventNumber(1) };
    let event = EventAfter { key, id: "rustconf", total: 100, issued: 1, held: 0 };
    let mut payload = Vec::new();
    const BOOKINGS: u64 = 64;
    for _ in 0..BOOKINGS {
        commit::encode(
            &mut payload,
            0,
            None,
            &[TicketsBooked { event, attendee: "", tickets: &ticket }.into()],
        );
    }
    let mut last = service.service.feed.position();
    Box::new(move || {
        let first = last.next();
        last = Sequence(last.0 + BOOKINGS);
        let commits = Commits::new(first, last, payload.as_slice().into());
        let more = service.service.feed.advance(black_box(&commits));
        assert_eq!(more, Ok(false));
        black_box(&watchers);
    })
}

/// Each iteration uses another key.
fn execute_keyed() -> Box<dyn FnMut()> {
    let mut service = UnsyncedService::new();
    let (mut line, mut key) = (String::new(), 0_u64);
    Box::new(move || {
        line.clear();
        key += 1;
        write!(line, "BOOK rustconf 1 key={key:032x}").expect("a string takes any text");
        service.execute(&line);
    })
}

fn execute_ticket() -> Box<dyn FnMut()> {
    let mut service = UnsyncedService::new();
    let line = format!("TICKET {}", service.draw(&BOOK));
    Box::new(move || service.execute(&line))
}

/// There is no time at which all are free, so that all days are searched.
fn execute_free() -> Box<dyn FnMut()> {
    let mut service = UnsyncedService::new();
    for (day, hour, person) in
        (1..=30).flat_map(|day| (9..17).flat_map(move |hour| (0..10).map(move |person| (day, hour, person))))
    {
        if (day + hour + person) % 3 == 0 {
            service.execute(&format!("BLOCK F{person} 2037-11-{day:02} {hour:02}:00"));
        }
    }
    let people: Vec<_> = (0..10).map(|person| format!("F{person}")).collect();
    let line = format!("FREE {} 2037-11-01 to=2037-11-30 days=all", people.join(","));
    Box::new(move || service.execute(&line))
}

/// A service without connections that does not wait for the disk, and its directory, which is removed when it
/// is dropped.
struct UnsyncedService {
    service: Arc<Service>,
    runtime: Runtime,
    turn: Turn,
    commands: usize,
    /// Where the last reply begins.
    last_reply: usize,
    _directory: TempDir,
}

fn config(directory: &TempDir) -> Config {
    Config { data_dir: directory.path().into(), durability: Durability::Never, ..Config::default() }
}

impl UnsyncedService {
    fn new() -> Self {
        let directory = TempDir::with_prefix("bookline-microbench").expect("a directory");
        Self::on(directory, "")
    }

    /// On a server with accounts, as one of them.
    fn with_account() -> Self {
        let directory = TempDir::with_prefix("bookline-microbench").expect("a directory");
        let (token, hash) = new_token();
        let secret = StoredSecret::Token(hash);
        let values = AccountValues { name: "anna", role: Role::Admin, person: "", secret: secret.as_hash() };
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let server = bookline_server::Server::open(&config(&directory)).await.expect("an empty server");
            server.service().store.add_account(&mut Context::default(), &values).expect("an account");
            server.run(Vec::<TcpListener>::new(), async {}).await.expect("a graceful shutdown");
        });
        Self::on(directory, &format!("AUTH anna {token}"))
    }

    /// On this directory. The first command is `auth`, if the server has accounts.
    fn on(directory: TempDir, auth: &str) -> Self {
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let config = config(&directory);
        let server = runtime.block_on(bookline_server::Server::open(&config)).expect("a server");
        let service = server.service().clone();
        // A thread preallocates the next segment. A short run would end before it and a long one after it, so
        // that their difference would include it.
        runtime.block_on(service.store.log().capacity());
        let turn = Turn::default();
        let mut service = Self { service, runtime, turn, commands: 0, last_reply: 0, _directory: directory };
        service.execute(auth);
        service.execute("CREATE \"Rust Conf\" 2026-12-31 1000000000 id=rustconf");
        service
    }

    /// Executes a command that draws an id, and returns the id.
    fn draw(&mut self, drawing: &Drawing) -> &str {
        self.execute(drawing.line);
        let id = self.turn.replies[self.last_reply..].strip_prefix(drawing.before_id.as_bytes());
        let id = id.and_then(|id| id.get(..TICKET_ID_CHARS)).expect("an id");
        std::str::from_utf8(id).expect("hexadecimal digits")
    }

    fn execute(&mut self, line: &str) {
        if self.commands.is_multiple_of(TURN_COMMANDS) {
            self.turn.replies.clear();
        }
        self.commands += 1;
        self.last_reply = self.turn.replies.len();
        let (turn, service) = (&mut self.turn, &self.service);
        let status = match try_execute_line(turn, service, line) {
            ExecutionStatus::Backpressure => self.runtime.block_on(execute_line(turn, service, line)),
            status => status,
        };
        if let ExecutionStatus::Chunked(mut reply) = status {
            while reply.write(turn, service, usize::MAX) != ChunkStatus::Complete {
                turn.budget.begin(service.clock.now(), true);
            }
        }
    }
}
