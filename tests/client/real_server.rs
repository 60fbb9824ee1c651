//! The client against a real server.
//!
//! Catches: a difference between what one side writes and the other reads, and a client that waits for a
//! reply that the server does not send.

use std::net::TcpStream;

use bookline::net::request_tracker::{Pace, RequestTracker};
use bookline::one_shot;
use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_protocol::reply::{EventReply, ReplyLine};
use bookline_server::storage::journal::Durability;
use bookline_testkit::Rng;

use crate::support::client::bookline;
use crate::support::real_server::RealServer;
use crate::support::session::{PROMPT, Session};

#[test]
fn commands_as_arguments_are_executed() {
    let server = RealServer::start();
    let created = concat!(
        r#"OK {"id":"rustconf","name":"Rust Conf","date":"2026-12-31","#,
        r#""total_tickets":3,"available_tickets":3,"held_tickets":0,"sales":"open"}"#
    );
    server.run(&["CREATE", "Rust Conf", "31-12-2026", "3", "id=rustconf"]).expect(
        0,
        &format!("{created}\n"),
        "",
    );

    let booked = server.run(&["book", "rustconf", "2"]);
    assert_eq!(booked.exit, 0);
    assert!(booked.stdout.ends_with("\"available_tickets\":1}\n"), "{}", booked.stdout);

    let refused = server.run(&["BOOK", "rustconf", "2"]);
    assert_eq!(refused.exit, 5);
    assert!(refused.stdout.starts_with("ERR SOLD_OUT "), "{}", refused.stdout);

    // A negative count is an argument, not a flag of the client, and the server refuses it.
    let negative = server.run(&["BOOK", "rustconf", "-1"]);
    assert_eq!(negative.exit, 1);
    assert!(negative.stdout.starts_with("ERR BAD_REQUEST "), "{}", negative.stdout);
    assert!(server.run(&["GET", "rustconf"]).stdout.contains("\"available_tickets\":1,"));

    server.run(&["PING"]).expect(0, "OK {}\n", "");
    server.run(&["exit"]).expect(0, "OK {}\n", "");
    assert!(server.run(&["help", "book"]).stdout.contains("ROW {\"command\":\"BOOK\""));
    assert!(server.run(&[""]).stdout.starts_with("ERR "));
    assert!(server.run(&["#"]).stdout.starts_with("ERR "));

    let pretty = server.run(&["--format", "table", "BOOK", "rustconf", "2"]);
    let refusal = "Too few left: event rustconf has too few tickets: 2 asked for, 1 left.\n\
                   Type BOOK rustconf 1 for what is left.\n";
    pretty.expect(5, refusal, "");
}

#[test]
fn random_names_are_stored_unchanged() {
    let mut rng = Rng::from_environment();
    let server = RealServer::start_with(|config| config.durability = Durability::Never);
    let alphabet: Vec<char> = "aZ09 \t\n\"\\#=_-,.'<>é😀\u{301}".chars().collect();
    let names: Vec<String> =
        (0..500).map(|_| (0..rng.range(1, 13)).map(|_| *rng.pick(&alphabet)).collect::<String>()).collect();
    let line = |name: &String| {
        one_shot::request_line(&["CREATE".into(), "--".into(), name.clone(), "2026-12-31".into(), "1".into()])
    };
    let client = server.run_script(names.iter().map(line).collect::<String>());
    assert_eq!(client.exit, 0, "{}", client.stdout);
    for (reply, name) in client.stdout.lines().zip(&names) {
        let Ok(ReplyLine::Ok(body)) = ReplyLine::parse(reply) else {
            panic!("{name:?} was answered {reply}")
        };
        assert_eq!(serde_json::from_str::<EventReply<'_>>(body).unwrap().name, *name);
    }
    assert_eq!(client.stdout.lines().count(), names.len());
}

#[test]
fn client_and_server_count_the_same_replies_to_random_bytes() {
    let mut rng = Rng::from_environment();
    let server = RealServer::start_with(|config| config.durability = Durability::Never);
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
        // The server closes the connection if the first line is not text.
        let mut script = b"PING\n".to_vec();
        for _ in 0..rng.range(1, 200) {
            script.extend_from_slice(words[rng.below(words.len())]);
            if rng.one_in(100) {
                let fill = if rng.one_in(2) { b'#' } else { b'x' };
                script.resize(script.len() + LINE_BYTES_MAX - 3 + rng.below(6), fill);
            }
        }
        let mut requests = RequestTracker::new(Pace::Pipelined);
        requests.track(&script);
        if requests.has_partial_line() {
            requests.track(b"\n");
        }
        let client = server.run_script(script.clone());
        let replies = client.stdout.lines().filter(|line| !line.starts_with("ROW ")).count();
        let shown = String::from_utf8_lossy(&script);
        assert_eq!(requests.outstanding(), replies as u64, "in round {round} of {shown:?}");
        assert!(client.exit <= 1, "in round {round}: {} of {shown:?}", client.stderr);
    }
}

