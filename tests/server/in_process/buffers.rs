//! Shares of the common buffers: which requests wait for one, and which do not.
//!
//! It would fail if a long line were read without a share, if a reply that needs none waited for one, if a
//! released share woke no waiter, if an idle connection held one, or if a stop waited for shares.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bookline_server::commands::buffers::{Buffers, Share};
use bookline_testkit::in_process::Server;
use bookline_testkit::{AsyncConn, HANG_TIMEOUT, Reply};
use tokio::task::unconstrained;
use tokio::time::timeout;

/// Long enough for a reply that nothing delays, to check that none comes.
const NO_REPLY_TIMEOUT: Duration = Duration::from_millis(100);

/// The members of a group. A meeting of so many fits into the small segments of the tests.
const MEMBERS: usize = 200;

/// The default of `--max-buffers`, in bytes.
const BUFFER_BYTES: u64 = 256 << 20;

/// The number of hours with such a meeting, together more than is written at once.
const HOURS: usize = 5;

/// A line that is longer than the buffer of a connection.
fn long_line() -> Vec<u8> {
    format!("PING{}\n", " ".repeat(60_000)).into_bytes()
}

async fn meet(server: &Server) {
    let mut conn = server.connect().await;
    let group: Vec<String> = (0..MEMBERS).map(|n| format!("m{n:0>50}")).collect();
    for hour in 0..HOURS {
        conn.ask(&format!("MEET F1 2026-11-21 {hour:02}:00 planning {}", group.join(","))).await.ok();
    }
}

fn hours(day: &Reply) -> Option<usize> {
    day.ok()["schedule"].as_array().map(Vec::len)
}

/// All shares that are free.
fn all_shares(buffers: &Buffers) -> Vec<Share> {
    let line = || match pin!(unconstrained(buffers.line())).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(share) => Some(share),
        Poll::Pending => None,
    };
    let lines: Vec<Share> = std::iter::from_fn(line).collect();
    lines.into_iter().chain(std::iter::from_fn(|| buffers.try_reply(1))).collect()
}

async fn assert_waits(conn: &mut AsyncConn) {
    assert!(timeout(NO_REPLY_TIMEOUT, conn.reply()).await.is_err(), "a reply without a share");
}

#[tokio::test]
async fn a_long_line_waits_for_a_share_and_short_lines_do_not() {
    let server = Server::fresh().await;
    let shares = all_shares(&server.service.buffers);
    let mut long = server.connect().await;
    long.send(&[b"PING\n", &long_line()[..], b"GET nosuch\n"].concat()).await;
    assert!(long.reply().await.expect("the reply to PING").code.is_none());
    assert_waits(&mut long).await;
    let mut other = server.connect().await;
    other.ask("CREATE Jazz 2026-12-31 20000 id=jazz").await.ok();
    assert_eq!(other.ask("BOOK jazz 900").await.ok()["tickets"].as_array().map(Vec::len), Some(900));
    drop(shares);
    assert!(long.reply().await.expect("the reply to the long PING").code.is_none());
    assert_eq!(long.reply().await.expect("the reply to GET").code.as_deref(), Some("NOT_FOUND"));
    assert_no_share_is_held(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_large_reply_waits_for_a_share_and_a_small_one_does_not() {
    let server = Server::fresh().await;
    let mut conn = server.connect().await;
    meet(&server).await;
    conn.ask("BLOCK F2 2026-11-21 09:00").await.ok();
    let shares = all_shares(&server.service.buffers);
    let mut large = server.connect().await;
    large.send(b"GET F1 2026-11-21\nPING\n").await;
    assert_waits(&mut large).await;
    assert_eq!(hours(&conn.ask("GET F2 2026-11-21").await), Some(1));
    drop(shares);
    assert_eq!(hours(&large.reply().await.expect("the reply to GET")), Some(HOURS));
    assert!(large.reply().await.expect("the reply to PING").code.is_none());
    assert_no_share_is_held(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_shares() {
    let server = Server::fresh().await;
    meet(&server).await;
    let shares = all_shares(&server.service.buffers);
    let (mut line, mut day) = (server.connect().await, server.connect().await);
    line.send(&long_line()).await;
    day.send(b"GET F1 2026-11-21\n").await;
    assert_waits(&mut day).await;
    server.stop().await;
    for conn in [&mut line, &mut day] {
        let refused = conn.reply().await.expect("an error reply");
        assert_eq!(refused.code.as_deref(), Some("SHUTTING_DOWN"), "{refused:?}");
        assert_eq!(conn.reply().await, None);
    }
    drop(shares);
}

/// A wait for a share ends after a minute, and so does a line that does not end.
#[tokio::test]
async fn waits_for_shares_time_out() {
    let server = Server::on_this_runtime(|_| {}).await;
    meet(&server).await;
    let mut stalled = server.connect().await;
    stalled.send(&long_line()[..50_000]).await;
    let all = bytes(&all_shares(&Buffers::new(BUFFER_BYTES)));
    let shares = loop {
        let shares = all_shares(&server.service.buffers);
        if bytes(&shares) < all {
            break shares;
        }
        drop(shares);
        tokio::task::yield_now().await;
    };
    let (mut line, mut day) = (server.connect().await, server.connect().await);
    line.send(&long_line()).await;
    day.send(b"GET F1 2026-11-21\n").await;
    assert_waits(&mut day).await;
    // From here the clock advances whenever all tasks wait.
    tokio::time::pause();
    for (conn, why) in
        [(&mut stalled, "the end of a long line"), (&mut line, "--max-buffers"), (&mut day, "--max-buffers")]
    {
        let refused = conn.reply().await.expect("an error reply");
        assert_eq!(refused.code.as_deref(), Some("BUSY"), "{refused:?}");
        assert!(refused.body["message"].as_str().is_some_and(|text| text.contains(why)), "{refused:?}");
        assert_eq!(conn.reply().await, None);
    }
    tokio::time::resume();
    drop(shares);
    assert_no_share_is_held(&server).await;
    server.stop().await;
}

fn bytes(shares: &[Share]) -> usize {
    shares.iter().map(Share::bytes).sum()
}

/// A share is released after the reply was sent, so the client may read the reply before.
async fn assert_no_share_is_held(server: &Server) {
    let free = async {
        while bytes(&all_shares(&server.service.buffers)) as u64 != BUFFER_BYTES {
            tokio::task::yield_now().await;
        }
    };
    timeout(HANG_TIMEOUT, free).await.expect("an idle connection holds no share");
}
