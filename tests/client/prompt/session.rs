//! A session at the prompt: what is sent, what is printed, and how it ends.

use std::sync::mpsc;

use crate::support::client::bookline;
use crate::support::fake_server::{FakeServer, Peer};
use crate::support::pause::pause;
use crate::support::session::{PROMPT, Session};

#[test]
fn session_sends_typed_lines_and_prints_replies_for_people() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect(
            "get   rustconf \n",
            concat!(
                r#"OK {"id":"rustconf","name":"Rust Conf","date":"2026-12-31","#,
                r#""total_tickets":100,"available_tickets":10}"#,
                "\n"
            ),
        );
        peer.expect(
            "BOOK rustconf 11\n",
            "ERR SOLD_OUT {\"message\":\"m\",\"retry\":false,\"available\":10,\"requested\":11}\n",
        );
        peer.expect("MEET F1\"\n", "ERR BAD_REQUEST {\"message\":\"a quote is open\",\"retry\":false}\n");
        peer.expect(
            "help\n",
            "ROW {\"command\":\"PING\",\"usage\":\"PING\",\"help\":\"answers OK\"}\nOK {\"count\":1}\n",
        );
        assert_eq!(peer.read_to_end(), b"");
    });
    let mut session = Session::prompt(fake.addr);
    session.wait_for("Welcome to the ticket reservation system\r\n");
    session.wait_for(&format!("bookline 9.8.7 at {}, time zone Europe/Prague.", fake.addr));
    session.type_line("get   rustconf ");
    session.wait_for(" rustconf | Rust Conf | 2026-12-31 | #....... 10 of 100\r\n");
    session.type_line("BOOK rustconf 11");
    session.wait_for("Too few left: m.\r\n");
    session.type_line("MEET F1\"");
    session.wait_for("Bad request: a quote is open.\r\n");
    session.type_line("help");
    session.wait_for("  PING\r\n    answers OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn blank_line_and_comment_await_no_reply() {
    let fake = FakeServer::greeted(|mut peer| {
        assert_eq!(peer.read_line(), "# remember the milk\n");
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("");
    session.type_line("# remember the milk");
    session.type_line("PING");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn exit_and_quit_end_the_session() {
    for word in ["exit", "QUIT"] {
        let fake = FakeServer::greeted(move |mut peer| {
            peer.expect(&format!("{word}\n"), "OK {}\n");
        });
        let mut session = Session::prompt(fake.addr);
        session.type_line(word);
        assert_eq!(session.wait_for_exit().0, 0);
        fake.join();
    }
}

#[test]
fn connection_closed_at_the_prompt_sends_no_command_and_keeps_the_prompt() {
    let (close, closes) = mpsc::channel::<()>();
    let fake = FakeServer::greeted(move |mut peer| {
        closes.recv().unwrap();
        peer.send("ERR SHUTTING_DOWN {\"message\":\"the server is stopping\",\"retry\":true}\n");
        peer.half_close();
        peer.read_to_end()
    });
    let addr = fake.addr;
    let mut session = Session::start(bookline(addr, &["--retry", "0"]));
    session.wait_for(PROMPT);
    close.send(()).unwrap();
    session.wait_for("Shutting down: the server is stopping.\r\n");
    session.wait_for(&format!("connection to {addr} lost\r\n"));
    assert_eq!(fake.join(), b"");
    session.type_line_offline("BOOK e 1");
    session.wait_for(&format!("bookline: cannot connect to {addr}: "));
    session.wait_for("; the command was not sent\r\n");
    assert_eq!(session.leave_offline().0, 0);
}

#[test]
fn change_without_a_key_that_gets_no_reply_keeps_the_prompt() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.read_line();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("BOOK e 1");
    session.wait_for(&format!("connection to {} lost; one command went unanswered", fake.addr));
    session.wait_for("it has no key");
    assert_eq!(session.leave_offline().0, 0);
    fake.join();
}

#[test]
fn missing_reply_times_out_and_keeps_the_prompt() {
    let fake = FakeServer::with_listener(|listener| {
        let _first = Peer::greeted(&listener);
        let mut second = Peer::greeted(&listener);
        second.expect("STATS\n", "OK {}\n");
        second.read_to_end()
    });
    let mut session = Session::start(bookline(fake.addr, &["--timeout", "500ms", "--retry", "0"]));
    session.type_line("PING");
    session.wait_for(&format!("no answer from {} within 500ms", fake.addr));
    session.type_line_offline("STATS");
    session.wait_for("bookline: reconnected\r\nOK\r\n");
    session.leave();
    assert_eq!(fake.join(), b"");
}

#[test]
fn ctrl_c_while_connecting_at_the_start_exits_130() {
    let (pause, paused) = pause();
    let fake = FakeServer::new(move |mut peer| {
        assert_eq!(peer.read_line(), "HELLO\n");
        pause.wait();
        peer.read_to_end()
    });
    let mut session = Session::prompt(fake.addr);
    paused.wait();
    session.press("\x03");
    assert_eq!(session.wait_for_exit(), (130, "bookline: interrupted\r\n".to_owned()));
    paused.release();
    assert_eq!(fake.join(), b"");
}

#[test]
fn peer_that_is_not_bookline_gets_no_prompt() {
    for reply in ["HTTP/1.1 400 Bad Request\r\n", "OK {\"server\":\"other\"}\n", "ERR NO {}\n", "\u{1b}[2J\n"]
    {
        let fake = FakeServer::new(move |mut peer| peer.expect("HELLO\n", reply));
        let mut session = Session::prompt(fake.addr);
        session.wait_for(&format!("{} is not a bookline server: it answered HELLO with \"", fake.addr));
        let (exit, shown) = session.wait_for_exit();
        assert_eq!(exit, 3);
        assert!(!shown.contains(PROMPT), "{shown}");
        fake.join();
    }
}

#[test]
fn rejected_connection_prints_the_reason_and_exits_3() {
    let fake = FakeServer::new(|mut peer| {
        peer.send(
            "ERR BUSY {\"message\":\"the server has 1 connections, as many as it takes\",\"retry\":true}\n",
        );
    });
    let mut session = Session::prompt(fake.addr);
    session.wait_for("Busy: the server has 1 connections, as many as it takes.\r\n");
    session.wait_for(&format!("{} accepts no new connections\r\n", fake.addr));
    assert_eq!(session.wait_for_exit().0, 3);
    fake.join();
}

#[test]
fn prompt_with_format_raw_prints_the_servers_lines() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {\"a\":\"\u{1b}[2J\"}\n");
        peer.read_to_end();
    });
    let mut session = Session::start(bookline(fake.addr, &["--format", "raw"]));
    session.type_line("PING");
    session.wait_for("OK {\"a\":\"\\u{1b}[2J\"}\r\n");
    session.leave();
    fake.join();
}

#[test]
fn command_on_a_terminal_is_printed_for_people() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect(
            "BLOCK F1 21-11-2026 09:00\n",
            "OK {\"name\":\"F1\",\"date\":\"21-11-2026\",\"time\":\"09:00\"}\n",
        );
        peer.read_to_end();
    });
    let mut session = Session::start(bookline(fake.addr, &["BLOCK", "F1", "21-11-2026", "09:00"]));
    session.wait_for("F1 is blocked on 2026-11-21 at 09:00.\r\n");
    assert_eq!(session.wait_for_exit().0, 0);
    fake.join();
}
