//! What is measured: each piece is made ready once, and then does its work as often as it is told.

use std::hint::black_box;
use std::sync::Arc;

use bookline_protocol::reply::{self, LineKind};
use bookline_protocol::{ParsedLine, parse};
use bookline_server::Config;
use bookline_server::commands::{ExecutionStatus, Identity, Service, TurnContext, execute};
use bookline_server::domain::{Change, EventKey, EventNumber};
use bookline_server::net::framing::{Framer, FramingEvent};
use bookline_server::state::ticket_ids::TicketIdGenerator;
use bookline_server::storage::journal::{AppendError, Durability};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// One piece of the way through the server.
#[derive(Debug)]
pub struct Piece {
    /// Its name, as it is written down.
    pub name: &'static str,
    /// Makes it ready. What comes back does the work once.
    pub ready: fn() -> Box<dyn FnMut()>,
}

/// All pieces, in the order of the way.
pub const PIECES: &[Piece] = &[
    Piece { name: "frame a line", ready: frame },
    Piece { name: "parse BOOK", ready: || parsing("BOOK rustconf 1") },
    Piece { name: "parse BOOK of a UUID", ready: || parsing("BOOK 2cdba4d5-65e5-4a4e-9d2b-64a5ba13b0ee 1") },
    Piece { name: "parse GET", ready: || parsing("GET rustconf") },
    Piece { name: "parse CREATE", ready: || parsing("CREATE \"Rust Conf\" 2026-12-31 100 id=rustconf") },
    Piece {
        name: "parse MEET",
        ready: || parsing("MEET F1 21-11-2026 10:00 \"class committee meeting\" F2,F3"),
    },
    Piece { name: "draw a ticket", ready: draw },
    Piece { name: "execute BOOK", ready: || executing("BOOK rustconf 1") },
    Piece { name: "execute GET", ready: || executing("GET rustconf") },
    Piece { name: "execute a refusal", ready: || executing("BOOK nowhere 1") },
    Piece { name: "execute BLOCK and DELETE", ready: block_and_delete },
    Piece { name: "encode a booking", ready: encode_booking },
    Piece { name: "encode an event", ready: encode_event },
    Piece { name: "append to the journal", ready: append },
];

/// Commands of a turn, after which its answer goes out: as many as a client of depth 16 sends.
const TURN: usize = 16;

fn frame() -> Box<dyn FnMut()> {
    let turn = b"BOOK rustconf 1\n".repeat(TURN);
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
                    unreachable!("the line is short and plain")
                }
            }
        }
    })
}

fn parsing(line: &'static str) -> Box<dyn FnMut()> {
    let mut scratch = Vec::new();
    Box::new(move || {
        let parsed = parse(black_box(line.as_bytes()), &mut scratch);
        assert!(matches!(parsed, ParsedLine::Request(_)), "{line} is not understood");
        black_box(parsed);
    })
}

fn draw() -> Box<dyn FnMut()> {
    let mut ticket_ids = TicketIdGenerator::default();
    Box::new(move || {
        black_box(ticket_ids.draw(1));
    })
}

fn encode_booking() -> Box<dyn FnMut()> {
    let (mut out, ticket) = (Vec::new(), [*b"0123456789abcdef"]);
    Box::new(move || {
        out.clear();
        reply::write_book_reply(&mut out, black_box("rustconf"), black_box(&ticket), 98);
    })
}

fn encode_event() -> Box<dyn FnMut()> {
    let date = bookline_protocol::Date::parse("2026-12-31").expect("a date");
    let prefix = reply::event_reply_prefix("rustconf", "Rust Conf", date, 100);
    let mut out = Vec::new();
    Box::new(move || {
        out.clear();
        reply::write_event_reply(&mut out, black_box(&prefix), 98, LineKind::Ok);
    })
}

fn append() -> Box<dyn FnMut()> {
    let home = Home::new();
    let ticket = [*b"0123456789abcdef"];
    let event = EventKey { tag: 0xbeef, number: EventNumber(1) };
    Box::new(move || {
        // All of it: a directory that goes ends the journal.
        let home = &home;
        let journal = home.service.store.journal();
        let changes = [Change::TicketsIssued { event, tickets: black_box(&ticket) }];
        while let Err(append_error) = journal.append(0, &changes) {
            assert_eq!(append_error, AppendError::Backpressure, "nobody would ever append again");
            home.runtime.block_on(journal.capacity());
        }
    })
}

fn executing(line: &'static str) -> Box<dyn FnMut()> {
    let mut home = Home::new();
    Box::new(move || home.execute(line))
}

fn block_and_delete() -> Box<dyn FnMut()> {
    let mut home = Home::new();
    Box::new(move || {
        home.execute("BLOCK F1 21-11-2026 09:00");
        home.execute("DELETE F1 21-11-2026 09:00");
    })
}

/// A server's inside, without connections, on a directory that goes with it. Nothing waits for the disk.
struct Home {
    service: Arc<Service>,
    runtime: Runtime,
    context: TurnContext,
    commands: usize,
    _directory: TempDir,
}

impl Home {
    fn new() -> Self {
        let directory = TempDir::with_prefix("bookline-bench").expect("a directory");
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let config =
            Config { data_dir: directory.path().into(), durability: Durability::Never, ..Config::default() };
        let server = runtime.block_on(bookline_server::Server::open(&config)).expect("an empty server");
        let service = server.service().clone();
        // The next segment is filled by a thread of its own, which the end of a short run interrupts and that of a long
        // one does not: what it takes would not fall out of their difference.
        runtime.block_on(service.store.journal().capacity());
        let mut home =
            Self { service, runtime, context: TurnContext::default(), commands: 0, _directory: directory };
        home.execute("CREATE \"Rust Conf\" 2026-12-31 1000000000 id=rustconf");
        home
    }

    fn execute(&mut self, line: &str) {
        let mut scratch = Vec::new();
        let ParsedLine::Request(request) = parse(line.as_bytes(), &mut scratch) else {
            panic!("{line} is not understood");
        };
        if self.commands.is_multiple_of(TURN) {
            self.context.replies.clear();
        }
        self.commands += 1;
        while let ExecutionStatus::Backpressure =
            execute(&self.service, Identity, &request, &mut self.context)
        {
            self.runtime.block_on(self.service.store.journal().capacity());
        }
    }
}
