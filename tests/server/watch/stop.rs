//! Watchers of a server that stops.

use std::time::{Duration, Instant};

use bookline_testkit::HANG_TIMEOUT;
use bookline_testkit::process::Server;
use rustix::process::Signal;

use super::changes_until;

#[test]
fn the_last_changes_arrive_before_the_close() {
    for durability in ["always", "interval", "never"] {
        let mut server = Server::fresh_with(&["--durability", durability]);
        let mut writer = server.connect();
        writer.ask("CREATE Jazz 2026-12-31 100000 id=jazz").ok();
        let mut watcher = server.connect();
        watcher.ask("WATCH event:jazz").ok();
        let mut idle = server.connect();
        idle.ask("WATCH person:F1").ok();
        // It reads the past, of which there is nothing, and is not waited for.
        let mut past = server.connect();
        past.ask("WATCH person:F1 since=1").ok();
        writer.send_bytes("BOOK jazz 1\n".repeat(2_000));
        writer.reply().ok();
        let begun = Instant::now();
        server.signal(Signal::TERM);
        let replies = (1..2_000).map(|_| writer.reply()).filter(|reply| reply.is_ok()).count() as u64;
        writer.expect_end();
        let last = 2 + replies;
        let changes = changes_until(&mut watcher, last);
        assert_eq!(changes.len() as u64, replies + 1, "{durability}");
        watcher.expect_end();
        idle.expect_end();
        past.expect_end();
        assert!(begun.elapsed() < Duration::from_secs(3), "the stop took {:?}", begun.elapsed());
        assert_eq!(server.process().wait(HANG_TIMEOUT).expect("it still runs").code(), Some(0));
    }
}
