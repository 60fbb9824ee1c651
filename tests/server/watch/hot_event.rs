//! Many watchers of one event.

use std::thread;

use bookline_testkit::Conn;
use bookline_testkit::process::{Server, raise_open_files};

use super::changes_until;

const WATCHERS: usize = 1_000;
const BOOKERS: usize = 50;
const BOOKINGS: usize = 20;

#[test]
fn a_thousand_watchers_of_one_event_are_told_everything_while_fifty_book() {
    raise_open_files();
    let server = Server::fresh();
    server.connect().ask("CREATE Jazz 2026-12-31 1000000 id=jazz").ok();
    let mut watchers: Vec<Conn> = (0..WATCHERS).map(|_| server.connect()).collect();
    for watcher in &mut watchers {
        watcher.ask("WATCH event:jazz").ok();
    }
    thread::scope(|scope| {
        for _ in 0..BOOKERS {
            let mut conn = server.connect();
            scope.spawn(move || {
                for _ in 0..BOOKINGS {
                    conn.ask("BOOK jazz 1").ok();
                }
            });
        }
    });
    let last = 1 + (BOOKERS * BOOKINGS) as u64;
    for watcher in &mut watchers {
        let changes = changes_until(watcher, last);
        let sequences: Vec<u64> = changes.iter().map(|change| change.sequence).collect();
        assert_eq!(sequences, (2..=last).collect::<Vec<_>>());
        assert_eq!(
            changes[changes.len() - 1].body["available_tickets"],
            1_000_000 - (BOOKERS * BOOKINGS) as u64
        );
    }
}
