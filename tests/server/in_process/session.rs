//! Sessions without a transport.
//!
//! They would fail if a session executed lines beyond its turn or after its end, executed a line twice or not
//! at all when the journal has no capacity, or replied in another order than that of the lines.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_server::Config;
use bookline_server::codec::Sequence;
use bookline_server::commands::{ExecutionStatus, Service, Turn};
use bookline_server::session::{NextStep, Session, execute_line};
use bookline_server::state::{Records, StateLimits, Store};
use bookline_server::storage::disks::Disks;
use bookline_server::storage::log::LogExt;
use bookline_server::storage::recovery;
use bookline_server::storage::snapshot::snapshotter::{Schedule, Snapshotter};
use bookline_server::time::clock::Clock;
use bookline_server::time::source::ManualTime;
use bookline_testkit::HANG_TIMEOUT;
use bookline_testkit::disk::{Image, SimDisk};
use bookline_testkit::service;
use bytes::BufMut;
use tokio::time::timeout;

const NOW_MICROS: i64 = 1_800_000_000_000_000;

/// The time of a turn.
const TURN_MICROS: i64 = 300;

/// The commands of a turn.
const TURN_COMMANDS: usize = 256;

/// A session with what it needs to run, and a peer that sends bytes.
struct Peer {
    session: Session,
    service: Service,
    disk: SimDisk,
    time: Arc<ManualTime>,
}

impl Peer {
    fn new() -> Self {
        let (disk, time) = (SimDisk::new(1), Arc::new(ManualTime::new(NOW_MICROS)));
        let disks = Disks {
            root: Arc::new(Image::default()),
            journal: Arc::new(disk.clone()),
            snapshots: Arc::new(SimDisk::new(1)),
        };
        let recovered = recovery::recover(&disks, &Config::default().recovery(), true, || Records::new(2));
        let recovered = recovered.expect("fresh disks");
        let (journal, clock) = (Arc::new(recovered.journal), Arc::new(Clock::new(time.clone(), None)));
        let schedule = Schedule { every: u64::MAX, at_most_every: Duration::ZERO };
        let snapshots = Snapshotter::start(disks.snapshots, journal.clone(), Sequence(0), schedule);
        let store = Store::new(recovered.state, StateLimits::NONE, journal, clock.clone());
        let service = service(store, snapshots.expect("a thread"), clock);
        Self { session: Session::default(), service, disk, time }
    }

    /// Sends bytes, at most as many as the session receives at once.
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.session.receive(|buffer| buffer.put_slice(bytes.as_ref()));
    }

    /// Runs a turn, and takes its replies.
    fn turn(&mut self) -> (NextStep, String) {
        let next = self.session.run_turn(&self.service, true);
        (next, self.take_replies())
    }

    fn take_replies(&mut self) -> String {
        let replies = String::from_utf8_lossy(self.session.replies()).into_owned();
        self.session.replies_sent();
        replies
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async { timeout(HANG_TIMEOUT, future).await.expect("no hang") })
}

#[test]
fn pipelined_lines_are_executed_in_one_turn() {
    let mut peer = Peer::new();
    peer.send("PING\nCREATE Jazz 2026-12-31 5 id=jazz\n# comment\n\nBOOK jazz 2\nBOOK none 1\n");
    let (next, replies) = peer.turn();
    assert_eq!(next, NextStep::Read);
    let beginnings = ["OK {}", "OK {\"id\":\"jazz\"", "OK {\"event_id\":\"jazz\"", "ERR NOT_FOUND "];
    assert_eq!(replies.lines().count(), beginnings.len(), "{replies}");
    for (reply, beginning) in replies.lines().zip(beginnings) {
        assert!(reply.starts_with(beginning), "{reply}");
    }
    assert_eq!(peer.session.depends_on(), Sequence(2));
    assert!(peer.session.has_executed());
    assert_eq!(peer.service.counters.commands.load(Relaxed), 6);
    assert_eq!(peer.turn(), (NextStep::Read, String::new()));
    assert!(!peer.session.has_executed());
}

