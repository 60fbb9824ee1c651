//! WATCH at the prompt: changes are shown above the line that is typed.
//!
//! Catches: a typed line that is lost or disturbed, a terminal that is flooded, a user who believes to watch.

use std::sync::mpsc;
use std::thread;

use crate::support::client::bookline;
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::support::session::{OFFLINE_PROMPT, PROMPT, Session};
use crate::support::terminal::Terminal;
use crate::watch::support::{progress, sold, sold_by, watching};

/// A server that grants WATCH all, and then sends each text that it is given, until there is none.
fn telling(then: impl FnOnce(Peer) + Send + 'static) -> (FakeServer<()>, mpsc::Sender<String>) {
    let (send, sends) = mpsc::channel::<String>();
    let fake = FakeServer::greeted(move |mut peer| {
        peer.expect("WATCH all\n", &watching(6));
        for text in sends {
            peer.send(&text);
        }
        then(peer);
    });
    (fake, send)
}

fn replies_to_ping(mut peer: Peer) {
    peer.expect("PING\n", "OK {\"pong\":\"yes\"}\n");
    assert_eq!(peer.read_to_end(), b"");
}

#[test]
fn change_is_shown_above_the_line_that_is_typed() {
    let (fake, send) = telling(replies_to_ping);
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press("WATCH all\r");
    terminal.wait_until(|screen| screen.contains("Watching all after 6.\n") && screen.ends_with(PROMPT));
    // The cursor is within the line.
    terminal.press("PNG\x1b[D\x1b[D");
    terminal.wait_for("bookline> PNG");
    for sequence in 7..10 {
        send.send(sold_by(sequence, sequence as u32, true)).unwrap();
        let line = format!("11:31:07 rustconf: {sequence} sold, 96 left\nbookline> PNG");
        let screen = terminal.wait_until(|screen| screen.contains(&line));
        assert_eq!(screen.matches("bookline> PNG").count(), 1, "{screen}");
    }
    drop(send);
    terminal.press("I\r");
    terminal.wait_for(" pong | yes");
    terminal.leave();
    fake.join();
}

#[test]
fn changes_of_a_flood_are_bounded_and_counted() {
    const CHANGES: u64 = 20_000;
    let (fake, send) = telling(replies_to_ping);
    let mut session = Session::at_prompt(fake.addr);
    session.press("WATCH all\r");
    session.wait_for("Watching all after 6.\r\n");
    session.wait_for(PROMPT);
    send.send((7..7 + CHANGES).map(sold).collect()).unwrap();
    drop(send);
    session.press("PING\r");
    let shown = session.wait_for(" pong | yes\r\n") + &session.wait_for(PROMPT);
    session.press("\x04");
    let shown = shown + &session.wait_for_exit().1;
    let printed = shown.matches("rustconf: 1 sold").count() as u64;
    let count = |line: &str| {
        let count = line.split_once("bookline: ")?.1.split_once(" more change")?.0;
        count.replace(',', "").parse::<u64>().ok()
    };
    let left_out: u64 = shown.lines().filter_map(count).sum();
    assert_eq!(printed + left_out, CHANGES, "{shown}");
    assert!((100..300).contains(&printed), "{printed} changes were printed");
    fake.join();
}

#[test]
fn progress_is_not_shown() {
    let (fake, send) = telling(replies_to_ping);
    let mut session = Session::at_prompt(fake.addr);
    session.press("WATCH all\r");
    session.wait_for("Watching all after 6.\r\n");
    send.send(progress(7) + &sold(8)).unwrap();
    let shown = session.wait_for("11:31:07 rustconf: 1 sold, 96 left\r\n");
    assert!(!shown.contains("progress"), "{shown}");
    drop(send);
    session.press("PING\r");
    session.wait_for(" pong | yes\r\n");
    session.leave();
    fake.join();
}

#[test]
fn lost_connection_says_how_to_go_on() {
    let (fake, send) = telling(drop);
    let mut session = Session::at_prompt(fake.addr);
    session.press("WATCH all\r");
    session.wait_for("Watching all after 6.\r\n");
    send.send(sold(7) + &sold_by(8, 1, false)).unwrap();
    session.wait_for("rustconf: 1 sold");
    drop(send);
    session.wait_for(&format!("bookline: connection to {} lost\r\n", fake.addr));
    session.wait_for(
        "bookline: nothing is watched any more; this line goes on where it ended: WATCH all since=7\r\n",
    );
    session.wait_for(OFFLINE_PROMPT);
    session.press("\x04");
    assert_eq!(session.wait_for_exit().0, 0);
    fake.join();
}

