//! How the board follows a server that a test scripts.
//!
//! Catches: changes between the lines of a reply that get lost, changes that are missed or applied twice over
//! a lost connection, a board that trusts what it has after a gap.

use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};

use bookline_testkit::HANG_TIMEOUT;

use super::drawn::{day, event};
use super::terminal::{LIST, board, jazz_row, watch_reply};
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};

/// A HELLO of a server that names its instance.
fn hello(instance: &str) -> String {
    HELLO_REPLY.replace("\"}\n", &format!("\",\"instance\":\"{instance}\"}}\n"))
}

fn greeted(listener: &TcpListener, instance: &str) -> Peer {
    let mut peer = Peer::accept(listener);
    peer.expect("HELLO\n", &hello(instance));
    peer
}

fn booked(sequence: u64, left: u32) -> String {
    format!(
        "CHANGE {sequence} {{\"kind\":\"tickets_booked\",\"event_id\":\"jazz\",\"count\":1,\
         \"available_tickets\":{left},\"end\":true}}\n"
    )
}

/// A server with this script, which goes on with each message of the test.
fn server(script: impl FnOnce(TcpListener, Receiver<()>) + Send + 'static) -> (FakeServer<()>, Sender<()>) {
    let (go_on, messages) = channel();
    (FakeServer::with_listener(move |listener| script(listener, messages)), go_on)
}

#[test]
fn changes_between_the_lines_of_the_listing_are_applied_to_it() {
    let (server, _go_on) = server(|listener, _| {
        let mut peer = greeted(&listener, "a");
        peer.expect("WATCH events\n", &watch_reply(10));
        assert!(peer.read_line().starts_with("GET limit=10000 after="));
        // The second change is in the row already: what comes after it is the truth.
        peer.send(&booked(11, 97));
        peer.send(&format!("ROW {}\n", jazz_row(96)));
        peer.send(&booked(12, 96));
        peer.send("OK {\"count\":1}\n");
        peer.send(&booked(13, 95));
        peer.read_to_end();
    });
    let mut terminal = board(server.addr, &["board"], 80);
    terminal.wait_for("95/100");
    terminal.press("q");
    assert_eq!(terminal.wait_for_exit().0, 0);
    server.join();
}

#[test]
fn lost_connection_is_resumed_after_the_last_whole_commit() {
    let (server, go_on) = server(|listener, go_on| {
        let mut peer = greeted(&listener, "a");
        peer.expect("WATCH events\n", &watch_reply(10));
        peer.expect(LIST, &format!("ROW {}\nOK {{\"count\":1}}\n", jazz_row(96)));
        peer.send(&booked(11, 95));
        // The end of commit 12 does not come.
        peer.send(&booked(12, 94).replace(",\"end\":true", ""));
        go_on.recv_timeout(HANG_TIMEOUT).unwrap();
        drop(peer);
        go_on.recv_timeout(HANG_TIMEOUT).unwrap();
        let mut peer = greeted(&listener, "a");
        peer.expect("WATCH events since=11\n", &watch_reply(12));
        peer.send(&booked(12, 94));
        peer.read_to_end();
    });
    let mut terminal = board(server.addr, &["board"], 80);
    terminal.wait_for("95/100");
    go_on.send(()).unwrap();
    let lost = terminal.wait_for("connection lost, retrying");
    assert!(lost.contains("95/100"), "{lost}");
    go_on.send(()).unwrap();
    let shown = terminal.wait_for("94/100");
    assert!(!shown.contains("lost"), "{shown}");
    terminal.press("q");
    assert_eq!(terminal.wait_for_exit().0, 0);
    server.join();
}

