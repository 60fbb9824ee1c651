//! Holds and their deadlines, under a clock that the test sets.
//!
//! It would fail if a hold could be confirmed at its deadline, if it mattered whether the server has ended it
//! already, if a request ended more holds than it needs, or if the tickets of expired holds did not return to
//! sale by themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bookline_protocol::Slot;
use bookline_server::Config;
use bookline_server::changes::BlockTaken;
use bookline_server::state::StateLimits;
use bookline_server::storage::journal::Durability;
use bookline_server::storage::log::{AppendError, Log};
use bookline_server::time::clock::Clock;
use bookline_server::time::source::ManualTime;
use bookline_testkit::in_process::Server;
use bookline_testkit::{Conn, HANG_TIMEOUT, MemoryLog, Reply, in_memory};

use crate::audit::{micros, text};

const SECOND_MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 24 * 3_600 * SECOND_MICROS;

/// 2027-01-15T08:00:00Z, the time when the tests begin.
const START_MICROS: i64 = 1_800_000_000 * SECOND_MICROS;

/// A server in memory that does nothing on its own, and whose time stands still.
struct Still {
    server: in_memory::Server,
    time: Arc<ManualTime>,
}

impl Still {
    fn new() -> Self {
        Self::with_limits(StateLimits::NONE)
    }

    fn with_limits(limits: StateLimits) -> Self {
        let time = Arc::new(ManualTime::new(START_MICROS));
        let clock = Arc::new(Clock::new(time.clone(), None));
        Self { server: in_memory::Server::with_clock(MemoryLog::default(), 4, limits, clock), time }
    }

    #[track_caller]
    fn ask(&mut self, line: &str) -> Reply {
        let mut replies = self.server.execute(format!("{line}\n").as_bytes());
        assert_eq!(replies.len(), 1, "{line}: {replies:?}");
        replies.remove(0)
    }

    /// Puts tickets aside, and returns the id of the hold.
    #[track_caller]
    fn hold(&mut self, request: &str) -> String {
        text(&self.ask(&format!("HOLD {request}")).ok()["hold_id"])
    }

    fn advance_seconds(&self, seconds: i64) {
        self.time.advance(seconds * SECOND_MICROS);
    }

    /// The tickets of event `x` that are available, and those that are held.
    #[track_caller]
    fn left_and_held(&mut self) -> (u64, u64) {
        let event = self.ask("GET x");
        (event.number("available_tickets"), event.number("held_tickets"))
    }

    fn sequence(&mut self) -> u64 {
        self.ask("STATS").number("sequence")
    }

    /// Ends due holds, as a server does on its own.
    fn end_due_holds(&self) {
        let store = self.server.store();
        for shard in store.shards() {
            while store.end_due_holds(shard).expect("the log takes it") {}
        }
    }

    /// Forgets holds that ended long ago, as a server does on its own.
    fn forget_ended_holds(&self) {
        let store = self.server.store();
        let through = store.forget_ended_through();
        for shard in store.shards() {
            while store.forget_ended_holds(shard, through).expect("the log takes it") {}
        }
    }

    fn set_read_only(&self, read_only: bool) {
        let refusal = || AppendError::ReadOnly { reason: "the disk is full".into() };
        self.server.log.set_refusal(read_only.then(refusal));
    }
}

/// The requests about a hold that its deadline ends.
const UNTIL_THE_DEADLINE: [&str; 3] = ["EXTEND", "RELEASE", "CONFIRM"];

fn about(verb: &str, hold: &str) -> String {
    if verb == "EXTEND" { format!("EXTEND {hold} 60") } else { format!("{verb} {hold}") }
}

#[test]
fn hold_is_confirmed_extended_and_released_until_a_microsecond_before_its_deadline() {
    let mut still = Still::new();
    still.ask("CREATE x 2027-12-31 10 id=x").ok();
    for verb in UNTIL_THE_DEADLINE {
        let hold = still.hold("x 2 ttl=10");
        still.time.advance(10 * SECOND_MICROS - 1);
        still.ask(&about(verb, &hold)).ok();
    }
}

