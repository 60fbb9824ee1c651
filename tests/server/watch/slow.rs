//! Watchers that do not keep up.

use std::thread;
use std::time::{Duration, Instant};

use bookline_testkit::Conn;
use bookline_testkit::process::Server;

use super::{changes_until, sequence};

/// The documented time without which a watcher is only overtaken.
const STALL_MAX: Duration = Duration::from_secs(1);

/// Books until the log has this many commits more, and returns the last.
fn book(writer: &mut Conn, count: usize) -> u64 {
    let mut left = count;
    while left > 0 {
        let now = left.min(1_000);
        writer.send_bytes("BOOK jazz 1\n".repeat(now));
        (0..now).for_each(|_| _ = writer.reply().ok());
        left -= now;
    }
    sequence(writer)
}

#[test]
fn a_watcher_that_does_not_read_gets_a_gap_and_goes_on_from_there() {
    let server = Server::fresh_with(&["--keep-log", "256MiB"]);
    let mut writer = server.connect();
    writer.ask("CREATE Jazz 2026-12-31 1000000 id=jazz").ok();
    let mut stalled = server.connect();
    stalled.ask("WATCH event:jazz").ok();
    // More than the buffers of the system and the queue hold, and for longer than a burst.
    let begun = Instant::now();
    let mut last = book(&mut writer, 80_000);
    while begun.elapsed() < 3 * STALL_MAX {
        last = book(&mut writer, 1_000);
    }
    let mut shown = 1;
    let gap = loop {
        let change = stalled.change();
        match change.kind() {
            "gap" => break change,
            "progress" => {}
            _ => {
                assert_eq!(change.sequence, shown + 1);
                shown = change.sequence;
            }
        }
    };
    assert!(gap.sequence == shown && shown < last, "{gap:?} after {shown}");
    assert!(!gap.is_end());
    stalled.expect_end();
    let mut again = server.connect();
    again.ask(&format!("WATCH event:jazz since={shown}")).ok();
    let rest = changes_until(&mut again, last);
    assert_eq!(rest.len() as u64, last - shown);
    assert_eq!(rest.first().map(|change| change.sequence), Some(shown + 1));
}

#[test]
fn a_burst_of_more_changes_than_a_queue_holds_is_shown_whole() {
    let server = Server::fresh();
    let mut writer = server.connect();
    writer.ask("CREATE Jazz 2026-12-31 1000000 id=jazz").ok();
    let mut watcher = server.connect();
    watcher.ask("WATCH event:jazz").ok();
    for _ in 0..3 {
        let before = sequence(&mut writer);
        let changes = thread::scope(|scope| {
            let watched = scope.spawn(|| changes_until(&mut watcher, before + 10_000));
            writer.pipeline(b"BOOK jazz 1\n".repeat(10_000), 10_000);
            watched.join().expect("no panic")
        });
        assert_eq!(changes.len(), 10_000);
    }
}

#[test]
fn stalled_and_vanished_watchers_cost_no_bookings() {
    let server = Server::fresh();
    let mut writer = server.connect();
    writer.ask("CREATE Jazz 2026-12-31 1000000 id=jazz").ok();
    let mut stalled: Vec<Conn> = (0..20).map(|_| server.connect()).collect();
    for conn in &mut stalled {
        conn.ask("WATCH event:jazz tickets=yes").ok();
    }
    // Half of them vanish without a word.
    stalled.truncate(10);
    let last = book(&mut writer, 20_000);
    assert_eq!(writer.ask("GET jazz").number("available_tickets"), 980_000);
    let mut healthy = server.connect();
    healthy.ask(&format!("WATCH event:jazz since={}", last - 10)).ok();
    assert_eq!(changes_until(&mut healthy, last).len(), 10);
}