#[test]
fn script_of_100_000_bookings_is_executed() {
    const BOOKINGS: usize = 100_000;
    let server = RealServer::start();
    let script = format!("CREATE x 2026-12-31 {BOOKINGS} id=e\n{}GET e", "BOOK e 1\n".repeat(BOOKINGS));
    let client = server.run_script(script);
    assert_eq!((client.exit, client.stderr.as_str()), (0, ""));
    assert_eq!(client.stdout.matches("\"tickets\":[\"").count(), BOOKINGS);
    assert!(client.stdout.ends_with("\"available_tickets\":0,\"held_tickets\":0,\"sales\":\"open\"}\n"));
}

#[test]
fn quit_within_a_script_ends_it() {
    let server = RealServer::start();
    let script = format!("CREATE x 2026-12-31 100 id=e\nQUIT\n{}", "BOOK e 1\n".repeat(50_000));
    let client = server.run_script(script);
    let message = "bookline: 50,000 lines after QUIT were not sent\n";
    assert_eq!((client.exit, client.stdout.lines().count(), client.stderr.as_str()), (1, 2, message));
    assert!(
        server
            .run(&["GET", "e"])
            .stdout
            .ends_with("\"available_tickets\":100,\"held_tickets\":0,\"sales\":\"open\"}\n")
    );
}

#[test]
fn http_request_as_a_script_exits_4() {
    let server = RealServer::start();
    let client = server.run_script("GET / HTTP/1.1\r\nPING\r\n");
    assert_eq!((client.exit, client.stdout.lines().count()), (4, 1), "{}", client.stdout);
    assert!(client.stdout.starts_with("ERR BAD_REQUEST "), "{}", client.stdout);
}

#[test]
fn full_server_rejects_the_connection() {
    let server = RealServer::start_with(|config| config.max_connections = 1);
    let first = TcpStream::connect(server.addr).unwrap();
    let message = format!("bookline: {} accepts no new connections\n", server.addr);
    for client in [server.run(&["PING"]), server.run_script("PING\nPING\n")] {
        assert_eq!((client.exit, client.stderr.as_str()), (3, message.as_str()));
        assert!(client.stdout.starts_with("ERR BUSY "), "{}", client.stdout);
    }
    drop(first);
}

#[test]
fn session_executes_commands_and_prints_replies_for_people() {
    let server = RealServer::start();
    let mut session = Session::prompt(server.addr);
    session.wait_for("Welcome to the ticket reservation system\r\n");
    session.wait_for(&format!("bookline {} at {}, time zone UTC.", env!("CARGO_PKG_VERSION"), server.addr));
    session.type_line("CREATE \"Rust Conf\" 2026-12-31 100 id=rustconf");
    session.wait_for(" rustconf | Rust Conf | 2026-12-31 | ######## 100 of 100\r\n");
    session.type_line("BOOK rustconf 101");
    session.wait_for("Too few left: event rustconf has too few tickets: 101 asked for, 100 left.\r\n");
    session.type_line("BOOK rustconf 2");
    session.wait_for("2 tickets for Rust Conf (rustconf) on 2026-12-31, 98 left:\r\n");
    session.type_line("MEET F1 21-11-2026 10:00 \"class committee meeting\" F2,F3");
    session.wait_for("F1 meets F2, F3 on 2026-11-21 at 10:00: class committee meeting (host F1).\r\n");
    session.type_line("MEET F20 21-11-2026 11:00 standup F21 F22");
    session.wait_for(
        "F20 meets F21 on 2026-11-21 at 11:00: standup, hosted by F22, who alone can change it; \
         for a member write F21,F22.\r\n",
    );
    session.type_line("PUT F22 21-11-2026 11:00 MEET 21-11-2026 12:00 standup F21 host=F21");
    session.wait_for(
        "F22 meets F21 on 2026-11-21 at 12:00: standup (host F21). It replaces the meeting on 2026-11-21 \
         at 11:00: standup, with F21 (host F22). No longer in it: F20.\r\n",
    );
    session.type_line("GET F20");
    session.wait_for("GET F20 <date> shows a person's day.\r\n");
    session.type_line("BLOCK F3 21-11-2026 10:00");
    session.wait_for("Conflict: ");
    session.type_line("GET F2 21-11-2026");
    session.wait_for("F2 on 2026-11-21\r\n");
    session.wait_for(" 10:00  class committee meeting with F2, F3, host F1\r\n");
    session.type_line("DELETE F2 21-11-2026 10:00");
    session.wait_for("Forbidden: ");
    session.type_line("delete F1 21-11-2026 10:00");
    session.wait_for("The meeting of F1 on 2026-11-21 at 10:00 is deleted.\r\n");
    session.type_line("bok rustconf 2");
    session.wait_for("BOOK");
    session.type_line("BOOK rustconf\"");
    session.wait_for("Bad request: ");
    session.type_line("help");
    session.wait_for("Tickets\r\n");
    session.type_line("stats");
    session.wait_for(" durable_sequence ");
    session.type_line("exit");
    assert_eq!(session.wait_for_exit().0, 0);
}

#[test]
fn server_stopped_at_the_prompt_is_noticed_and_keeps_the_prompt() {
    let mut server = RealServer::start();
    let mut session = Session::start(bookline(server.addr, &["--retry", "0"]));
    session.wait_for(PROMPT);
    server.stop();
    session.wait_for(&format!("connection to {} lost\r\n", server.addr));
    session.type_line_offline("PING");
    session.wait_for("; the command was not sent\r\n");
    assert_eq!(session.leave_offline().0, 0);
}