/// Whether the server has ended the hold meanwhile makes no difference, and nor does a full disk.
#[test]
fn hold_is_expired_from_its_deadline_on() {
    let mut still = Still::new();
    still.ask("CREATE x 2027-12-31 10 id=x").ok();
    let hold = still.hold("x 2 ttl=10");
    let deadline = START_MICROS + 10 * SECOND_MICROS;
    still.time.advance(10 * SECOND_MICROS);
    for (is_ended, is_read_only) in [(false, false), (false, true), (true, false), (true, true)] {
        still.set_read_only(false);
        if is_ended {
            still.end_due_holds();
        }
        still.set_read_only(is_read_only);
        for verb in UNTIL_THE_DEADLINE {
            let refused = still.ask(&about(verb, &hold));
            assert_eq!(micros(&refused.err("EXPIRED")["at"]), deadline, "{verb}");
        }
        let shown = still.ask(&format!("HOLD {hold}"));
        assert_eq!((&shown.ok()["status"], micros(&shown.body["expires_at"])), (&"expired".into(), deadline));
        assert_eq!(still.left_and_held(), if is_ended { (10, 0) } else { (8, 2) });
    }
}

#[test]
fn hold_on_a_full_disk_is_refused_as_read_only_until_its_deadline() {
    let mut still = Still::new();
    still.ask("CREATE x 2027-12-31 10 id=x").ok();
    let hold = still.hold("x 8 ttl=10");
    still.set_read_only(true);
    still.time.advance(10 * SECOND_MICROS - 1);
    for verb in UNTIL_THE_DEADLINE {
        still.ask(&about(verb, &hold)).err("READ_ONLY");
    }
    // Without the due hold there are too few, and with its end the booking is a change.
    still.time.advance(1);
    still.ask("BOOK x 3").err("READ_ONLY");
    still.ask("BOOK x 11").err("SOLD_OUT");
    assert_eq!(still.left_and_held(), (2, 8));
    still.set_read_only(false);
    assert_eq!(still.ask("BOOK x 3").number("available_tickets"), 7);
}

#[test]
fn hold_lives_for_two_hours_at_most_however_often_it_is_extended() {
    let mut still = Still::new();
    still.ask("CREATE x 2027-12-31 10 id=x").ok();
    let hold = still.hold("x 2 ttl=7200");
    still.advance_seconds(100);
    let refused = still.ask(&format!("EXTEND {hold} 7200"));
    let refusal = refused.err("LIMIT");
    assert_eq!((&refusal["limit"], &refusal["requested"]), (&7_100.into(), &7_200.into()));
    let deadline = |reply: &Reply| micros(&reply.ok()["expires_at"]) - START_MICROS;
    assert_eq!(deadline(&still.ask(&format!("EXTEND {hold} 7100"))), 7_200 * SECOND_MICROS);
    // A shorter life is possible, too.
    assert_eq!(deadline(&still.ask(&format!("EXTEND {hold} 5"))), 105 * SECOND_MICROS);
    still.advance_seconds(5);
    still.ask(&format!("EXTEND {hold} 5")).err("EXPIRED");
}

