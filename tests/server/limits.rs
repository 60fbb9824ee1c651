//! The limits of the state: tickets, events, holds, names and person-hours.
//!
//! Catches: short requests that take memory without a limit; sales above or below the limit under
//! concurrency; a refusal that counts or changes something; a start, a change that does not grow the state,
//! or a DELETE that is refused because the state is above the limit.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use bookline_testkit::process::{Home, Server, booklined, spawn_listening};
use bookline_testkit::reply::words;
use bookline_testkit::{Conn, Reply};

use crate::audit::text;

#[track_caller]
pub fn assert_full(reply: &Reply, limit: u64, requested: u64) {
    let refusal = reply.err("FULL");
    assert_eq!((&refusal["limit"], &refusal["requested"]), (&limit.into(), &requested.into()));
    assert_eq!(refusal["retry"], false);
}

/// Without a limit, these 42 kB of requests took 765 MB.
#[test]
fn bookings_above_the_limit_of_tickets_are_refused() {
    let server = Server::fresh_with(&["--max-tickets", "25000"]);
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 1000000000 id=x").ok();
    conn.send_bytes("BOOK x 10000\n".repeat(3_000));
    for n in 0..3_000 {
        let reply = conn.reply();
        if n < 2 {
            reply.ok();
        } else {
            assert_full(&reply, 25_000, 10_000);
        }
    }
    assert_eq!(conn.ask("BOOK x 5000").tickets().len(), 5_000, "bookings up to the limit succeed");
    let refused = conn.ask("BOOK x 1");
    assert_full(&refused, 25_000, 1);
    assert_eq!(
        refused.err("FULL")["message"],
        "the server may hold 25000 tickets and holds 25000, 1 more asked for: DELETE events that are over, or \
         whoever runs it can raise --max-tickets"
    );
    let stats = conn.ask("STATS");
    assert_eq!((stats.number("ticket_ids"), stats.number("max_tickets")), (25_000, 25_000));
    assert_eq!(stats.number("sequence"), 4, "nothing else was written");
}

