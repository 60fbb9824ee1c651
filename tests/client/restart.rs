//! `--retry` over a server that is killed with `kill -9` and restarted.
//!
//! Catches: a booking that a retry makes twice, a reply that a crash loses, replies in the wrong order.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::thread;

use bookline_protocol::commands::book::BookReply;
use bookline_protocol::reply::{EventReply, ReplyLine};

use crate::support::child_server::ChildServer;
use crate::support::client::{bookline, run};
use crate::support::session::Session;

#[track_caller]
fn granted(line: &str) -> &str {
    match ReplyLine::parse(line) {
        Ok(ReplyLine::Ok(body)) => body,
        _ => panic!("{line}"),
    }
}

#[test]
fn script_over_a_server_that_is_killed_books_each_ticket_once_in_order() {
    const BOOKINGS: usize = 30_000;
    const KILLS: usize = 5;
    let directory = tempfile::tempdir().unwrap();
    let mut server = ChildServer::start(directory.path());
    let addr = server.addr;
    run(bookline(addr, &["CREATE", "x", "2026-12-31", "1000000", "id=e"]));

    let mut command = bookline(addr, &["--retry", "50"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut client = command.spawn().unwrap();
    let mut stdin = client.stdin.take().unwrap();
    // The sizes of the bookings tell the replies apart.
    let count = |number: usize| number % 7 + 1;
    let script: String = (0..BOOKINGS).map(|number| format!("BOOK e {}\n", count(number))).collect();
    let writer = thread::spawn(move || stdin.write_all(script.as_bytes()).unwrap());

    let mut ids = HashSet::new();
    let mut tickets = 0;
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
    for number in 0..BOOKINGS {
        let line = lines.next().expect("a reply").unwrap();
        let booked: BookReply<'_> = serde_json::from_str(granted(&line)).unwrap();
        assert_eq!(booked.tickets.len(), count(number), "reply {number}: {line}");
        assert!(booked.tickets.iter().all(|id| ids.insert(*id)), "a ticket is sold twice: {line}");
        tickets += booked.tickets.len();
        if number % (BOOKINGS / KILLS) == BOOKINGS / KILLS / 2 {
            server.kill();
            server = ChildServer::start_at(directory.path(), addr);
        }
    }
    assert!(lines.next().is_none(), "more replies than requests");
    writer.join().unwrap();
    assert_eq!(client.wait().unwrap().code(), Some(0));

    let event = run(bookline(addr, &["GET", "e"])).stdout;
    let event: EventReply<'_> = serde_json::from_str(granted(event.trim_end())).unwrap();
    assert_eq!((event.total_tickets - event.available_tickets) as usize, tickets);
}

#[test]
fn session_at_the_prompt_goes_on_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let server = ChildServer::start(directory.path());
    let addr = server.addr;
    let mut session = Session::prompt(addr);
    session.type_line("CREATE x 2026-12-31 10 id=e");
    session.wait_for(" e     | x    | 2026-12-31 | ######## 10 of 10\r\n");
    server.kill();
    let _server = ChildServer::start_at(directory.path(), addr);
    session.type_line("BOOK e 2");
    session.wait_for("2 tickets for x (e) on 2026-12-31, 8 left:\r\n");
    session.leave();
}
