//! Snapshots after a number of bytes of journal, which bound it, and snapshots for concurrent requests.
//!
//! It would fail if no snapshot were made, if the journal read at a start did not count, or if the journal
//! grew without bound; and if a snapshot were made for each request, or for a canceled one.

use std::path::Path;
use std::time::{Duration, Instant};

use bookline_server::Config;
use bookline_testkit::in_process::Server;
use bookline_testkit::{AsyncConn, HANG_TIMEOUT};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const SNAPSHOT_EVERY_BYTES: u64 = 64 << 10;
fn frequent_snapshots(config: &mut Config) {
    config.snapshot_every = 64 << 10;
}

/// Books until the sequence number of the newest snapshot is not `before` any more.
async fn book_until_a_snapshot(conn: &mut AsyncConn, before: u64) -> u64 {
    let from = Instant::now();
    while from.elapsed() < HANG_TIMEOUT {
        conn.send("BOOK jazz 20\n".repeat(100).as_bytes()).await;
        for _ in 0..100 {
            conn.reply().await.expect("a reply").ok();
        }
        let newest = conn.ask("STATS").await.number("snapshot_sequence");
        if newest != before {
            return newest;
        }
    }
    panic!("no snapshot was made after {before}");
}

fn bytes(directory: &Path) -> u64 {
    let files = std::fs::read_dir(directory.join("journal")).expect("a journal");
    // A file that is removed meanwhile has no length.
    files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum()
}

#[tokio::test]
async fn snapshots_are_made_and_the_journal_is_bounded() {
    let server = Server::fresh_with(frequent_snapshots).await;
    let mut conn = server.connect().await;
    conn.ask("CREATE Jazz 2026-12-31 1000000000 id=jazz").await.ok();
    let mut newest = 0;
    let mut written = 0;
    for _ in 0..5 {
        newest = book_until_a_snapshot(&mut conn, newest).await;
        written = conn.ask("STATS").await.number("tickets") * 16;
    }
    assert!(written > SNAPSHOT_EVERY_BYTES, "enough for several snapshots was written");
    let before = conn.ask("STATS").await;
    let left = bytes(server.directory());
    assert!(left < written, "the journal has {left} bytes of more than {written} written");
    let oldest = before.number("oldest_sequence");
    assert!(
        0 < oldest && oldest < newest,
        "commits from {oldest} on are in the journal, {newest} in a snapshot"
    );
    conn.finish().await;

    let server = Server::on_with(server.stop().await, frequent_snapshots).await.expect("a restart");
    let mut conn = server.connect().await;
    let after = conn.ask("STATS").await;
    for field in ["events", "tickets", "sequence", "snapshot_sequence"] {
        assert_eq!(after.number(field), before.number(field), "{field}");
    }
    conn.finish().await;
    server.stop().await;
}

#[tokio::test]
async fn the_journal_read_at_a_start_counts_for_the_next_snapshot() {
    let server = Server::fresh().await;
    let mut conn = server.connect().await;
    conn.ask("CREATE Jazz 2026-12-31 1000000 id=jazz").await.ok();
    for _ in 0..SNAPSHOT_EVERY_BYTES / 16_000 + 1 {
        conn.ask("BOOK jazz 1000").await.ok();
    }
    let sequence = conn.ask("STATS").await.number("sequence");
    conn.finish().await;
    let server = Server::on_with(server.stop().await, frequent_snapshots).await.expect("a restart");
    let mut conn = server.connect().await;
    let from = Instant::now();
    while conn.ask("STATS").await.number("snapshot_sequence") != sequence {
        assert!(from.elapsed() < HANG_TIMEOUT, "no snapshot of the journal that was read");
        tokio::task::yield_now().await;
    }
    conn.finish().await;
    server.stop().await;
}

/// The interval of a real server.
async fn with_a_second_between_snapshots() -> Server {
    Server::fresh_with(|config| config.snapshot_interval_min = Duration::from_secs(1)).await
}

#[tokio::test]
async fn concurrent_requests_get_the_same_snapshot() {
    let server = with_a_second_between_snapshots().await;
    let mut conn = server.connect().await;
    conn.ask("CREATE Jazz 2026-12-31 1000 id=jazz").await.ok();
    conn.ask("SNAPSHOT").await.ok();
    // Each client books before its request, and its snapshot must contain the booking.
    let address = server.address;
    let asking: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn(async move {
                let mut conn = AsyncConn::open(address).await;
                conn.ask("BOOK jazz 1").await.ok();
                let sequence = conn.ask("STATS").await.number("sequence");
                let made = conn.ask("SNAPSHOT").await.number("sequence");
                assert!(made >= sequence, "requested after {sequence}, and got the snapshot of {made}");
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
    assert!(different.len() <= 3, "snapshots for {} concurrent requests: {made:?}", made.len());
    conn.finish().await;
    server.stop().await;
}

/// The task of the connection waits for the snapshot and does not read, but notices a reset.
#[tokio::test]
async fn no_snapshot_is_made_for_a_closed_connection() {
    let server = with_a_second_between_snapshots().await;
    let mut conn = server.connect().await;
    conn.ask("CREATE Jazz 2026-12-31 1000 id=jazz").await.ok();
    conn.ask("SNAPSHOT").await.ok();
    conn.ask("BOOK jazz 1").await.ok();
    // The next snapshot may begin in a second.
    let mut gone = TcpStream::connect(server.address).await.expect("the server listens");
    gone.write_all(b"PING\nSNAPSHOT\n").await.expect("the server reads");
    gone.readable().await.expect("the reply to PING");
    // The system resets the connection, because it is closed with an unread reply.
    drop(gone);
    let from = Instant::now();
    while conn.ask("STATS").await.number("connections") > 1 {
        assert!(from.elapsed() < HANG_TIMEOUT, "the connection is still open");
        tokio::task::yield_now().await;
    }
    assert_eq!(conn.ask("STATS").await.number("snapshot_sequence"), 1, "no snapshot was made meanwhile");
    conn.finish().await;
    server.stop().await;
}
