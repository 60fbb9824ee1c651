//! Requests with keys, over real connections.
//!
//! Catches: a change that is made twice, or a reply that differs, if many connections send one key at once or
//! after a kill; a stored reply that is cut or delayed when it is large; a key in the log output, in a dump
//! or in a message; limits of keys that are not kept.

use std::collections::BTreeSet;
use std::process::Command;

use bookline_testkit::Conn;
use bookline_testkit::process::{Home, Server, booklined, spawn_listening};
use rustix::process::Signal;

use crate::audit::text;
use crate::contention::together;
use crate::limits::assert_full;

/// Clients of a race.
const CLIENTS: usize = 200;

fn sequence(server: &Server) -> u64 {
    server.connect().ask("STATS").number("sequence")
}

/// The lines of the replies to a request that all clients send at once.
fn ask_at_once(server: &Server, request: impl Fn(usize) -> String + Sync) -> Vec<String> {
    together(server, CLIENTS, |client, conn| conn.ask(&request(client)).line)
}

#[test]
fn one_key_from_200_connections_makes_one_change_and_all_get_its_reply() {
    let mut server = Server::fresh_with(&["--threads", "4"]);
    server.connect().ask("CREATE x 2026-12-31 1000 id=x").ok();
    let requests = [
        "BOOK x 2 for=\"Ada Lovelace\"",
        "BOOK x 300",
        "CREATE \"one of 200\" 2026-12-31 10",
        "HOLD x 3 ttl=7200",
        "MEET F1 2026-12-31 09:00 talk F2,F3",
    ]
    .map(|request| format!("{request} key=key-of-{:016}", request.len()));
    let mut replies = Vec::new();
    for request in &requests {
        let before = sequence(&server);
        let lines = ask_at_once(&server, |_| request.clone());
        assert!(lines[0].starts_with("OK "), "{}", lines[0]);
        assert!(lines.iter().all(|line| *line == lines[0]), "{request}: another reply");
        assert_eq!(sequence(&server), before + 1, "{request}: one change");
        replies.push(lines[0].clone());
    }
    let event = server.connect().ask("GET x");
    assert_eq!((event.number("available_tickets"), event.number("held_tickets")), (695, 3));
    server.kill9();
    server.start_again();
    let before = sequence(&server);
    let mut conn = server.connect();
    for (request, reply) in requests.iter().zip(&replies) {
        assert_eq!(&conn.ask(request).line, reply, "{request} after a kill");
    }
    assert_eq!(sequence(&server), before);
}

#[test]
fn two_keys_with_one_request_make_two_changes() {
    let server = Server::fresh_with(&["--threads", "4"]);
    server.connect().ask("CREATE x 2026-12-31 1000 id=x").ok();
    let lines = ask_at_once(&server, |client| format!("BOOK x 1 key=key-of-two-clients-{}", client / 2));
    for pair in lines.chunks(2) {
        assert_eq!(pair[0], pair[1]);
    }
    let different: BTreeSet<&String> = lines.iter().collect();
    assert_eq!(different.len(), CLIENTS / 2);
    assert_eq!(sequence(&server), 1 + CLIENTS as u64 / 2);
    let left = server.connect().ask("GET x").number("available_tickets");
    assert_eq!(left, 1_000 - CLIENTS as u64 / 2);
}

/// The stored reply is larger than what is written at a time, so a turn needs a share of the buffers for it.
#[test]
fn large_stored_reply_is_complete_behind_others_and_for_a_slow_reader() {
    const REPEATS: usize = 300;
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-12-31 5000 id=x").ok();
    let request = "BOOK x 1000 for=Ada key=1000-tickets-of-x";
    let booked = conn.ask(request);
    assert_eq!(booked.tickets().len(), 1_000);
    assert!(booked.line.len() > 32 << 10, "{} bytes", booked.line.len());
    let mut slow = server.connect();
    slow.send_bytes(format!("PING\nGET x\n{request}\n").repeat(REPEATS));
    // Others are served while nobody reads the replies, which exceed the buffers of the socket.
    for _ in 0..100 {
        conn.ask("PING").ok();
    }
    for _ in 0..REPEATS {
        assert_eq!(slow.line(), "OK {}");
        assert_eq!(slow.reply().number("available_tickets"), 4_000);
        assert_eq!(slow.line(), booked.line);
    }
    assert_eq!(sequence(&server), 2);
}