/// Due holds that are ended by a request which would be short of tickets.
#[test]
fn due_holds_are_ended_earliest_first_and_no_more_than_needed() {
    let mut still = Still::new();
    still.ask("CREATE x 2027-12-31 12 id=x").ok();
    for request in ["x 2 ttl=30", "x 3 ttl=10", "x 4 ttl=20", "x 1 ttl=10", "x 1 ttl=600"] {
        still.hold(request);
    }
    assert_eq!(still.left_and_held(), (1, 11));
    still.advance_seconds(9);
    still.ask("BOOK x 2").err("SOLD_OUT");
    still.advance_seconds(21);
    let before = still.sequence();
    still.ask("BOOK x 1").ok();
    assert_eq!(still.left_and_held(), (0, 11), "enough was left");
    // Needs 2: the first of the two with the earliest deadline has 3.
    assert_eq!(still.ask("HOLD x 2 ttl=600").number("available_tickets"), 1);
    assert_eq!(still.left_and_held(), (1, 10));
    // Needs 4 more: the other one has 1, and the next 4.
    assert_eq!(still.ask("BOOK x 5").number("available_tickets"), 1);
    assert_eq!(still.left_and_held(), (1, 5));
    assert_eq!(still.sequence(), before + 3, "a commit for each");
    // 6 are issued and 5 are held, of which 2 are due.
    let event = still.ask("UPDATE x tickets=9");
    assert_eq!((event.number("available_tickets"), event.number("held_tickets")), (0, 3));
    assert_eq!(still.sequence(), before + 4);
}

#[test]
fn no_due_hold_is_ended_for_a_request_that_is_refused() {
    let mut still = Still::new();
    still.ask("CREATE x 2027-12-31 10 id=x").ok();
    still.ask("CREATE y 2027-12-31 1 id=y").ok();
    still.hold("x 4 ttl=10");
    still.hold("x 3 ttl=600");
    still.advance_seconds(10);
    let before = still.sequence();
    for (line, code) in [
        ("BOOK x 8", "SOLD_OUT"),
        ("HOLD x 8", "SOLD_OUT"),
        ("BOOK x 5 y 2", "SOLD_OUT"),
        ("BOOK y 2 x 5", "SOLD_OUT"),
        ("UPDATE x tickets=2", "CONFLICT"),
    ] {
        still.ask(line).err(code);
        assert_eq!(still.left_and_held(), (3, 7), "{line}");
    }
    let refused = still.ask("BOOK x 8");
    let refusal = refused.err("SOLD_OUT");
    assert_eq!((&refusal["available"], &refusal["held"]), (&3.into(), &7.into()));
    assert_eq!(still.sequence(), before);
    assert_eq!(still.ask("BOOK y 1 x 7").ok()["bookings"][1]["available_tickets"], 0);
    assert_eq!(still.left_and_held(), (0, 3));
}

#[test]
fn one_request_ends_at_most_a_thousand_due_holds() {
    let mut still = Still::new();
    for event in ["x", "y"] {
        still.ask(&format!("CREATE {event} 2027-12-31 1200 id={event}")).ok();
        let replies = still.server.execute(format!("HOLD {event} 1 ttl=10\n").repeat(1_200).as_bytes());
        assert!(replies.iter().all(Reply::is_ok));
    }
    still.advance_seconds(10);
    let before = still.sequence();
    still.ask("BOOK x 1001").err("SOLD_OUT");
    still.ask("HOLD x 1001").err("SOLD_OUT");
    still.ask("UPDATE x tickets=199").err("CONFLICT");
    assert_eq!(still.ask("BOOK x 600 y 401").err("SOLD_OUT")["event_id"], "y");
    assert_eq!((still.left_and_held(), still.sequence()), ((0, 1_200), before), "none was ended");
    still.ask("BOOK x 600 y 400").ok();
    still.ask("UPDATE x tickets=600").ok();
    assert_eq!((still.left_and_held(), still.sequence()), ((0, 0), before + 2));
}

#[test]
fn due_hold_does_not_keep_an_event_from_being_deleted() {
    let mut still = Still::new();
    still.ask("CREATE x 2027-12-31 10 id=x").ok();
    still.hold("x 4 ttl=10");
    let later = still.hold("x 3 ttl=11");
    still.advance_seconds(10);
    let refused = still.ask("DELETE x");
    assert_eq!(refused.err("CONFLICT")["tickets"], 0);
    still.advance_seconds(1);
    assert_eq!(still.ask("DELETE x").ok()["tickets"], 0);
    still.ask(&format!("CONFIRM {later}")).err("NOT_FOUND");
}

