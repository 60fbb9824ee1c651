//! The client and the real server: what one writes the other reads, and neither waits for what the other does not owe.

mod client_fake;
mod client_pty;
mod client_server;

use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use bookline::net::request_tracker::RequestTracker;
use bookline::one_shot;
use bookline_protocol::limits::MAX_LINE;
use bookline_protocol::reply::{Event, Reply};
use client_fake::bookline;
use client_pty::{PROMPT, Session, home};
use client_server::Real;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// A seed that is printed, so that a failure can be had again: `BOOKLINE_TEST_SEED=…`.
fn seeded() -> StdRng {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = std::env::var("BOOKLINE_TEST_SEED").map_or_else(|_| clock(), |seed| seed.parse().unwrap());
    println!("BOOKLINE_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

#[test]
fn commands_as_arguments() {
    let server = Real::start(&[]);
    let created = r#"OK {"id":"rustconf","name":"Rust Conf","date":"2026-12-31","total_tickets":3,"available_tickets":3}"#;
    server.run(&["CREATE", "Rust Conf", "31-12-2026", "3", "id=rustconf"]).expect(
        0,
        &format!("{created}\n"),
        "",
    );

    let booked = server.run(&["book", "rustconf", "2"]);
    assert_eq!(booked.exit, 0);
    assert!(booked.stdout.ends_with("\"available_tickets\":1}\n"), "{}", booked.stdout);

    let refused = server.run(&["BOOK", "rustconf", "2"]);
    assert_eq!(refused.exit, 1);
    assert!(refused.stdout.starts_with("ERR SOLD_OUT "), "{}", refused.stdout);

    // A count below zero reaches the server, and sells nothing back.
    let negative = server.run(&["BOOK", "rustconf", "-1"]);
    assert_eq!(negative.exit, 1);
    assert!(negative.stdout.starts_with("ERR BAD_REQUEST "), "{}", negative.stdout);
    assert!(server.run(&["GET", "rustconf"]).stdout.contains("\"available_tickets\":1}"));

    server.run(&["PING"]).expect(0, "OK {}\n", "");
    server.run(&["exit"]).expect(0, "OK {}\n", "");
    assert!(server.run(&["help", "book"]).stdout.contains("ROW {\"command\":\"BOOK\""));
    assert!(server.run(&[""]).stdout.starts_with("ERR "));
    assert!(server.run(&["#"]).stdout.starts_with("ERR "));

    let pretty = server.run(&["--format", "pretty", "BOOK", "rustconf", "2"]);
    pretty.expect(1, "Too few left: event rustconf has too few tickets: 2 asked for, 1 left.\n", "");
}

#[test]
fn any_name_is_read_back_as_it_was_given() {
    let mut random = seeded();
    let server = Real::start(&["--durability", "never"]);
    let alphabet: Vec<char> = "aZ09 \t\n\"\\#=_-,.'<>é😀\u{301}".chars().collect();
    let names: Vec<String> = (0..500)
        .map(|_| {
            (0..random.random_range(1..=12))
                .map(|_| *alphabet.choose(&mut random).unwrap())
                .collect::<String>()
        })
        .collect();
    let line = |name: &String| {
        one_shot::request_line(&["CREATE".into(), "--".into(), name.clone(), "2026-12-31".into(), "1".into()])
    };
    let ran = server.script(names.iter().map(line).collect::<String>());
    assert_eq!(ran.exit, 0, "{}", ran.stdout);
    for (answer, name) in ran.stdout.lines().zip(&names) {
        let Ok(Reply::Ok(body)) = Reply::parse(answer) else { panic!("{name:?} was answered {answer}") };
        assert_eq!(serde_json::from_str::<Event<'_>>(body).unwrap().name, *name);
    }
    assert_eq!(ran.stdout.lines().count(), names.len());
}

#[test]
fn client_and_server_agree_on_what_is_a_line_and_gets_an_answer() {
    let mut random = seeded();
    let server = Real::start(&["--durability", "never"]);
    let words: [&[u8]; 22] = [
        b"PING",
        b" ",
        b"\t",
        b"\r",
        b"\n",
        b"\n",
        b"\n",
        b"\r\n",
        b"\r\0",
        b"\0",
        b"#",
        b"\"",
        b"\\",
        b"\xff\xfb\x01",
        b"\xff\xfa\x18\xff\xf0",
        b"\xff",
        b"\x80",
        b"\xc5\xbd",
        b"BOOK e 1",
        b"=",
        b"GET",
        b"x=\"",
    ];
    for round in 0..200 {
        // A first line that is junk would end the connection.
        let mut script = b"PING\n".to_vec();
        for _ in 0..random.random_range(1..200) {
            script.extend_from_slice(words[random.random_range(0..words.len())]);
            if random.random_ratio(1, 100) {
                let fill = if random.random() { b'#' } else { b'x' };
                script.resize(script.len() + MAX_LINE - 3 + random.random_range(0..6), fill);
            }
        }
        let mut requests = RequestTracker::default();
        requests.track(&script);
        if requests.has_partial_line() {
            requests.track(b"\n");
        }
        let ran = server.script(script.clone());
        let answers = ran.stdout.lines().filter(|line| !line.starts_with("ROW ")).count();
        let shown = String::from_utf8_lossy(&script);
        assert_eq!(requests.outstanding(), answers as u64, "in round {round} of {shown:?}");
        assert!(ran.exit <= 1, "in round {round}: {} of {shown:?}", ran.stderr);
    }
}

#[test]
fn a_hundred_thousand_bookings_through_a_pipe() {
    const BOOKINGS: usize = 100_000;
    let server = Real::start(&[]);
    let script = format!("CREATE x 2026-12-31 {BOOKINGS} id=e\n{}GET e", "BOOK e 1\n".repeat(BOOKINGS));
    let ran = server.script(script);
    assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout.matches("\"tickets\":[\"").count(), BOOKINGS);
    assert!(ran.stdout.ends_with("\"available_tickets\":0}\n"));
}

#[test]
fn a_quit_in_mid_script_ends_it_and_nothing_behind_it_is_done() {
    let server = Real::start(&[]);
    let script = format!("CREATE x 2026-12-31 100 id=e\nQUIT\n{}", "BOOK e 1\n".repeat(50_000));
    let ran = server.script(script);
    let told = "bookline: 50,000 lines after QUIT were not sent\n";
    assert_eq!((ran.exit, ran.stdout.lines().count(), ran.stderr.as_str()), (1, 2, told));
    assert!(server.run(&["GET", "e"]).stdout.ends_with("\"available_tickets\":100}\n"));
}

#[test]
fn a_script_that_turns_out_to_be_http_is_not_all_answered() {
    let server = Real::start(&[]);
    let ran = server.script("GET / HTTP/1.1\r\nPING\r\n");
    assert_eq!((ran.exit, ran.stdout.lines().count()), (4, 1), "{}", ran.stdout);
    assert!(ran.stdout.starts_with("ERR BAD_REQUEST "), "{}", ran.stdout);
}

#[test]
fn a_server_that_is_full_takes_no_newcomer() {
    let server = Real::start(&["--max-connections", "1"]);
    let first = TcpStream::connect(server.addr).unwrap();
    let told = format!("bookline: {} accepts no new connections\n", server.addr);
    for ran in [server.run(&["PING"]), server.script("PING\nPING\n")] {
        assert_eq!((ran.exit, ran.stderr.as_str()), (3, told.as_str()));
        assert!(ran.stdout.starts_with("ERR BUSY "), "{}", ran.stdout);
    }
    drop(first);
}

#[test]
fn a_session_at_the_prompt() {
    let server = Real::start(&[]);
    let home = home();
    let mut session = Session::start(bookline(server.addr, &[]), &home);
    session.until("Welcome to the ticket reservation system\r\n");
    session.until(&format!("bookline {} at {}, time zone UTC.", env!("CARGO_PKG_VERSION"), server.addr));
    session.line("CREATE \"Rust Conf\" 2026-12-31 100 id=rustconf");
    session.until(" rustconf | Rust Conf | 2026-12-31 |  100 |     100\r\n");
    session.line("BOOK rustconf 101");
    session.until("Too few left: event rustconf has too few tickets: 101 asked for, 100 left.\r\n");
    session.line("BOOK rustconf 2");
    session.until("2 tickets for rustconf, 98 left:\r\n");
    session.line("MEET F1 21-11-2026 10:00 \"class committee meeting\" F2,F3");
    session.until("F1 meets F2, F3 on 21-11-2026 at 10:00: class committee meeting (host F1).\r\n");
    session.line("MEET F20 21-11-2026 11:00 standup F21 F22");
    session.until(
        "F20 meets F21 on 21-11-2026 at 11:00: standup, hosted by F22, who alone can change it; \
         for a member write F21,F22.\r\n",
    );
    session.line("PUT F22 21-11-2026 11:00 MEET 21-11-2026 12:00 standup F21 host=F21");
    session.until(
        "F22 meets F21 on 21-11-2026 at 12:00: standup (host F21). It replaces the meeting on 21-11-2026 at 11:00: \
         standup, with F21 (host F22). No longer in it: F20.\r\n",
    );
    session.line("GET F20");
    session.until("GET F20 <date> shows a person's day.\r\n");
    session.line("BLOCK F3 21-11-2026 10:00");
    session.until("Conflict: ");
    session.line("GET F2 21-11-2026");
    session.until("F2 on 21-11-2026\r\n");
    session.until(" 10:00 | class committee meeting | F2, F3 | F1\r\n");
    session.line("DELETE F2 21-11-2026 10:00");
    session.until("Forbidden: ");
    session.line("delete F1 21-11-2026 10:00");
    session.until("The meeting of F1 on 21-11-2026 at 10:00 is deleted.\r\n");
    session.line("bok rustconf 2");
    session.until("BOOK");
    session.line("BOOK \"rustconf");
    session.until("Bad request: ");
    session.line("help");
    session.until("Command");
    session.line("stats");
    session.until(" durable_sequence ");
    session.line("exit");
    assert_eq!(session.end().0, 0);
}

#[test]
fn a_server_that_stops_is_told_at_the_next_command() {
    let mut server = Real::start(&[]);
    let home = home();
    let mut session = Session::start(bookline(server.addr, &[]), &home);
    session.until(PROMPT);
    server.stop();
    session.keys("PING\r");
    session.until(&format!("connection to {} lost\r\n", server.addr));
    assert_eq!(session.end().0, 3);
}
