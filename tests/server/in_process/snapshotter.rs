//! Snapshots that nobody asked for: after so many bytes of journal, so that it stays bounded. And those that
//! many ask for at once.
//!
//! It would fail if none were made, if what was read at a start did not count, or if the journal grew for
//! ever; if one were made for each who asks, or for one who is gone.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::in_process::common::{Conn, PATIENCE, Server};
use bookline_server::Config;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const EVERY: u64 = 64 << 10;
fn often(config: &mut Config) {
    config.snapshot_every = 64 << 10;
}

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
    let server = Server::fresh_with(often).await;
    let mut conn = server.connect().await;
    conn.ask("CREATE Jazz 2026-12-31 1000000000 id=jazz").await.ok();
    let mut newest = 0;
    let mut written = 0;
    for _ in 0..5 {
        newest = book_until_a_snapshot(&mut conn, newest).await;
        written = conn.ask("STATS").await.number("tickets") * 16;
    }
    assert!(written > EVERY, "more was written than one snapshot is made after");
    let before = conn.ask("STATS").await;
    let left = bytes(server.directory());
    assert!(left < written, "{left} bytes of journal are left of more than {written}");
    conn.finish().await;

    let server = Server::on_with(server.stop().await, often).await.expect("it starts again");
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
    let server = Server::fresh().await;
    let mut conn = server.connect().await;
    conn.ask("CREATE Jazz 2026-12-31 1000000 id=jazz").await.ok();
    for _ in 0..EVERY / 16_000 + 1 {
        conn.ask("BOOK jazz 1000").await.ok();
    }
    let sequence = conn.ask("STATS").await.number("sequence");
    conn.finish().await;
    let server = Server::on_with(server.stop().await, often).await.expect("it starts again");
    let mut conn = server.connect().await;
    let from = Instant::now();
    while conn.ask("STATS").await.number("snapshot_sequence") != sequence {
        assert!(from.elapsed() < PATIENCE, "no snapshot is made of what was there before");
        tokio::task::yield_now().await;
    }
    conn.finish().await;
    server.stop().await;
}

/// As the real server is.
async fn with_a_second_between_snapshots() -> Server {
    Server::fresh_with(|config| config.snapshot_interval_min = Duration::from_secs(1)).await
}

#[tokio::test]
async fn all_who_ask_at_once_get_the_same_one() {
    let server = with_a_second_between_snapshots().await;
    let mut conn = server.connect().await;
    conn.ask("CREATE Jazz 2026-12-31 1000 id=jazz").await.ok();
    conn.ask("SNAPSHOT").await.ok();
    // Each books before it asks: the snapshot that it gets has its booking.
    let address = server.address;
    let asking: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn(async move {
                let mut conn = Conn::open(address).await;
                conn.ask("BOOK jazz 1").await.ok();
                let sequence = conn.ask("STATS").await.number("sequence");
                let made = conn.ask("SNAPSHOT").await.number("sequence");
                assert!(made >= sequence, "asked behind {sequence}, and got the snapshot of {made}");
                made
            })
        })
        .collect();
    let mut made = Vec::new();
    for one in asking {
        made.push(one.await.expect("a client"));
    }
    let mut different = made.clone();
    different.sort_unstable();
    different.dedup();
    assert!(different.len() <= 3, "snapshots that were made for {} who asked at once: {made:?}", made.len());
    conn.finish().await;
    server.stop().await;
}

/// Its connection task waits for the snapshot and reads nothing meanwhile, but a reset is noticed.
#[tokio::test]
async fn who_is_gone_gets_none() {
    let server = with_a_second_between_snapshots().await;
    let mut conn = server.connect().await;
    conn.ask("CREATE Jazz 2026-12-31 1000 id=jazz").await.ok();
    conn.ask("SNAPSHOT").await.ok();
    conn.ask("BOOK jazz 1").await.ok();
    // The next snapshot is due in a second.
    let mut gone = TcpStream::connect(server.address).await.expect("it listens");
    gone.write_all(b"PING\nSNAPSHOT\n").await.expect("it reads");
    gone.readable().await.expect("it answers the PING");
    // Closed with an answer unread: the system resets the connection.
    drop(gone);
    let from = Instant::now();
    while conn.ask("STATS").await.number("connections") > 1 {
        assert!(from.elapsed() < PATIENCE, "its connection is still open");
        tokio::task::yield_now().await;
    }
    assert_eq!(conn.ask("STATS").await.number("snapshot_sequence"), 1, "no snapshot was made meanwhile");
    conn.finish().await;
    server.stop().await;
}