#[test]
fn concurrent_bookings_sell_exactly_up_to_the_limit() {
    const CLIENTS: usize = 40;
    const LIMIT: u64 = 1_000;
    let server = Server::fresh_with(&["--max-tickets", "1000", "--threads", "4"]);
    for event in 0..8 {
        server.connect().ask(&format!("CREATE x 2026-01-01 1000000 id=e{event}")).ok();
    }
    let sold: u64 = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|n| {
                scope.spawn({
                    let server = &server;
                    move || {
                        let mut conn = server.connect();
                        conn.send_bytes(format!("BOOK e{} 1\n", n % 8).repeat(40));
                        let replies = (0..40).map(|_| conn.reply());
                        replies
                            .filter(|reply| {
                                reply.is_ok() || {
                                    assert_full(reply, LIMIT, 1);
                                    false
                                }
                            })
                            .count() as u64
                    }
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    assert_eq!(sold, LIMIT);
    assert_eq!(server.connect().ask("STATS").number("tickets"), LIMIT);
}

/// A state above the limits is served. It may shrink and change, but not grow.
#[test]
fn state_above_the_limits_is_served_but_does_not_grow() {
    let home = Home::new();
    let mut server = home.start(&[]);
    let mut conn = server.connect();
    for line in [
        "CREATE x 2026-01-01 100 id=x",
        "CREATE y 2026-01-01 100 id=y",
        "BOOK x 50",
        "MEET F1 2026-01-01 09:00 talk F2,F3",
        "BLOCK F4 2026-01-01 09:00",
    ] {
        conn.ask(line).ok();
    }
    drop(conn);
    server.stop();

    let mut server = home.start(&["--max-tickets", "40", "--max-events", "1", "--max-person-hours", "3"]);
    let mut conn = server.connect();
    for (what, used, limit) in [("events", 2, 1), ("tickets", 50, 40), ("person-hours", 4, 3)] {
        let warning = format!("the data has {used} {what}, and at most {limit} are allowed (--max-{what})");
        assert!(server.process().wait_for_stderr(|stderr| stderr.contains(&warning)), "{}", server.stderr());
    }
    assert_full(&conn.ask("BOOK x 1"), 40, 1);
    assert_full(&conn.ask("CREATE z 2026-01-01 1"), 1, 1);
    assert_full(&conn.ask("BLOCK F5 2026-01-01 09:00"), 3, 1);
    assert_full(&conn.ask("PUT F4 2026-01-01 09:00 MEET 2026-01-01 10:00 talk F5"), 3, 1);
    // Changes that keep or reduce the size.
    conn.ask("PUT F4 2026-01-01 09:00 BLOCK 2026-01-01 10:00").ok();
    conn.ask("PUT F1 2026-01-01 09:00 MEET 2026-01-01 09:00 talk F3").ok();
    assert_eq!(conn.ask("STATS").number("person_hours"), 3);
    assert_full(&conn.ask("BLOCK F5 2026-01-01 09:00"), 3, 1);
    conn.ask("DELETE F1 2026-01-01 09:00").ok();
    conn.ask("MEET F5 2026-01-01 09:00 talk F6").ok();
    let stats = conn.ask("STATS");
    assert_eq!(stats.number("person_hours"), 3);
    drop(conn);
    server.stop();

    // After a restart the counters are the same.
    let server = home.start(&["--max-tickets", "51", "--max-events", "3", "--max-person-hours", "4"]);
    let mut conn = server.connect();
    assert_eq!(conn.ask("STATS").number("person_hours"), 3);
    for (line, another) in [
        ("BOOK x 1", "BOOK y 1"),
        ("CREATE z 2026-01-01 1", "CREATE z 2026-01-01 1"),
        ("BLOCK F8 2026-01-01 09:00", "BLOCK F8 2026-01-01 10:00"),
    ] {
        conn.ask(line).ok();
        conn.ask(another).err("FULL");
    }
}

/// An import loads events up to the limit and reports that. With a higher limit the next import loads the
/// others.
#[test]
fn import_stops_at_the_limit_and_continues_with_a_higher_one() {
    let home = Home::new();
    let event = |n: u32| {
        format!(r#"{{"id":"e{n}","name":"x","date":"2026-01-01","totalTickets":10,"availableTickets":6}}"#)
    };
    let file = home.file("events.json", &format!("[{},{},{}]", event(1), event(2), event(3)));
    let import = ["--import", file.to_str().unwrap()];
    let (status, stderr) = home.start_fails(&[&import[..], &["--max-events", "2"]].concat());
    assert_eq!(status.code(), Some(1), "{stderr}");
    let why = "the import stopped after 2 events: the server may hold 2 events and holds 2, 1 more asked for: DELETE \
               what is over, or whoever runs it can raise --max-events. Run it again then: it goes on where it stopped";
    assert!(stderr.contains(why), "{stderr}");
    // Existing events are not compared with the limit.
    let server = home.start(&[&import[..], &["--max-events", "3", "--max-tickets", "1"]].concat());
    let stats = server.connect().ask("STATS");
    // Tickets that were sold before the import have no ids here, and take no memory.
    assert_eq!((stats.number("events"), stats.number("tickets"), stats.number("ticket_ids")), (3, 12, 0));
    server.connect().ask("BOOK e1 1").ok();
    assert_full(&server.connect().ask("BOOK e1 1"), 1, 1);
    drop(server);
    let server = home.start(&[&import[..], &["--max-events", "1", "--max-tickets", "1"]].concat());
    assert_eq!(server.connect().ask("STATS").number("events"), 3);
}

#[test]
fn cancelled_tickets_count_to_the_limit_until_their_event_is_deleted() {
    let server = Server::fresh_with(&["--max-tickets", "1000"]);
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-12-31 5000 id=x").ok();
    conn.ask("CREATE y 2026-12-31 5000 id=y").ok();
    let tickets = conn.ask("BOOK x 1000").tickets();
    conn.ask(&format!("CANCEL {} {}", tickets.join(" "), tickets[0])).err("BAD_REQUEST");
    let cancelled = conn.ask(&format!("CANCEL {}", tickets.join(" ")));
    assert_eq!(words(&cancelled.ok()["cancelled"]), tickets);
    assert_eq!(cancelled.body["events"][0]["available_tickets"], 5_000);
    let stats = conn.ask("STATS");
    assert_eq!((stats.number("tickets"), stats.number("ticket_ids")), (0, 1_000));
    let hold = text(&conn.ask("HOLD y 1").ok()["hold_id"]);
    assert_full(&conn.ask("BOOK y 1"), 1_000, 1);
    assert_full(&conn.ask("BOOK y 1 x 1"), 1_000, 2);
    assert_full(&conn.ask(&format!("CONFIRM {hold}")), 1_000, 1);
    assert_eq!(conn.ask("DELETE x").ok()["tickets"], 0);
    conn.ask(&format!("CONFIRM {hold}")).ok();
    assert_eq!(conn.ask("BOOK y 999").tickets().len(), 999);
    assert_full(&conn.ask("BOOK y 1"), 1_000, 1);
}

#[test]
fn holds_above_their_limit_are_refused_and_ended_ones_above_theirs_are_forgotten() {
    let mut server = Server::fresh_with(&["--max-holds", "3", "--max-ended-holds", "2"]);
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-12-31 100 id=x").ok();
    let mut ended = Vec::new();
    for _ in 0..4 {
        let holds: Vec<_> = (0..3).map(|_| text(&conn.ask("HOLD x 2").ok()["hold_id"])).collect();
        let refused = conn.ask("HOLD x 1");
        assert_full(&refused, 3, 1);
        assert!(text(&refused.body["message"]).ends_with("raise --max-holds"), "{refused:?}");
        for (hold, verb) in holds.into_iter().zip(["RELEASE", "CONFIRM", "RELEASE"]) {
            conn.ask(&format!("{verb} {hold}")).ok();
            ended.push(format!("HOLD {hold}"));
        }
    }
    conn.ask_until("STATS", |stats| stats.number("ended_holds") == 2);
    drop(conn);
    let (forgotten, remembered) = ended.split_at(10);
    for is_killed in [false, true] {
        if is_killed {
            server.kill9();
            server.start_again();
        }
        let mut conn = server.connect();
        assert!(conn.ask_all(remembered).iter().all(Reply::is_ok));
        for reply in conn.ask_all(forgotten) {
            reply.err("NOT_FOUND");
        }
        assert_eq!(conn.ask("STATS").number("ended_holds"), 2);
    }
}

/// At 1,000 each 200 ms it would take 20 seconds, and clients could end holds faster than that for ever.
#[test]
fn ended_holds_are_forgotten_as_fast_as_clients_end_them() {
    const HOLDS: usize = 100_000;
    let server = Server::fresh_with(&["--durability", "never", "--max-ended-holds", "1000"]);
    let mut conn = server.connect();
    conn.ask(&format!("CREATE x 2026-12-31 {HOLDS} id=x")).ok();
    let held = conn.pipeline("HOLD x 1\n".repeat(HOLDS).into_bytes(), HOLDS);
    let release = |line: &String| {
        let hold = line.strip_prefix("OK {\"hold_id\":\"").and_then(|rest| rest.get(..36));
        format!("RELEASE {}\n", hold.unwrap_or_else(|| panic!("{line}")))
    };
    let released = conn.pipeline(held.iter().map(release).collect::<String>().into_bytes(), HOLDS);
    assert!(released.iter().all(|line| line.starts_with("OK ")));
    let since = Instant::now();
    conn.ask_until("STATS", |stats| stats.number("ended_holds") == 1_000);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    conn.ask("DELETE x").ok();
    assert_eq!(conn.ask("STATS").number("ended_holds"), 0);
}

/// A name takes its bytes and 64 more, once for neighboring tickets, and for a hold until it ends.
#[test]
fn names_above_their_limit_are_refused() {
    let server = Server::fresh_with(&["--max-name-bytes", "200"]);
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-12-31 100 id=x").ok();
    conn.ask("CREATE y 2026-12-31 100 id=y").ok();
    conn.ask("BOOK x 2 for=Ada").ok();
    conn.ask("BOOK x 5 for=Ada").ok();
    assert_eq!(conn.ask("STATS").number("name_bytes"), 67);
    let hold = text(&conn.ask("HOLD y 2 for=Grace").ok()["hold_id"]);
    assert_eq!(conn.ask("STATS").number("name_bytes"), 136);
    let refused = conn.ask("BOOK y 1 for=\"Alan Mathison Turing and guests\"");
    assert_full(&refused, 200, 95);
    assert!(text(&refused.body["message"]).ends_with("raise --max-name-bytes"), "{refused:?}");
    assert_full(&conn.ask("HOLD y 1 for=\"Alan Mathison Turing and guests\""), 200, 95);
    assert_full(&conn.ask("BOOK y 1 x 1 for=Barbara"), 200, 142);
    assert_full(&conn.ask(&format!("CONFIRM {hold} for=\"{}\"", "x".repeat(90))), 200, 85);
    conn.ask("BOOK y 1").ok();
    conn.ask(&format!("CONFIRM {hold}")).ok();
    assert_eq!(conn.ask("STATS").number("name_bytes"), 136, "the name of the hold is that of its tickets");
    conn.ask("DELETE x tickets=drop").ok();
    conn.ask("BOOK y 1 for=\"Alan Mathison Turing and guests\"").ok();
    conn.ask("DELETE y tickets=drop").ok();
    assert_eq!(conn.ask("STATS").number("name_bytes"), 0);
}

/// A limit without a flag or a variable follows from the memory that the process may use.
#[test]
fn limits_default_to_the_available_memory() {
    const KIB: u64 = 2_000_000;
    let home = Home::new();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {KIB} && exec \"$@\""), "sh", booklined(), "--data-dir"]);
    command.arg(home.data()).args(["--listen", "127.0.0.1:0", "--segment-size", "768KiB"]);
    command.env("BOOKLINE_MAX_EVENTS", "77");
    let (_process, addr) = spawn_listening(&mut command);
    let stats = Conn::open(addr).ask("STATS");
    assert_eq!(stats.number("max_events"), 77);
    // The machine may have less memory.
    let (tickets, hours) = (stats.number("max_tickets"), stats.number("max_person_hours"));
    assert!(tickets > 0 && tickets <= KIB * 1024 / 5 / 64, "{tickets} tickets");
    assert!(hours > 0 && hours <= KIB * 1024 / 5 / 2560, "{hours} person-hours");
}