#[test]
fn ended_hold_is_forgotten_after_24_hours_also_after_a_restart() {
    let mut still = Still::new();
    still.ask("CREATE x 2027-12-31 10 id=x").ok();
    let [released, expired] = ["x 1 ttl=10", "x 1 ttl=20"].map(|request| still.hold(request));
    still.ask(&format!("RELEASE {released}")).ok();
    still.advance_seconds(20);
    still.end_due_holds();
    still.time.advance(DAY_MICROS - 20 * SECOND_MICROS - 1);
    still.forget_ended_holds();
    assert_eq!(still.ask(&format!("HOLD {released}")).ok()["status"], "released");
    still.time.advance(1);
    still.forget_ended_holds();
    for is_restarted in [false, true] {
        if is_restarted {
            still.server.restart();
        }
        still.ask(&format!("HOLD {released}")).err("NOT_FOUND");
        still.ask(&format!("RELEASE {released}")).err("NOT_FOUND");
        assert_eq!(still.ask(&format!("HOLD {expired}")).ok()["status"], "expired");
    }
    still.advance_seconds(20);
    still.forget_ended_holds();
    still.ask(&format!("HOLD {expired}")).err("NOT_FOUND");
    assert_eq!(still.ask("STATS").number("ended_holds"), 0);
}

#[test]
fn ended_holds_above_their_limit_are_forgotten_oldest_first() {
    let mut still = Still::with_limits(StateLimits { ended_holds: 3, ..StateLimits::NONE });
    let mut holds = Vec::new();
    for n in 0..8 {
        still.ask(&format!("CREATE x 2027-12-31 10 id=e{n}")).ok();
        holds.push(still.hold(&format!("e{n} 1")));
    }
    for hold in &holds {
        still.ask(&format!("RELEASE {hold}")).ok();
        still.time.advance(1);
    }
    still.forget_ended_holds();
    for is_restarted in [false, true] {
        if is_restarted {
            still.server.restart();
        }
        let known: Vec<_> = holds.iter().map(|hold| still.ask(&format!("HOLD {hold}")).is_ok()).collect();
        assert_eq!(known, [false, false, false, false, false, true, true, true]);
        assert_eq!(still.ask("STATS").number("ended_holds"), 3);
    }
}

/// A commit of another shard may be appended between the decision and the append of this one, and be later.
/// Those of a deleted event are freed with it, and not forgotten. Maintenance would look at them for ever if
/// they counted as more to forget.
#[test]
fn ended_holds_of_a_deleted_event_leave_nothing_to_forget() {
    let mut still = Still::new();
    still.ask("CREATE x 2026-12-31 2000 id=x").ok();
    for _ in 0..2_000 {
        let hold = still.hold("x 1");
        still.ask(&about("RELEASE", &hold)).ok();
    }
    still.ask("DELETE x").ok();
    still.advance_seconds(DAY_MICROS / SECOND_MICROS + 1);
    let before = still.sequence();
    let store = still.server.store();
    let through = store.forget_ended_through();
    for shard in store.shards() {
        assert_eq!(store.forget_ended_holds(shard, through), Ok(false));
    }
    while store.shards().any(|shard| store.free_deleted(shard)) {}
    assert_eq!(still.sequence(), before);
}

