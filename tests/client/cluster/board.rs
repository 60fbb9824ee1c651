//! The board, when the leader changes.

use super::{hello, lead, not_leader};
use crate::board::terminal::{LIST, board, jazz_row, watch_reply};
use crate::support::fake_server::{FakeServer, Peer};

#[test]
fn board_follows_a_standby_to_the_leader() {
    let leader = FakeServer::with_listener(|listener| {
        let mut peer = lead(&listener);
        peer.expect("WATCH events\n", &watch_reply(10));
        peer.expect(LIST, &format!("ROW {}\nOK {{\"count\":1}}\n", jazz_row(42)));
        peer.read_to_end();
    });
    let addr = leader.addr;
    let standby = FakeServer::with_listener(move |listener| {
        let mut peer = Peer::accept(&listener);
        peer.expect("HELLO\n", &hello("standby", None));
        peer.expect("WATCH events\n", &not_leader(Some(addr)));
    });
    let mut terminal = board(standby.addr, &["board"], 80);
    terminal.wait_for("42/100");
    terminal.press("q");
    assert_eq!(terminal.wait_for_exit().0, 0);
    standby.join();
    leader.join();
}
