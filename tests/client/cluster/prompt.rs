//! The prompt, when the leader changes.

use super::{bookline, lead, nobody, not_leader};
use crate::support::fake_server::{FakeServer, Peer};
use crate::support::session::Session;

#[test]
fn prompt_goes_on_with_the_next_leader_and_says_so() {
    let second = FakeServer::with_listener(|listener| {
        let mut peer = lead(&listener);
        peer.expect("BOOK e 1\n", "OK {\"event_id\":\"e\",\"tickets\":[],\"available_tickets\":9}\n");
        peer.expect("PING\n", "OK {}\n");
        assert_eq!(peer.read_to_end(), b"");
    });
    let addr = second.addr;
    let first = FakeServer::with_listener(move |listener| {
        lead(&listener).expect("BOOK e 1\n", &not_leader(Some(addr)));
    });
    let mut session = Session::start(bookline(&[first.addr, addr], &[]));
    session.type_line("BOOK e 1");
    session.wait_for(&format!("bookline: reconnected to {addr}\r\n"));
    session.wait_for("9 left");
    session.type_line("PING");
    session.wait_for("OK\r\n");
    session.leave();
    first.join();
    second.join();
}

#[test]
fn change_that_was_lost_with_the_leader_is_asked_for_at_the_next_one() {
    let second = FakeServer::with_listener(|listener| {
        let mut peer = Peer::with_keys(&listener);
        let line = peer.read_line();
        peer.send("ERR SOLD_OUT {\"message\":\"e is sold out\",\"retry\":false,\"available\":0}\n");
        assert_eq!(peer.read_to_end(), b"");
        line
    });
    let first = FakeServer::with_listener(|listener| Peer::with_keys(&listener).read_line());
    let addr = second.addr;
    let mut session = Session::start(bookline(&[first.addr, addr], &[]));
    session.type_line("BOOK e 2");
    session
        .wait_for("the connection was lost; asked again: nothing was sold:\r\nSold out: e is sold out.\r\n");
    session.leave();
    assert_eq!(first.join(), second.join());
}

#[test]
fn prompt_waits_for_a_leader_and_stays_when_there_is_none() {
    let fake = FakeServer::with_listener(|listener| assert_eq!(lead(&listener).read_line(), "PING\n"));
    let mut session = Session::start(bookline(&[fake.addr, nobody()], &["--timeout", "300ms"]));
    session.type_line("PING");
    session.wait_for("bookline: no leader within 300ms: ");
    assert_eq!(session.leave_offline().0, 0);
    fake.join();
}