#[test]
fn times_of_tickets_and_holds_are_those_of_their_commits_also_after_a_restart() {
    let mut still = Still::new();
    still.ask("CREATE x 2027-12-31 10 id=x").ok();
    let tickets = still.ask("BOOK x 3").tickets();
    let holds = ["x 1 ttl=60", "x 1 ttl=60", "x 1 ttl=60"].map(|request| still.hold(request));
    let slot = Slot { date: "2027-01-15".parse().unwrap(), hour: "09:00".parse().unwrap() };
    let block = BlockTaken { slot, who: "F1" }.into();
    still.server.log.append(START_MICROS + SECOND_MICROS, None, &[block]).expect("an open log");
    for change in [
        "BOOK x 1".to_owned(),
        "BOOK x 1 for=Ada".to_owned(),
        format!("CANCEL {}", tickets[0]),
        format!("CHECKIN {}", tickets[1]),
        format!("CONFIRM {}", holds[0]),
        format!("RELEASE {}", holds[1]),
        format!("EXTEND {} 30", holds[2]),
    ] {
        still.ask(&change).ok();
    }
    let shown = |still: &mut Still| {
        let lines = holds.iter().flat_map(|hold| [format!("HOLD {hold}"), format!("RELEASE {hold}")]);
        let lines = lines.take(5).chain(["TICKETS x status=all ids=yes".to_owned()]);
        lines.map(|line| still.ask(&line)).collect::<Vec<_>>()
    };
    let before = shown(&mut still);
    still.server.restart();
    assert_eq!(shown(&mut still), before);
}

fn with(time: &Arc<ManualTime>) -> impl FnOnce(&mut Config) {
    let time = time.clone();
    |config| config.time_source = Some(time)
}

#[tokio::test]
async fn hold_that_fell_due_while_the_server_was_down_is_gone_when_it_listens() {
    for is_killed in [false, true] {
        let server = Server::fresh_with(with(&Arc::new(ManualTime::new(START_MICROS)))).await;
        let mut conn = server.connect().await;
        conn.ask("CREATE x 2027-12-31 10 id=x").await.ok();
        let holds: [_; 2] = [conn.ask("HOLD x 4 ttl=10").await, conn.ask("HOLD x 3 ttl=20").await];
        let [due, active] = holds.map(|held| text(&held.ok()["hold_id"]));
        let directory = if is_killed { server.kill().await } else { server.stop().await };

        let later = Arc::new(ManualTime::new(START_MICROS + 10 * SECOND_MICROS));
        let server = Server::on_with(directory, with(&later)).await.expect("a start");
        let mut conn = server.connect().await;
        let event = conn.ask("GET x").await;
        assert_eq!((event.number("available_tickets"), event.number("held_tickets")), (7, 3));
        conn.ask(&format!("CONFIRM {due}")).await.err("EXPIRED");
        conn.ask(&format!("CONFIRM {active}")).await.ok();
        server.stop().await;
    }
}

/// A hundred thousand holds fall due in the same second. In a release build they are back within a second of
/// real time. The limit here is that of a debug build beside other tests.
#[tokio::test]
async fn a_hundred_thousand_holds_that_fall_due_together_return_to_sale_at_once() {
    const HOLDS: usize = 100_000;
    let time = Arc::new(ManualTime::new(START_MICROS));
    let server = Server::fresh_with(|config| {
        with(&time)(config);
        config.durability = Durability::Never;
        config.segment_size = 8 << 20;
    })
    .await;
    let address = server.address;
    let run = move || {
        let mut conn = Conn::open(address);
        conn.ask(&format!("CREATE x 2027-12-31 {HOLDS} id=x")).ok();
        let held = conn.pipeline("HOLD x 1 ttl=60\n".repeat(HOLDS).into_bytes(), HOLDS);
        assert!(held.iter().all(|reply| reply.starts_with("OK ")));
        assert_eq!(conn.ask("STATS").number("holds"), HOLDS as u64);
        let since = Instant::now();
        time.advance(60 * SECOND_MICROS);
        conn.ask_until("STATS", |stats| stats.number("holds") == 0);
        let elapsed = since.elapsed();
        println!("{HOLDS} holds were ended in {elapsed:?}");
        assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
        assert_eq!(conn.ask("GET x").number("available_tickets"), HOLDS as u64);
        assert_eq!(conn.ask("STATS").number("ended_holds"), HOLDS as u64);
    };
    let run = tokio::task::spawn_blocking(run);
    tokio::time::timeout(HANG_TIMEOUT, run).await.expect("in time").expect("no panic");
    server.stop().await;
}