#[test]
fn requests_with_a_key_are_for_at_most_1000_tickets() {
    let server = Server::fresh();
    let mut conn = server.connect();
    for event in ["x", "y"] {
        conn.ask(&format!("CREATE {event} 2026-12-31 10000 id={event}")).ok();
    }
    let hold = text(&conn.ask("HOLD x 1001 ttl=7200").ok()["hold_id"]);
    let before = sequence(&server);
    let limit = |conn: &mut Conn, line: &str| {
        let refused = conn.ask(line);
        let refusal = refused.err("LIMIT");
        assert_eq!((&refusal["limit"], &refusal["requested"]), (&1_000.into(), &1_001.into()), "{line}");
        assert!(refusal.get("event_id").is_none(), "{line}");
    };
    for line in ["BOOK x 1001".to_owned(), "BOOK x 600 y 401".to_owned(), format!("CONFIRM {hold}")] {
        limit(&mut conn, &format!("{line} key=one-ticket-too-many"));
    }
    assert_eq!(sequence(&server), before, "a refusal leaves nothing");
    for line in ["BOOK x 600 y 400".to_owned(), format!("CONFIRM {hold} 1000")] {
        let keyed = format!("{line} key=as-many-as-may-be-{}", line.len());
        let granted = conn.ask(&keyed);
        granted.ok();
        assert_eq!(conn.ask(&keyed), granted, "{line}");
    }
    assert_eq!(conn.ask("BOOK x 1001").tickets().len(), 1_001, "without a key");
    assert_eq!(sequence(&server), before + 3);
}

/// The largest have 1,000 people. With a key such a PUT takes more than a commit may: the reply, which shows
/// both meetings, is in it.
#[test]
fn put_of_large_meetings_is_repeated_and_of_the_largest_refused() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let group = |name: &str, people: u32| {
        (0..people).map(|n| format!("{name}{n:0>63}")).collect::<Vec<_>>().join(",")
    };
    let put = |from: &str, to: &str, name: &str, people| {
        format!("PUT F1 2026-12-31 {from} MEET 2026-12-31 {to} new {}", group(name, people))
    };
    let key = "k".repeat(64);
    conn.ask(&format!("MEET F1 2026-12-31 09:00 old {}", group("a", 750))).ok();
    let request = format!("{} key={key}", put("09:00", "10:00", "b", 750));
    let replaced = conn.ask(&request);
    replaced.ok();
    assert!(replaced.line.len() > 3 * 48_000, "{} bytes", replaced.line.len());
    assert_eq!(conn.ask(&request).line, replaced.line);
    assert_eq!(sequence(&server), 2);

    conn.ask(&format!("MEET F1 2026-12-31 11:00 old {}", group("a", 1_000))).ok();
    let largest = put("11:00", "12:00", "b", 1_000);
    let refused = conn.ask(&format!("{largest} key=another-key-of-mine"));
    assert_eq!(refused.code.as_deref(), Some("LIMIT"));
    assert_eq!(refused.number("limit"), 262_144);
    conn.ask(&largest).ok();
    assert_eq!(sequence(&server), 4);
}

#[test]
fn full_server_refuses_new_keys_and_sends_stored_replies() {
    let server = Server::fresh_with(&["--max-keys", "3"]);
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-12-31 10 id=x").ok();
    let request = |n: u32| format!("BOOK x 1 key=a-key-with-a-number-{n}");
    let booked: Vec<_> = (0..3).map(|n| conn.ask(&request(n))).collect();
    assert_full(&conn.ask(&request(3)), 3, 1);
    conn.ask("BOOK x 1").ok();
    for (n, booked) in (0..).zip(&booked) {
        assert_eq!(&conn.ask(&request(n)), booked);
    }
    let stats = conn.ask("STATS");
    assert_eq!((stats.number("keys"), stats.number("max_keys"), stats.number("tickets")), (3, 3, 4));
    conn.ask("DELETE x tickets=drop").ok();
    assert_eq!(conn.ask(&request(1)), booked[1], "its event is gone");
    conn.ask(&request(3)).err("NOT_FOUND");
}

