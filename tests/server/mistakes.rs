//! Regression tests for the bugs of the systems that this one replaces.
//!
//! Catches: a negative or zero count that adds tickets; available tickets read outside of the lock; bookings
//! that are not persisted; a PUT that loses the old entry; a host who is not in the meeting, so that nobody
//! can delete it; a meeting in the calendars of only some of its people; "9:00" that panics; lookups that
//! allocate entries.

use std::sync::Barrier;
use std::thread;

use bookline_testkit::process::Server;

#[test]
fn negative_or_zero_count_adds_no_tickets() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 5 id=x").ok();
    for count in [
        "-1",
        "-5",
        "0",
        "00",
        "-0",
        "-2147483648",
        "-9223372036854775808",
        "4294967295",
        "18446744073709551615",
    ] {
        conn.ask(&format!("BOOK x {count}")).err("BAD_REQUEST");
        assert_eq!(conn.ask("GET x").number("available_tickets"), 5, "BOOK x {count}");
        conn.ask(&format!("CREATE y 2026-01-01 {count} id=y")).err("BAD_REQUEST");
    }
    conn.ask("GET y").err("NOT_FOUND");
    assert_eq!(conn.ask("BOOK x 5").number("available_tickets"), 0);
}

/// Every booking of one ticket shows how many are left. Read outside of the lock, two would show the same
/// number.
#[test]
fn availability_is_read_under_the_lock() {
    const CLIENTS: usize = 16;
    const EACH: usize = 200;
    let server = Server::fresh();
    server.connect().ask(&format!("CREATE x 2026-01-01 {} id=x", CLIENTS * EACH)).ok();
    let start = Barrier::new(CLIENTS);
    let mut left: Vec<u64> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut conn = server.connect();
                    start.wait();
                    let replies = conn.ask_all(&vec!["BOOK x 1"; EACH]);
                    replies.iter().map(|reply| reply.number("available_tickets")).collect::<Vec<_>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    left.sort_unstable();
    let expected: Vec<u64> = (0..(CLIENTS * EACH) as u64).collect();
    assert_eq!(left, expected, "each number of tickets left is shown exactly once");
}

#[test]
fn bookings_survive_a_restart_and_a_kill() {
    let mut server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE \"Rust Conf\" 2026-12-31 100 id=rustconf").ok();
    let tickets = conn.ask("BOOK rustconf 3").tickets();
    conn.ask("BLOCK F1 2026-11-21 09:00").ok();
    conn.ask("MEET F1 2026-11-21 10:00 talk F2,F3 F9").ok();
    for end in ["stop", "kill -9"] {
        if end == "stop" {
            server.stop();
        } else {
            server.kill9()
        }
        server.start_again();
        let mut conn = server.connect();
        let event = conn.ask("GET rustconf");
        assert_eq!(event.number("available_tickets"), 97, "after {end}");
        assert_eq!(event.ok()["name"], "Rust Conf");
        for ticket in &tickets {
            assert_eq!(conn.ask(&format!("TICKET {ticket}")).ok()["event_id"], "rustconf", "after {end}");
        }
        conn.transcript(
            r#"
            > GET F1 2026-11-21
            < OK {"name":"F1","date":"21-11-2026","schedule":[{"time":"09:00","meet":{"title":"","group":[],"host":"F1"}},{"time":"10:00","meet":{"title":"talk","group":["F2","F3"],"host":"F9"}}]}
            > GET F9 2026-11-21
            < OK {"name":"F9","date":"21-11-2026","schedule":[{"time":"10:00","meet":{"title":"talk","group":["F2","F3"],"host":"F9"}}]}
            > DELETE F1 2026-11-21 10:00
            < ERR FORBIDDEN {"message":"<text>","retry":false,"host":"F9"}
            > CREATE again 2026-12-31 1 id=rustconf
            < ERR CONFLICT {"message":"<text>","retry":false}
            "#,
        );
    }
}