#[test]
fn turn_ends_after_its_commands() {
    let mut peer = Peer::new();
    peer.send("PING\n".repeat(TURN_COMMANDS + 2));
    assert_eq!(peer.turn(), (NextStep::Yield, "OK {}\n".repeat(TURN_COMMANDS)));
    assert_eq!(peer.turn(), (NextStep::Read, "OK {}\n".repeat(2)));
}

#[test]
fn turn_ends_after_a_change_of_more_than_2000_person_hours() {
    let mut peer = Peer::new();
    let group = |members: usize| (1..=members).map(|n| format!("F{n}")).collect::<Vec<_>>().join(",");
    let (many, few) = (group(83), group(82));
    for line in [
        format!("MEET host 2199-01-01 00:00 talk {many} hours=24"),
        format!("PUT host 2199-01-01 00:00 MEET 2199-01-02 00:00 talk {many}"),
        "DELETE host 2199-01-02 23:00".to_owned(),
    ] {
        peer.send(format!("{line}\nPING\n"));
        let (next, replies) = peer.turn();
        assert_eq!((next, replies.lines().count()), (NextStep::Yield, 1), "{replies}");
        assert!(replies.starts_with("OK {\"name\":\"host\""), "{replies}");
        assert_eq!(peer.turn(), (NextStep::Read, "OK {}\n".to_owned()));
    }
    peer.send(format!("MEET host 2199-01-01 00:00 talk {few} hours=24\nPING\n"));
    let (next, replies) = peer.turn();
    assert_eq!((next, replies.lines().count()), (NextStep::Read, 2), "1,992 person-hours: {replies}");
}

#[test]
fn turn_without_a_yield_ends_at_the_deadline_of_the_turn_before() {
    let mut peer = Peer::new();
    peer.send("PING\n");
    assert_eq!(peer.turn().0, NextStep::Read);
    peer.time.advance(TURN_MICROS);
    peer.send("PING\n");
    assert_eq!(peer.session.run_turn(&peer.service, false), NextStep::Yield);
    assert!(!peer.session.has_executed());
    assert_eq!(peer.turn(), (NextStep::Read, "OK {}\n".into()));
}

#[test]
fn incomplete_line_is_executed_when_it_is_complete_and_refused_at_the_end() {
    let mut peer = Peer::new();
    for part in ["PI", "NG", "\r"] {
        peer.send(part);
        assert_eq!(peer.turn(), (NextStep::Read, String::new()));
    }
    peer.send("\nBOOK jazz 1");
    assert_eq!(peer.turn(), (NextStep::Read, "OK {}\n".into()));
    peer.session.end_of_input();
    let refusal = peer.take_replies();
    assert!(refusal.starts_with("ERR INCOMPLETE ") && refusal.lines().count() == 1, "{refusal}");
}

