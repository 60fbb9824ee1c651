//! `bookline watch`, when the leader changes.

use super::{bookline, lead, not_leader, turn_away};
use crate::support::client::run;
use crate::support::fake_server::FakeServer;
use crate::watch::support::{json, progress, sold, sold_by, watching};

#[test]
fn changes_go_on_at_the_next_leader_without_loss_or_repetition() {
    let second = FakeServer::with_listener(|listener| {
        let mut peer = lead(&listener);
        peer.expect("WATCH all since=7\n", &watching(7));
        peer.send(&(sold_by(8, 1, false) + &sold_by(8, 2, true) + &sold(9)));
        drop(peer);
        lead(&listener).expect("WATCH all since=9\n", "ERR NEW {\"message\":\"enough\",\"retry\":false}\n");
    });
    let addr = second.addr;
    let first = FakeServer::with_listener(move |listener| {
        let mut peer = lead(&listener);
        peer.expect("WATCH all\n", &watching(6));
        // The second commit is not complete.
        peer.send(&(sold(7) + &sold_by(8, 1, false)));
        drop(peer);
        // It comes back, and believes for a moment that it leads.
        lead(&listener).expect("WATCH all since=7\n", &not_leader(None));
        turn_away(&listener, Some(addr));
    });
    let client = run(bookline(&[first.addr, addr], &["watch"]));
    let lines = progress(6) + &sold(7) + &sold_by(8, 1, false) + &sold_by(8, 2, true) + &sold(9);
    client.expect(1, &json(&lines), "bookline: New: enough.\n");
    first.join();
    second.join();
}