/// A PUT that is refused for any reason leaves the old entry and everyone's day unchanged.
#[test]
fn refused_put_keeps_the_old_entry() {
    let mut server = Server::fresh();
    let mut conn = server.connect();
    for line in [
        "MEET F1 2026-11-21 10:00 talk F2,F3 F4",
        "BLOCK F5 2026-11-22 10:00",
        "BLOCK F4 2026-11-21 11:00",
        "BLOCK F6 2026-11-21 10:00",
    ] {
        conn.ask(line).ok();
    }
    let days = ["F1", "F2", "F3", "F4", "F5", "F6"]
        .iter()
        .flat_map(|who| [format!("GET {who} 2026-11-21"), format!("GET {who} 2026-11-22")])
        .collect::<Vec<_>>();
    let before = conn.ask_all(&days);
    for (line, code) in [
        ("PUT F4 2026-11-21 10:00 BLOCK 2026-11-21 11:00", "CONFLICT"),
        ("PUT F4 2026-11-21 10:00 MEET 2026-11-22 10:00 talk F1,F5", "CONFLICT"),
        ("PUT F4 2026-11-21 10:00 MEET 2026-11-21 10:00 talk F2,F6", "CONFLICT"),
        ("PUT F4 2026-11-21 10:00 MEET 2026-11-21 10:00 talk F2 F6", "CONFLICT"),
        ("PUT F1 2026-11-21 10:00 BLOCK 2026-11-23 10:00", "FORBIDDEN"),
        ("PUT F4 2026-11-21 12:00 BLOCK 2026-11-23 10:00", "NOT_FOUND"),
        ("PUT F4 2026-11-21 10:00 BLOCK 2026-11-23 9:00", "BAD_REQUEST"),
        ("PUT F4 2026-11-21 10:00 MEET 2026-11-23 09:00 talk", "BAD_REQUEST"),
        ("PUT F4 2026-11-21 10:00 MEET 2026-11-23 09:00 talk F2,", "BAD_REQUEST"),
    ] {
        conn.ask(line).err(code);
        assert_eq!(conn.ask_all(&days), before, "after {line}");
    }
    server.kill9();
    server.start_again();
    assert_eq!(server.connect().ask_all(&days), before, "after kill -9");
}

#[test]
fn host_has_the_meeting_and_can_delete_it() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("MEET F1 2026-11-21 10:00 talk F2 F9").ok();
    let day = conn.ask("GET F9 2026-11-21");
    assert_eq!(day.ok()["schedule"][0]["meet"]["title"], "talk", "the host has the meeting");
    assert_eq!(conn.ask("BLOCK F9 2026-11-21 10:00").busy(), ["F9"], "the host is busy");
    assert_eq!(conn.ask("DELETE F9 2026-11-21 10:00").ok()["deleted"], "meeting");
    for who in ["F1", "F2", "F9"] {
        let day = conn.ask(&format!("GET {who} 2026-11-21"));
        assert!(day.ok()["schedule"].as_array().unwrap().is_empty(), "{who} is free again");
    }
    conn.ask("BLOCK F9 2026-11-21 11:00").ok();
    assert_eq!(
        conn.ask("MEET F1 2026-11-21 11:00 talk F2 F9").busy(),
        ["F9"],
        "a busy host refuses the meeting"
    );
}

/// The meeting is refused whichever of its people is busy.
#[test]
fn refused_meeting_is_in_no_calendar() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let people = ["who", "m1", "m2", "m3", "host"];
    for (hour, busy) in people.iter().enumerate() {
        conn.ask(&format!("BLOCK {busy} 2026-11-21 {hour:02}:00")).ok();
        let reply = conn.ask(&format!("MEET who 2026-11-21 {hour:02}:00 talk m1,m2,m3 host"));
        assert_eq!(reply.busy(), [*busy]);
    }
    for (hour, busy) in people.iter().enumerate() {
        let day = conn.ask(&format!("GET {busy} 2026-11-21"));
        let schedule = day.ok()["schedule"].as_array().unwrap();
        assert_eq!(schedule.len(), 1, "only the block: {schedule:?}");
        assert_eq!(schedule[0]["time"], format!("{hour:02}:00"));
    }
    let reply = conn.ask("MEET m1 2026-11-21 00:00 talk m2,who,m3 who");
    assert_eq!(reply.busy(), ["who"]);
    conn.ask("BLOCK m3 2026-11-21 00:00").ok();
    assert_eq!(
        conn.ask("MEET m1 2026-11-21 00:00 talk m2,who,m3 host").busy(),
        ["m3", "who"],
        "all who are busy"
    );
}