#[test]
fn board_is_built_anew_after_a_gap_and_after_gone_and_for_another_server() {
    let (server, _go_on) = server(|listener, _| {
        let load = |peer: &mut Peer, sequence, left| {
            peer.expect("WATCH events\n", &watch_reply(sequence));
            peer.expect(LIST, &format!("ROW {}\nOK {{\"count\":1}}\n", jazz_row(left)));
        };
        let mut peer = greeted(&listener, "a");
        load(&mut peer, 10, 90);
        peer.send("CHANGE 10 {\"kind\":\"gap\"}\n");
        drop(peer);
        let mut peer = greeted(&listener, "a");
        load(&mut peer, 20, 80);
        drop(peer);
        let mut peer = greeted(&listener, "a");
        peer.expect(
            "WATCH events since=20\n",
            "ERR GONE {\"message\":\"gone\",\"retry\":false,\"oldest\":30}\n",
        );
        load(&mut peer, 40, 70);
        drop(peer);
        // Another instance may have other commits with the same numbers.
        let mut peer = greeted(&listener, "b");
        load(&mut peer, 5, 60);
        peer.send(&booked(6, 59));
        peer.read_to_end();
    });
    let mut terminal = board(server.addr, &["board"], 80);
    terminal.wait_for("59/100");
    terminal.press("q");
    assert_eq!(terminal.wait_for_exit().0, 0);
    server.join();
}

#[test]
fn server_that_cannot_begin_within_the_listing_is_asked_for_all() {
    let (server, _go_on) = server(|listener, _| {
        let mut peer = greeted(&listener, "a");
        peer.expect("WATCH events\n", &watch_reply(10));
        peer.expect(LIST, "ERR BAD_REQUEST {\"message\":\"no cursor\",\"retry\":false}\n");
        let old = event("old", "Old", "2026-11-21", (1, 1), "");
        peer.expect(
            "GET limit=10000\n",
            &format!("ROW {old}\nROW {}\nOK {{\"count\":2,\"next\":\"x\"}}\n", jazz_row(7)),
        );
        peer.read_to_end();
    });
    let mut terminal = board(server.addr, &["board"], 80);
    let shown = terminal.wait_for("the first 1 events");
    assert!(shown.contains("7/100") && !shown.contains("Old"), "{shown}");
    terminal.press("q");
    assert_eq!(terminal.wait_for_exit().0, 0);
    server.join();
}

#[test]
fn week_is_followed_and_changed() {
    let hour = r#"{"time":"09:00","meet":{"title":"","group":[],"host":"F1"}}"#;
    let (server, _go_on) = server(move |listener, _| {
        let mut peer = greeted(&listener, "a");
        peer.expect("WATCH person:F1 person:F2\n", &watch_reply(10));
        let row = day("F1", "25-11-2026", &[hour]);
        peer.expect("GET F1 2026-11-23 2026-11-29\n", &format!("ROW {row}\nOK {{\"count\":1}}\n"));
        peer.expect("GET F2 2026-11-23 2026-11-29\n", "OK {\"count\":0}\n");
        assert_eq!(peer.read_line(), "GET F1 2026-11-30 2026-12-06\n");
        assert_eq!(peer.read_line(), "GET F2 2026-11-30 2026-12-06\n");
        // The change comes before the replies, which have it already or not.
        peer.send(
            "CHANGE 11 {\"kind\":\"meeting_made\",\"entry\":\"11-0\",\"people\":[\"F1\",\"F2\"],\
             \"date\":\"01-12-2026\",\"time\":\"10:00\",\"hours\":1,\"title\":\"review\",\"group\":[\"F2\"],\
             \"host\":\"F1\",\"end\":true}\n",
        );
        peer.send("OK {\"count\":0}\nOK {\"count\":0}\n");
        peer.read_to_end();
    });
    let mut terminal = board(server.addr, &["board", "F1,F2", "2026-11-25"], 80);
    terminal.wait_until(|screen| {
        screen.lines().any(|line| line.contains("Wed 2026-11-25 F1") && line.contains('▒'))
    });
    // Right.
    terminal.press("\u{1b}[C");
    let shown = terminal.wait_for("review with F2 (host F1)");
    assert!(shown.contains("2026-11-30 to 2026-12-06"), "{shown}");
    terminal.press("q");
    assert_eq!(terminal.wait_for_exit().0, 0);
    server.join();
}