#[test]
fn long_line_needs_a_share_and_returns_it() {
    let mut peer = Peer::new();
    peer.send("PING");
    let mut left = LINE_BYTES_MAX - 4;
    let mut granted = 0;
    while left > 0 {
        match peer.turn() {
            (NextStep::Read, _) => peer.session.receive(|buffer| {
                let bytes = left.min(buffer.remaining_mut());
                buffer.put_bytes(b' ', bytes);
                left -= bytes;
            }),
            (NextStep::LineShare, _) => {
                peer.session.grant_line_share(block_on(peer.service.buffers.line()));
                granted += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(peer.session.has_long_line() && granted == 1, "{granted} shares");
    peer.send("\n");
    assert_eq!(peer.turn(), (NextStep::Read, "OK {}\n".into()));
    assert!(!peer.session.has_long_line());
}

/// Sends a byte more than the longest line, and returns the first step that needs neither bytes nor a share,
/// or the one after the refusal.
fn send_too_long_line(peer: &mut Peer) -> (NextStep, String) {
    for _ in 0..=LINE_BYTES_MAX {
        match peer.turn() {
            (NextStep::Read, replies) if replies.is_empty() => {
                peer.session.receive(|buffer| buffer.put_bytes(b'x', buffer.remaining_mut()));
            }
            (NextStep::LineShare, _) => {
                peer.session.grant_line_share(block_on(peer.service.buffers.line()));
            }
            other => return other,
        }
    }
    panic!("the line is not refused");
}

#[test]
fn line_that_is_too_long_is_refused_once_and_discarded() {
    let mut peer = Peer::new();
    peer.send("PING\n");
    assert_eq!(peer.turn().1, "OK {}\n");
    let (next, refusal) = send_too_long_line(&mut peer);
    assert_eq!(next, NextStep::Read);
    assert!(refusal.starts_with("ERR ") && refusal.lines().count() == 1, "{refusal}");
    peer.send("x\nPING\n");
    assert_eq!(peer.turn(), (NextStep::Read, "OK {}\n".into()));
}

#[test]
fn first_line_that_is_too_long_ends_the_session() {
    let (next, refusal) = send_too_long_line(&mut Peer::new());
    assert_eq!(next, NextStep::Close);
    assert!(refusal.starts_with("ERR ") && refusal.lines().count() == 1, "{refusal}");
}

#[test]
fn another_protocol_ends_the_session_before_its_lines_are_executed() {
    for opening in [&b"GET / HTTP/1.1\r\nPING\r\n"[..], b"\x16\x03\x01\x02\x00"] {
        let mut peer = Peer::new();
        peer.send(opening);
        let (next, refusal) = peer.turn();
        assert_eq!(next, NextStep::Close, "{opening:?}");
        assert!(refusal.starts_with("ERR ") && refusal.lines().count() == 1, "{refusal}");
    }
}

#[test]
fn telnet_requests_are_refused_within_a_line() {
    let mut peer = Peer::new();
    peer.send(b"PI\xff\xfd\x06NG\r\n");
    assert_eq!(peer.session.run_turn(&peer.service, true), NextStep::Read);
    assert_eq!(peer.session.replies(), b"\xff\xfc\x06OK {}\n");
}

#[test]
fn quit_ends_the_session() {
    let mut peer = Peer::new();
    peer.send("QUIT\nPING\n");
    assert_eq!(peer.turn(), (NextStep::Close, "OK {}\n".into()));
}

#[test]
fn chunked_reply_takes_several_turns_and_later_lines_wait_for_it() {
    /// Longer than the replies of a turn.
    const EVENTS: usize = 500;
    let mut peer = Peer::new();
    for n in 0..EVENTS {
        peer.send(format!("CREATE {n:0>190} 2026-12-31 5\n"));
        assert!(peer.turn().1.starts_with("OK "));
    }
    peer.send("GET\nPING\n");
    let (mut turns, mut all) = (1, String::new());
    loop {
        let (next, replies) = peer.turn();
        all += &replies;
        if next == NextStep::Read {
            break;
        }
        assert_eq!(next, NextStep::Yield);
        assert!(peer.session.is_writing_reply() && !replies.is_empty());
        turns += 1;
    }
    assert!(turns > 2, "{turns} turns");
    assert!(all.ends_with(&format!("OK {{\"count\":{EVENTS}}}\nOK {{}}\n")));
    assert_eq!(all.lines().filter(|line| line.starts_with("ROW ")).count(), EVENTS);
}

#[test]
fn line_waits_for_the_capacity_of_the_journal_and_is_executed_once() {
    let mut peer = Peer::new();
    peer.disk.pause_writes();
    let mut sent = 0;
    loop {
        sent += 1;
        peer.send(format!("CREATE {sent:0>190} 2026-12-31 5 id={sent}\nPING\n"));
        match peer.turn() {
            (NextStep::Read, replies) => assert_eq!(replies.lines().count(), 2, "{replies}"),
            (NextStep::Capacity, replies) => break assert_eq!(replies, ""),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(peer.turn(), (NextStep::Capacity, String::new()), "it is tried again");

    let (line, mut turn) = (format!("CREATE Jazz 2026-12-31 5 id={}", sent + 1), Turn::default());
    {
        let mut alone = pin!(execute_line(&mut turn, &peer.service, &line));
        assert!(matches!(alone.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
        peer.disk.resume_writes();
        assert!(matches!(block_on(alone), ExecutionStatus::Complete));
    }
    assert!(turn.replies.starts_with(b"OK "));

    block_on(peer.service.store.log().capacity());
    let (next, replies) = peer.turn();
    assert_eq!(next, NextStep::Read);
    assert!(replies.starts_with("OK ") && replies.ends_with("\nOK {}\n"), "{replies}");
    assert_eq!(peer.service.store.totals(&mut turn.context).events, sent + 1);
}
