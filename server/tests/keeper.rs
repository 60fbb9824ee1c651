//! Snapshots that nobody asked for: after so many bytes of journal, so that it stays bounded.
//!
//! It would fail if none were made, if what was read at a start did not count, or if the journal grew for ever.

#[path = "common/mod.rs"]
mod common;

use std::path::Path;
use std::time::Instant;

use common::{Conn, PATIENCE, Server};

const EVERY: u64 = 64 << 10;
const FLAGS: [&str; 2] = ["--snapshot-every", "64KiB"];

/// Books until the newest snapshot is another one than `before`.
async fn book_until_a_snapshot(conn: &mut Conn, before: u64) -> u64 {
    let from = Instant::now();
    while from.elapsed() < PATIENCE {
        conn.send("BOOK jazz 20\n".repeat(100).as_bytes()).await;
        for _ in 0..100 {
            conn.reply().await.expect("an answer").ok();
        }
        let newest = conn.ask("STATS").await.number("snapshot_sequence");
        if newest != before {
            return newest;
        }
    }
    panic!("no snapshot was made behind {before}");
}

fn bytes(directory: &Path) -> u64 {
    let files = std::fs::read_dir(directory.join("journal")).expect("a journal");
    // One that goes while we look has no length any more.
    files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum()
}

#[tokio::test]
async fn snapshots_are_made_and_the_journal_is_bounded() {
    let server = Server::fresh(&FLAGS).await;
    let mut conn = server.connect().await;
    conn.ask("CREATE Jazz 2026-12-31 1000000000 id=jazz").await.ok();
    let mut newest = 0;
    let mut written = 0;
    for _ in 0..3 {
        newest = book_until_a_snapshot(&mut conn, newest).await;
        written = conn.ask("STATS").await.number("tickets") * 16;
    }
    assert!(written > EVERY, "more was written than one snapshot is made after");
    let before = conn.ask("STATS").await;
    let left = bytes(server.directory());
    assert!(left < written, "{left} bytes of journal are left of more than {written}");
    conn.finish().await;

    let server = Server::on(server.stop().await, &FLAGS).await.expect("it starts again");
    let mut conn = server.connect().await;
    let after = conn.ask("STATS").await;
    for field in ["events", "tickets", "sequence", "snapshot_sequence"] {
        assert_eq!(after.number(field), before.number(field), "{field}");
    }
    conn.finish().await;
    server.stop().await;
}

#[tokio::test]
async fn what_a_start_had_to_read_counts() {
    let server = Server::fresh(&[]).await;
    let mut conn = server.connect().await;
    conn.ask("CREATE Jazz 2026-12-31 1000000 id=jazz").await.ok();
    for _ in 0..EVERY / 16_000 + 1 {
        conn.ask("BOOK jazz 1000").await.ok();
    }
    let sequence = conn.ask("STATS").await.number("sequence");
    conn.finish().await;
    let server = Server::on(server.stop().await, &FLAGS).await.expect("it starts again");
    let mut conn = server.connect().await;
    let from = Instant::now();
    while conn.ask("STATS").await.number("snapshot_sequence") != sequence {
        assert!(from.elapsed() < PATIENCE, "no snapshot is made of what was there before");
        tokio::task::yield_now().await;
    }
    conn.finish().await;
    server.stop().await;
}
