//! A server that sends what no server should, at the prompt.
//!
//! Catches: a terminal that is painted or flooded, a session that hangs or takes the wrong reply.

use std::sync::mpsc;

use crate::support::client::bookline;
use crate::support::fake_server::{FakeServer, Peer};
use crate::support::session::{PROMPT, Session};

/// A server that sends this at the prompt, and then replies to PING on the same connection.
fn sending(bytes: Vec<u8>) -> (FakeServer<()>, impl FnOnce()) {
    let (send, sends) = mpsc::channel::<()>();
    let (sent, is_sent) = mpsc::channel();
    let fake = FakeServer::greeted(move |mut peer| {
        sends.recv().unwrap();
        peer.send_bytes(&bytes);
        sent.send(()).unwrap();
        peer.expect("PING\n", "OK {\"pong\":\"yes\"}\n");
        assert_eq!(peer.read_to_end(), b"");
    });
    let send = move || {
        send.send(()).unwrap();
        is_sent.recv().unwrap();
    };
    (fake, send)
}

/// What is shown between the prompt and the reply to PING.
fn shown_before_pong(bytes: &[u8]) -> String {
    let (fake, send) = sending(bytes.to_vec());
    let mut session = Session::at_prompt(fake.addr);
    send();
    session.press("PING\r");
    let shown = session.wait_for(" pong | yes\r\n");
    session.leave();
    fake.join();
    shown
}

#[test]
fn reply_before_a_request_is_shown_and_answers_none() {
    assert!(shown_before_pong(b"OK {\"early\":\"yes\"}\n").contains(" early | yes\r\n"));
}

#[test]
fn garbage_and_escape_sequences_are_shown_escaped() {
    let shown = shown_before_pong(b"\x1b[2J\x07\x1b]0;title\x07\nOK {\"a\":\"\xff\x9b2J\"}\n");
    assert!(shown.contains("\\u{1b}[2J\\u{7}"), "{shown:?}");
    assert!(!shown.contains(['\x07', '\u{9b}']), "{shown:?}");
}

#[test]
fn many_unsolicited_lines_are_bounded_and_counted() {
    let lines: String = (0..1_000).map(|number| format!("OK {{\"line\":\"n{number}.\"}}\n")).collect();
    let shown = shown_before_pong(lines.as_bytes());
    assert!(shown.contains("n0.") && shown.contains("n9.") && !shown.contains("n10."), "{shown}");
    let left_out = shown.lines().filter_map(|line| line.strip_prefix("bookline: ")?.split(' ').next());
    let counts: u32 = left_out.map(|count| count.parse::<u32>().unwrap()).sum();
    assert_eq!(counts, 990, "{shown}");
}

#[test]
fn rows_without_a_request_are_shown_at_once() {
    assert!(shown_before_pong(b"ROW {\"early\":\"yes\"}\n").contains("early"));
}

#[test]
fn peer_that_sends_without_end_is_left_and_does_not_flood_the_terminal() {
    for bytes in ["OK {}\n", "x"] {
        let (send, sends) = mpsc::channel::<()>();
        let fake = FakeServer::with_listener(move |listener| {
            let mut first = Peer::greeted(&listener);
            sends.recv().unwrap();
            let text = bytes.repeat(100_000);
            while first.try_send(&text).is_ok() {}
            let mut second = Peer::greeted(&listener);
            while second.read_line() == "PING\n" {
                second.send("OK {\"pong\":\"yes\"}\n");
            }
        });
        let mut session = Session::at_prompt(fake.addr);
        send.send(()).unwrap();
        // What arrives after a line was sent is taken for its reply, so that several may be needed.
        let mut shown = String::new();
        while !shown.contains(" pong | yes\r\n") {
            session.press("PING\r");
            shown.push_str(&session.wait_for(PROMPT));
            assert!(shown.lines().count() < 500, "the terminal is flooded: {shown}");
        }
        let reasons = ["sent more than 1 MiB without being asked", "sent a line of more than 64 MiB"];
        assert!(reasons.iter().any(|reason| shown.contains(reason)), "{shown}");
        drop(session);
        fake.join();
    }
}

/// A server that answers GET with this text again and again until the client closes the connection, and PING
/// on the next one.
fn endless_reply(text: String) -> FakeServer<()> {
    FakeServer::with_listener(move |listener| {
        let mut first = Peer::greeted(&listener);
        assert_eq!(first.read_line(), "GET\n");
        while first.try_send(&text).is_ok() {}
        let mut second = Peer::greeted(&listener);
        second.expect("PING\n", "OK {}\n");
        assert_eq!(second.read_to_end(), b"");
    })
}

#[test]
fn reply_line_without_end_ends_the_command_and_not_the_session() {
    let fake = endless_reply("x".repeat(1 << 20));
    let mut session = Session::prompt(fake.addr);
    session.type_line("GET");
    session.wait_for("sent a line of more than 64 MiB that has no end");
    session.type_line("PING");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn ctrl_c_ends_a_reply_of_endless_garbage() {
    let fake = endless_reply("\x1b[2Jgarbage\n".repeat(1_000));
    let mut session = Session::prompt(fake.addr);
    session.type_line("GET");
    session.wait_for("\\u{1b}[2Jgarbage\r\n");
    session.press("\x03");
    session.wait_for("bookline: interrupted\r\n");
    session.type_line("PING");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn other_server_at_the_address_after_a_loss_keeps_the_prompt() {
    let (close, closes) = mpsc::channel::<()>();
    let fake = FakeServer::with_listener(move |listener| {
        let first = Peer::greeted(&listener);
        closes.recv().unwrap();
        drop(first);
        Peer::accept(&listener).expect("HELLO\n", "HTTP/1.1 400 Bad Request\r\n");
        Peer::greeted(&listener).expect("PING\n", "OK {}\n");
    });
    let mut session = Session::start(bookline(fake.addr, &["--retry", "0"]));
    session.wait_for(PROMPT);
    close.send(()).unwrap();
    session.type_line_offline("PING");
    session.wait_for("is not a bookline server");
    session.type_line_offline("PING");
    session.wait_for("bookline: reconnected\r\nOK\r\n");
    drop(session);
    fake.join();
}
