//! A connection that is lost at the prompt.
//!
//! Catches: a change that happens twice or that nobody can name, a session that ends because a server was
//! restarted or does not answer, a key in the history.

use std::fs;
use std::sync::mpsc;

use crate::support::client::bookline;
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::support::session::{PROMPT, Session, empty_home};

const TWO_SOLD: &str = concat!(
    r#"OK {"event_id":"e","tickets":["2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","#,
    r#""2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ef"],"available_tickets":9}"#,
    "\n"
);

/// The line that the client sends for this one, on a connection that is lost then.
fn lose(listener: &std::net::TcpListener, typed: &str) -> String {
    let line = Peer::with_keys(listener).read_line();
    assert!(line.starts_with(&format!("{typed} key=")), "{line:?}");
    line
}

#[test]
fn change_is_asked_for_again_and_its_outcome_is_said() {
    for (reply, shown) in [
        (TWO_SOLD, "2 tickets were sold:\r\n2 tickets for e, 9 left:\r\n2cdba4d5-"),
        (
            "ERR SOLD_OUT {\"message\":\"e is sold out\",\"retry\":false,\"available\":0}\n",
            "nothing was sold:\r\nSold out: e is sold out.\r\n",
        ),
    ] {
        let fake = FakeServer::with_listener(move |listener| {
            let line = lose(&listener, "BOOK e 2");
            let mut second = Peer::with_keys(&listener);
            second.expect(&line, reply);
            second.expect("PING\n", "OK {}\n");
            assert_eq!(second.read_to_end(), b"");
        });
        let mut session = Session::prompt(fake.addr);
        session.type_line("BOOK e 2");
        session.wait_for(&format!("bookline: the connection was lost; asked again: {shown}"));
        session.type_line("PING");
        session.wait_for("OK\r\n");
        session.leave();
        fake.join();
    }
}

