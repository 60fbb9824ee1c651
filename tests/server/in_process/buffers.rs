//! What waits for a share of the common buffers, and what does not.
//!
//! It would fail if a long line were read on without a share, if a reply that needs none waited for one, if a
//! share that comes free woke nobody, if an idle connection kept one, or if a stop waited for shares.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::in_process::common::{Conn, PATIENCE, Reply, Server};
use bookline_server::commands::buffers::{Buffers, Share};
use tokio::task::unconstrained;
use tokio::time::timeout;

/// Long enough for an answer that nothing holds up; only to see that none comes.
const A_MOMENT: Duration = Duration::from_millis(100);

/// Members of a group: a meeting of so many fits into the small segments of tests.
const MEMBERS: usize = 200;

/// The default budget, which the servers have.
const BUDGET: u64 = 256 << 20;

/// Hours whose meetings of so many together are larger than what is written at once.
const HOURS: usize = 5;

/// A line that is longer than a connection's own buffer.
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

/// All shares that nobody holds.
fn all_shares(buffers: &Buffers) -> Vec<Share> {
    let line = || match pin!(unconstrained(buffers.line())).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(share) => Some(share),
        Poll::Pending => None,
    };
    let lines: Vec<Share> = std::iter::from_fn(line).collect();
    lines.into_iter().chain(std::iter::from_fn(|| buffers.try_reply(1))).collect()
}

async fn waits(conn: &mut Conn) {
    assert!(timeout(A_MOMENT, conn.reply()).await.is_err(), "it was answered without a share");
}

#[tokio::test]
async fn a_long_line_waits_and_short_ones_do_not() {
    let server = Server::fresh().await;
    let shares = all_shares(&server.service.buffers);
    let mut long = server.connect().await;
    long.send(&[b"PING\n", &long_line()[..], b"GET nosuch\n"].concat()).await;
    assert!(long.reply().await.expect("PING is answered").code.is_none());
    waits(&mut long).await;
    let mut other = server.connect().await;
    other.ask("CREATE Jazz 2026-12-31 20000 id=jazz").await.ok();
    assert_eq!(other.ask("BOOK jazz 900").await.ok()["tickets"].as_array().map(Vec::len), Some(900));
    drop(shares);
    assert!(long.reply().await.expect("the long PING").code.is_none());
    assert_eq!(long.reply().await.expect("GET").code.as_deref(), Some("NOT_FOUND"));
    no_share_is_held(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_large_day_waits_and_a_small_one_does_not() {
    let server = Server::fresh().await;
    let mut conn = server.connect().await;
    meet(&server).await;
    conn.ask("BLOCK F2 2026-11-21 09:00").await.ok();
    let shares = all_shares(&server.service.buffers);
    let mut large = server.connect().await;
    large.send(b"GET F1 2026-11-21\nPING\n").await;
    waits(&mut large).await;
    assert_eq!(hours(&conn.ask("GET F2 2026-11-21").await), Some(1));
    drop(shares);
    assert_eq!(hours(&large.reply().await.expect("the day")), Some(HOURS));
    assert!(large.reply().await.expect("PING").code.is_none());
    no_share_is_held(&server).await;
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
    waits(&mut day).await;
    server.stop().await;
    for conn in [&mut line, &mut day] {
        let refused = conn.reply().await.expect("a last word");
        assert_eq!(refused.code.as_deref(), Some("SHUTTING_DOWN"), "{refused:?}");
        assert_eq!(conn.reply().await, None);
    }
    drop(shares);
}

/// Nobody waits, or lets others wait, for more than a minute.
#[tokio::test]
async fn waits_for_shares_end() {
    let server = Server::on_this_runtime(|_| {}).await;
    meet(&server).await;
    let mut stalled = server.connect().await;
    stalled.send(&long_line()[..50_000]).await;
    let all = bytes(&all_shares(&Buffers::new(BUDGET)));
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
    waits(&mut day).await;
    // From here the time goes on whenever everybody waits.
    tokio::time::pause();
    for (conn, why) in
        [(&mut stalled, "the end of a long line"), (&mut line, "--max-buffers"), (&mut day, "--max-buffers")]
    {
        let refused = conn.reply().await.expect("a last word");
        assert_eq!(refused.code.as_deref(), Some("BUSY"), "{refused:?}");
        assert!(refused.body["message"].as_str().is_some_and(|text| text.contains(why)), "{refused:?}");
        assert_eq!(conn.reply().await, None);
    }
    tokio::time::resume();
    drop(shares);
    no_share_is_held(&server).await;
    server.stop().await;
}

fn bytes(shares: &[Share]) -> usize {
    shares.iter().map(Share::bytes).sum()
}

/// Shares go back behind the reply, which may be read before.
async fn no_share_is_held(server: &Server) {
    let free = async {
        while bytes(&all_shares(&server.service.buffers)) as u64 != BUDGET {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, free).await.expect("an idle connection holds no share");
}