#[test]
fn bytes_of_keys_and_replies_are_limited() {
    const LIMIT: u64 = 16 << 20;
    let server = Server::fresh_with(&["--max-key-bytes", "16MiB"]);
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-12-31 1000000 id=x").ok();
    let request = |n: u32| format!("BOOK x 1000 key=a-key-with-a-number-{n}");
    let first = conn.ask(&request(0));
    let refused = (1..1_000).map(|n| conn.ask(&request(n))).find(|reply| !reply.is_ok());
    let refused = refused.expect("a reply has some 39 kB");
    assert_eq!(refused.err("FULL")["limit"], LIMIT);
    let stats = conn.ask("STATS");
    assert_eq!(stats.number("max_key_bytes"), LIMIT);
    let used = stats.number("key_bytes");
    assert!(used <= LIMIT && used > LIMIT - (1 << 20), "{used} bytes");
    assert_eq!(conn.ask(&request(0)), first);
    conn.ask("BOOK x 1000").ok();
}

/// Keys are secrets.
#[test]
fn no_message_log_line_or_dump_shows_a_key() {
    const SECRET: &str = "5ecre7";
    let home = Home::new();
    let flags = ["--max-keys", "3"];
    let (mut server, addr) = spawn_listening(home.command(&flags).env("RUST_LOG", "trace"));
    let mut conn = Conn::open(addr);
    conn.ask("CREATE x 2026-12-31 10 id=x").ok();
    let key = |n: u32| format!("{SECRET}-with-a-number-{n}");
    let lines = [
        format!("BOOK x 1 key={}", key(0)),
        format!("BOOK x 1 key={}", key(0)),
        format!("BOOK x 2 key={}", key(0)),
        format!("BOOK nosuch 2 key={}", key(1)),
        format!("BOOK x 1001 key={}", key(1)),
        format!("CREATE y 2026-12-31 10 id=y key={}", key(1)),
        format!("BLOCK F1 2026-12-31 09:00 key={}", key(2)),
        format!("BLOCK F2 2026-12-31 09:00 key={}", key(3)),
        format!("GET x key={}", key(4)),
        format!("BOKO x 1 key={}", key(4)),
        format!("BOOK x 1 key={} key={}", key(4), key(5)),
        format!("BOOK x 1 key={SECRET}"),
        format!("BOOK x 1 key={}/", key(4)),
        format!("BOOK x 1 key=\"{} \"", key(4)),
        format!("BOOK x 1 key={}", key(4).repeat(5)),
    ];
    let shows = |text: &str| text.contains(SECRET);
    let replies: Vec<_> = lines.iter().map(|line| conn.ask(line)).collect();
    for (line, reply) in lines.iter().zip(&replies) {
        assert!(!shows(&reply.line), "{line}: {}", reply.line);
    }
    let codes: Vec<_> = replies.iter().map(|reply| reply.code.as_deref().unwrap_or("OK")).collect();
    let expected = ["OK", "OK", "KEY_REUSED", "NOT_FOUND", "LIMIT", "OK", "OK", "FULL", "BAD_REQUEST"];
    assert_eq!(codes[..expected.len()], expected);
    conn.ask("SNAPSHOT").ok();
    conn.ask("BOOK x 1").ok();
    drop(conn);
    server.signal(Signal::TERM);
    assert!(server.wait(bookline_testkit::HANG_TIMEOUT).expect("a shutdown").success());
    assert!(server.stderr().contains("request with a key"), "the requests are in the log output");
    assert!(!shows(&server.stderr()), "{}", server.stderr());
    for command in ["dump", "check"] {
        let output =
            Command::new(booklined()).args([command, "--data-dir"]).arg(home.data()).output().unwrap();
        assert!(output.status.success());
        let printed = [&output.stdout[..], &output.stderr].concat();
        let printed = String::from_utf8(printed).unwrap();
        assert!(!shows(&printed), "{command}: {printed}");
        assert_eq!(printed.matches("key_kept").count(), if command == "dump" { 3 } else { 0 }, "{printed}");
    }
}