#[test]
fn change_that_stays_in_doubt_is_asked_for_with_the_next_command() {
    let fake = FakeServer::with_listener(|listener| {
        let line = lose(&listener, "BOOK e 2");
        assert_eq!(lose(&listener, "BOOK e 2"), line);
        let mut third = Peer::with_keys(&listener);
        third.expect(&line, TWO_SOLD);
        third.expect("PING\n", "OK {}\n");
        assert_eq!(third.read_to_end(), b"");
    });
    let addr = fake.addr;
    let mut session = Session::start(bookline(addr, &["--retry", "1"]));
    session.type_line("BOOK e 2");
    session.wait_for(&format!("connection to {addr} lost; one command went unanswered"));
    session.wait_for("; the change in doubt is asked for with the next command\r\n");
    session.type_line_offline("PING");
    session.wait_for("bookline: reconnected\r\n");
    session.wait_for("bookline: BOOK e 2: the connection was lost; asked again: 2 tickets were sold:\r\n");
    session.wait_for("2 tickets for e, 9 left:\r\n");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

/// It would fail if the reply to the change were taken for one of those that the grid is made of.
#[test]
fn change_in_doubt_is_asked_for_before_a_grid() {
    let fake = FakeServer::with_listener(|listener| {
        let line = lose(&listener, "BOOK e 2");
        assert_eq!(lose(&listener, "BOOK e 2"), line);
        let mut third = Peer::with_keys(&listener);
        third.expect(&line, TWO_SOLD);
        third.expect("HELLO\n", HELLO_REPLY);
        third.expect("GET F1 2026-11-23 2026-11-29\n", "OK {\"count\":0}\n");
        assert_eq!(third.read_to_end(), b"");
    });
    let mut session = Session::start(bookline(fake.addr, &["--retry", "1"]));
    session.type_line("BOOK e 2");
    session.wait_for("; the change in doubt is asked for with the next command\r\n");
    session.type_line_offline("week F1 2026-11-23");
    session.wait_for("2 tickets for e, 9 left:\r\n");
    session.wait_for("F1, 2026-11-23 to 2026-11-29");
    session.leave();
    fake.join();
}

#[test]
fn changes_in_doubt_are_asked_for_in_their_order() {
    let sold_out = "ERR SOLD_OUT {\"message\":\"e is sold out\",\"retry\":false}\n";
    let fake = FakeServer::with_listener(move |listener| {
        let mut first = Peer::with_keys(&listener);
        let lines = [first.read_line(), first.read_line()];
        drop(first);
        let mut second = Peer::with_keys(&listener);
        second.expect(&lines[0], TWO_SOLD);
        second.expect(&lines[1], sold_out);
        second.expect("PING\n", "OK {}\n");
        assert_eq!(second.read_to_end(), b"");
    });
    let mut session = Session::start(bookline(fake.addr, &["--retry", "0"]));
    session.type_line("\x1b[200~BOOK e 2\nBOOK e 3\x1b[201~");
    session.wait_for("2 commands went unanswered");
    session.wait_for("; the 2 changes in doubt are asked for with the next command\r\n");
    session.type_line_offline("PING");
    session.wait_for("BOOK e 2: the connection was lost; asked again: 2 tickets were sold:\r\n");
    session.wait_for("BOOK e 3: the connection was lost; asked again: nothing was sold:\r\n");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn command_behind_a_change_in_doubt_is_not_sent_while_the_server_is_down() {
    let fake = FakeServer::with_listener(|listener| lose(&listener, "BOOK e 2"));
    let addr = fake.addr;
    let mut session = Session::start(bookline(addr, &["--retry", "0"]));
    session.type_line("BOOK e 2");
    session.wait_for("is asked for with the next command\r\n");
    let line = fake.join();
    session.type_line_offline("BOOK e 7");
    session.wait_for(&format!("cannot connect to {addr}: "));
    session
        .wait_for("; the command was not sent; the change in doubt is asked for with the next command\r\n");
    let (exit, shown) = session.leave_offline();
    assert!(shown.contains(&format!("type at the prompt\r\n{}\r\n", line.trim_end())), "{shown}");
    assert!(!shown.contains("BOOK e 7"), "{shown}");
    assert_eq!(exit, 4);
}

#[test]
fn quit_with_a_change_in_doubt_exits_4_and_says_what_to_type() {
    let fake = FakeServer::with_listener(|listener| lose(&listener, "BOOK e 2"));
    let addr = fake.addr;
    let mut session = Session::start(bookline(addr, &["--retry", "0"]));
    session.type_line("BOOK e 2");
    let line = fake.join();
    session.type_line_offline("quit");
    session.wait_for(&format!("connection to {addr} lost; one command went unanswered"));
    session.wait_for(&format!("type at the prompt\r\n{}\r\n", line.trim_end()));
    assert_eq!(session.wait_for_exit().0, 4);
}

#[test]
fn ctrl_c_ends_the_tries_and_says_what_to_type() {
    let (lost, is_lost) = mpsc::channel();
    let fake = FakeServer::with_listener(move |listener| {
        lost.send(lose(&listener, "BOOK e 2")).unwrap();
        // A connection that gets no reply to HELLO.
        let second = Peer::accept(&listener);
        let mut third = Peer::greeted(&listener);
        drop(second);
        third.expect("PING\n", "OK {}\n");
        assert_eq!(third.read_to_end(), b"");
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("BOOK e 2");
    let line = is_lost.recv().unwrap();
    session.press("\x03");
    session.wait_for("bookline: interrupted; the change was sent and may have been made; to find out");
    session.wait_for(&format!("type at the prompt\r\n{}\r\n", line.trim_end()));
    // Whether the loss was noticed before Ctrl-C is a matter of time.
    session.wait_for("> ");
    session.press("PING\r");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn key_is_neither_shown_nor_kept_in_the_history() {
    let typed = "BOOK e 1 key=\"0123456789abcdef\"";
    let fake = FakeServer::with_listener(move |listener| {
        let mut peer = Peer::with_keys(&listener);
        let line = peer.read_line();
        peer.send(TWO_SOLD);
        peer.expect(&format!("{typed}\n"), TWO_SOLD);
        peer.read_to_end();
        line.trim_end().strip_prefix("BOOK e 2 key=").unwrap().to_owned()
    });
    let home = empty_home();
    let mut session = Session::start_in(bookline(fake.addr, &["--history", "all"]), &home);
    session.type_line("BOOK e 2");
    session.wait_for("2 tickets for e, 9 left:\r\n");
    let shown = session.wait_for(PROMPT);
    session.press(&format!("{typed}\r"));
    session.wait_for("2 tickets for e, 9 left:\r\n");
    session.leave();
    let key = fake.join();
    assert!(!shown.contains(&key), "{shown}");
    let history = fs::read_to_string(home.path().join(".local/state/bookline/history")).unwrap();
    assert_eq!(history.lines().skip(1).collect::<Vec<_>>(), ["BOOK e 2", "BOOK e 1"]);
}