#[test]
fn malformed_times_and_dates_are_refused() {
    let server = Server::fresh();
    let mut conn = server.connect();
    for time in
        ["9:00", "9", ":", "", "é0:00", "0é:00", "00:é0", "1:2:3", "💥", "00:0", "0:000", "-9:00", "009:00"]
    {
        let quoted = format!("\"{time}\"");
        for line in [
            format!("BLOCK F1 2026-11-21 {quoted}"),
            format!("MEET F1 2026-11-21 {quoted} talk F2"),
            format!("DELETE F1 2026-11-21 {quoted}"),
            format!("PUT F1 2026-11-21 {quoted} BLOCK 2026-11-21 10:00"),
            format!("PUT F1 2026-11-21 10:00 BLOCK 2026-11-21 {quoted}"),
        ] {
            conn.ask(&line).err("BAD_REQUEST");
        }
    }
    for date in
        ["2026-1-1", "é026-01-01", "2026-é1-01", "----------", "💥", "2026-02-3", "99-99-9999", "          "]
    {
        conn.ask(&format!("GET F1 \"{date}\"")).err("BAD_REQUEST");
        conn.ask(&format!("CREATE x \"{date}\" 5")).err("BAD_REQUEST");
    }
    assert!(conn.ask("GET F1 2026-11-21").ok()["schedule"].as_array().unwrap().is_empty());
}

/// Requests for what does not exist leave nothing in memory, in the counters, or on the disk.
#[test]
fn lookups_and_refusals_leave_nothing_in_memory_or_journal() {
    const ROUNDS: usize = 60_000;
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 1 id=x").ok();
    conn.ask("BOOK x 1").ok();
    conn.ask("BLOCK busy 2026-01-01 09:00").ok();
    let lookups = |from: usize| {
        let mut bytes = Vec::new();
        for n in from..from + ROUNDS {
            let (year, day, hour) = (1 + n % 9000, 1 + n % 28, n % 24);
            let line = match n % 7 {
                0 => format!("GET p{n} {year:04}-01-{day:02}\n"),
                1 => format!("GET busy {year:04}-02-{day:02}\n"),
                2 => format!("DELETE p{n} {year:04}-03-{day:02} {hour:02}:00\n"),
                3 => format!("GET e{n}\n"),
                4 => format!("BOOK e{n} 1\nBOOK x 1\n"),
                5 => {
                    format!("PUT p{n} {year:04}-04-{day:02} {hour:02}:00 BLOCK {year:04}-05-{day:02} 10:00\n")
                }
                _ => format!("MEET p{n} 2026-01-01 09:00 talk q{n},busy\n"),
            };
            bytes.extend_from_slice(line.as_bytes());
        }
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        (bytes, lines)
    };
    let run = |conn: &mut bookline_testkit::Conn, from| {
        let (bytes, lines) = lookups(from);
        let replies = conn.pipeline(bytes, lines);
        assert!(replies.iter().all(|line| line.starts_with("ERR ") || line.contains("\"schedule\":[]")));
    };
    run(&mut conn, 0); // let buffers grow
    let (before, memory) = (conn.ask("STATS"), server.resident_kib());
    for round in 1..4 {
        run(&mut conn, round * ROUNDS);
    }
    let (after, grown) = (conn.ask("STATS"), server.resident_kib().saturating_sub(memory));
    for field in ["events", "tickets", "entries", "sequence", "durable_sequence"] {
        assert_eq!(after.number(field), before.number(field), "{field}");
    }
    // An entry kept for each lookup would be 180,000 times at least 50 bytes.
    assert!(grown < 6 * 1024, "{grown} KiB more for {} failed lookups", 3 * ROUNDS);
}
