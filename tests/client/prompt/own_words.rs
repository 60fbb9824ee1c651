//! Words that ask the prompt for something.
//!
//! Catches: a word of the prompt that is sent to the server, one that hides a command, a scanned ticket id
//! that is refused.

use crate::support::fake_server::FakeServer;
use crate::support::session::{PROMPT, Session};

const TICKET: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";

#[test]
fn words_for_leaving_send_quit() {
    for (typed, sent) in [("\\q", "QUIT\n"), ("quit;", "quit\n"), ("exit ;", "exit\n"), (":q", "QUIT\n")] {
        let fake = FakeServer::greeted(move |mut peer| peer.expect(sent, "OK {}\n"));
        let mut session = Session::prompt(fake.addr);
        session.type_line(typed);
        assert_eq!(session.wait_for_exit().0, 0, "{typed}");
        fake.join();
    }
}

#[test]
fn question_mark_asks_for_help() {
    let fake = FakeServer::greeted(|mut peer| {
        let reply = "ROW {\"command\":\"A\",\"usage\":\"A\",\"help\":\"b\"}\nOK {\"count\":1}\n";
        peer.expect_typed_help(reply);
        peer.expect("HELP book\n", reply);
        peer.expect_typed_help(reply);
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    for typed in ["?", "? book", "help;"] {
        session.type_line(typed);
        session.wait_for("  A\r\n    b\r\n");
    }
    session.leave();
    fake.join();
}

#[test]
fn line_that_is_a_ticket_id_shows_the_ticket() {
    let sent = format!("TICKET {TICKET}\n");
    let fake = FakeServer::greeted(move |mut peer| {
        for _ in 0..3 {
            peer.expect(&sent, "OK {}\n");
        }
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line(TICKET);
    session.wait_for("OK\r\n");
    // Several lines that are pasted are sent together.
    session.type_line(&format!("\x1b[200~{TICKET}\n  {TICKET}\x1b[201~"));
    session.wait_for("OK\r\n");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn text_of_a_topic_is_shown_without_the_server() {
    let fake = FakeServer::greeted(|mut peer| peer.read_to_end());
    let mut session = Session::prompt(fake.addr);
    session.type_line("help dates");
    session.wait_for("A date is yyyy-mm-dd or dd-mm-yyyy");
    session.type_line("? quotes");
    session.wait_for("An argument that has blanks");
    session.leave();
    assert_eq!(fake.join(), b"");
}

#[test]
fn topic_with_commands_asks_the_server_for_them_once() {
    let rows = concat!(
        "ROW {\"command\":\"A\",\"usage\":\"A\",\"help\":\"b\",\"topic\":\"tickets\"}\n",
        "ROW {\"command\":\"C\",\"usage\":\"C\",\"help\":\"d\",\"topic\":\"server\"}\n",
        "OK {\"count\":2}\n"
    );
    let fake = FakeServer::greeted(move |mut peer| {
        peer.expect_typed_help(rows);
        peer.expect("help\n", rows);
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("help tickets");
    session.wait_for("An event has a date");
    let shown = session.wait_for(PROMPT);
    assert!(shown.contains("  A\r\n    b\r\n") && !shown.contains("  C\r\n"), "{shown}");
    session.press("help\r");
    session.wait_for("Tickets\r\n  A\r\n    b\r\n\r\nServer\r\n  C\r\n    d\r\n");
    session.leave();
    fake.join();
}

#[test]
fn history_lists_the_last_lines_with_their_numbers() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.expect("STATS\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("PING");
    session.type_line("STATS");
    session.type_line("history");
    session.wait_for("    1  PING\r\n    2  STATS\r\n    3  history\r\n");
    session.type_line("history 2");
    assert!(!session.wait_for("    4  history 2\r\n").contains("STATS"));
    session.leave();
    fake.join();
}

#[test]
fn clear_sends_nothing() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("clear");
    session.type_line("PING");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn cause_of_a_refusal_is_named_where_the_line_has_it() {
    let lines = ["PING;", "GET 'jazz'", "BOOK\u{a0}jazz 2", "PING x"];
    let fake = FakeServer::greeted(move |mut peer| {
        for line in lines {
            peer.expect(
                &format!("{line}\n"),
                "ERR BAD_REQUEST {\"message\":\"the line is wrong\",\"retry\":false}\n",
            );
        }
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    for (line, cause) in lines.into_iter().zip([
        "A command has no ; at its end.\r\n",
        "Single quotes do not quote: write \"jazz\".\r\n",
        "Behind BOOK is a no-break space (U+00A0): write a plain blank.\r\n",
        "",
    ]) {
        session.type_line(line);
        session.wait_for(&format!("Bad request: the line is wrong.\r\n{cause}"));
    }
    session.leave();
    fake.join();
}