#[test]
fn gap_is_said() {
    let (fake, send) = telling(drop);
    let mut session = Session::at_prompt(fake.addr);
    session.press("WATCH all\r");
    session.wait_for("Watching all after 6.\r\n");
    send.send(sold(7) + "CHANGE 7 {\"kind\":\"gap\"}\n").unwrap();
    session.wait_for("bookline: the changes came faster than they were read: those after 7 are missing");
    drop(send);
    session.wait_for("WATCH all since=7\r\n");
    session.wait_for(OFFLINE_PROMPT);
    session.press("\x04");
    assert_eq!(session.wait_for_exit().0, 0);
    fake.join();
}

#[test]
fn connection_that_watches_no_more_is_bounded_as_any_other() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("WATCH all\n", &watching(6));
        peer.expect("UNWATCH\n", "OK {\"watching\":[]}\n");
        peer.send(&(7..100).map(sold).collect::<String>());
        peer.expect("PING\n", "OK {\"pong\":\"yes\"}\n");
        assert_eq!(peer.read_to_end(), b"");
    });
    let mut session = Session::at_prompt(fake.addr);
    session.press("WATCH all\r");
    session.wait_for("Watching all after 6.\r\n");
    session.type_line("UNWATCH");
    session.wait_for("Nothing is watched.\r\n");
    session.wait_for("more lines that the server sent unasked are left out\r\n");
    session.wait_for(PROMPT);
    session.press("PING\r");
    session.wait_for(" pong | yes\r\n");
    session.leave();
    fake.join();
}

#[test]
fn change_that_comes_while_a_grid_is_asked_for_is_shown() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("WATCH all\n", &watching(6));
        // The grid needs the server's today.
        peer.expect("HELLO\n", HELLO_REPLY);
        let line = peer.read_line();
        assert!(line.starts_with("GET F1 "), "{line}");
        let day = "{\"name\":\"F1\",\"date\":\"23-11-2026\",\"schedule\":[]}";
        peer.send(&format!("{}ROW {day}\n{}OK {{\"count\":1}}\n", sold(7), sold(8)));
        assert_eq!(peer.read_to_end(), b"");
    });
    let mut session = Session::start(bookline(fake.addr, &["--format", "raw"]));
    session.type_line("WATCH all");
    session.wait_for("\"watching\":[\"all\"]}\r\n");
    session.type_line("week F1 2026-11-23");
    session.wait_for("CHANGE 7 ");
    session.wait_for("CHANGE 8 ");
    session.leave();
    fake.join();
}

/// Serves the prompt's directory with one command and one event, until the client ends.
fn serve_directory(mut peer: Peer) {
    const HELP: &str = "ROW {\"command\":\"WATCH\",\"usage\":\"WATCH <what> [<what>]… [since=<sequence>]\",\
                        \"help\":\"\"}\nOK {\"count\":1}\n";
    const EVENTS: &str = "ROW {\"id\":\"rustconf\",\"name\":\"R\",\"date\":\"2026-12-31\",\
                          \"total_tickets\":9,\"available_tickets\":9}\nOK {\"count\":1}\n";
    loop {
        match peer.read_any_line().as_str() {
            "HELLO\n" => peer.send(HELLO_REPLY),
            "HELP\n" => peer.send(HELP),
            "GET limit=1000\n" => peer.send(EVENTS),
            "" => return,
            line => panic!("the directory asks {line:?}"),
        }
    }
}

#[test]
fn tab_completes_what_can_be_watched() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::greeted(&listener);
        let directory = thread::spawn(move || serve_directory(Peer::directory(&listener)));
        peer.expect("WATCH event:rustconf calendars \n", &watching(6));
        assert_eq!(peer.read_to_end(), b"");
        directory.join().unwrap();
    });
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press("WATCH event:ru");
    terminal.press_until("\t", "WATCH event:rustconf ");
    terminal.press("ca\t");
    terminal.wait_for("WATCH event:rustconf calendars");
    terminal.press("\r");
    terminal.wait_for("Watching all after 6.");
    terminal.leave();
    fake.join();
}
