//! What clients who book see of twenty connections that want to be served before them.
//!
//! `tests/fairness.rs` takes this file in, too: what it prints here, it holds to a bound there.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

use crate::honest::{Bookers, Summary};
use crate::lines::Lines;

/// Hostile connections.
const CONNECTIONS: usize = 20;

/// They write so many bytes at a time, at least: what comes is never less than what is taken.
const WRITE: usize = 64 << 10;

/// A kind of load.
pub struct Kind {
    /// What it is called.
    pub name: &'static str,
    /// Lines that make ready for it.
    prepare: fn() -> Vec<String>,
    /// What connection `n` sends, again and again; nothing if it connects again and again.
    request: fn(n: usize) -> Vec<u8>,
}

/// All kinds.
pub const KINDS: [Kind; 12] = [
    Kind { name: "pipelined BOOK", prepare: hot, request: |_| b"BOOK hot 1\n".to_vec() },
    Kind { name: "pipelined GET", prepare: hot, request: |_| b"GET hot\n".to_vec() },
    Kind { name: "listings of 5,000 events", prepare: events, request: |_| b"GET\n".to_vec() },
    Kind { name: "HOD of 1,000 meetings", prepare: month, request: |_| b"HOD F10\n".to_vec() },
    Kind { name: "MEET of 1,000 and DELETE", prepare: Vec::new, request: meet_and_delete },
    Kind { name: "MEET of 1,000 who are busy", prepare: busy, request: |_| meet("A", 0, "busy").into() },
    Kind { name: "days of 24 meetings of 1,000", prepare: day, request: |_| b"GET A 2026-11-21\n".to_vec() },
    Kind { name: "BOOK of 10,000", prepare: hot, request: |_| b"BOOK hot 10000\n".to_vec() },
    Kind {
        name: "refused BOOK of 10,000",
        prepare: sold_out,
        request: |n| [&b"BOOK nosuch 10000\n"[..], b"BOOK sold-out 10000\n"][n % 2].to_vec(),
    },
    Kind {
        name: "telnet junk",
        prepare: Vec::new,
        request: |_| [&b"\xff\xfd\x01".repeat(20_000)[..], b"\n"].concat(),
    },
    Kind { name: "connect churn", prepare: Vec::new, request: |_| Vec::new() },
    Kind { name: "SNAPSHOT loops", prepare: Vec::new, request: |_| b"SNAPSHOT\n".to_vec() },
];

const TICKETS: u32 = 1_000_000_000;

fn hot() -> Vec<String> {
    vec![format!("CREATE hot 2026-12-31 {TICKETS} id=hot\n")]
}

fn events() -> Vec<String> {
    (0..5_000).map(|n| format!("CREATE \"Event number {n}\" 2026-12-31 5 id=e{n}\n")).collect()
}

fn month() -> Vec<String> {
    let yesterday = (Utc::now() - TimeDelta::days(1)).format("%d-%m-%Y");
    (0..1_000).map(|n| format!("MEET A{n} {yesterday} 09:00 \"a meeting\" B{n},C{n},D{n}\n")).collect()
}

/// A meeting of A and the most that there may be.
fn meet(who: &str, hour: usize, name: &str) -> String {
    let group: Vec<String> = (0..1_000).map(|n| format!("{name}{n:0>50}")).collect();
    format!("MEET {who} 2026-11-21 {hour:02}:00 planning {}\n", group.join(","))
}

fn meet_and_delete(n: usize) -> Vec<u8> {
    let who = format!("A{n}");
    let (meet, hour) = (meet(&who, n, &who), n);
    format!("{meet}DELETE {who} 2026-11-21 {hour:02}:00\n").into()
}

fn busy() -> Vec<String> {
    vec![meet("A", 0, "busy")]
}

fn day() -> Vec<String> {
    (0..24).map(|hour| meet("A", hour, "m")).collect()
}

fn sold_out() -> Vec<String> {
    vec!["CREATE sold-out 2026-12-31 1 id=sold-out\n".into(), "BOOK sold-out 1\n".into()]
}

/// Books for so long alone, then as long beside this load. The server is fresh.
pub async fn measure(address: SocketAddr, kind: &Kind, span: Duration) -> anyhow::Result<(Summary, Summary)> {
    let mut lines = Lines::connect(address).await?;
    lines.batch(&[format!("CREATE honest 2026-12-31 {TICKETS} id=honest\n")]).await?;
    lines.batch(&(kind.prepare)()).await?;

    let bookers = Bookers::start(address, |_| "honest".into());
    // Connections, buffers and branch predictors come first.
    tokio::time::sleep(span / 4).await;
    let alone = (Instant::now(), Instant::now() + span);
    tokio::time::sleep(span).await;

    // On a thread of their own: who books does not wait for them to be scheduled.
    let theirs = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    for n in 0..CONNECTIONS {
        let request = (kind.request)(n);
        theirs.spawn(async move {
            if request.is_empty() { churn(address).await } else { flood(address, request).await }
        });
    }
    tokio::time::sleep(span / 4).await;
    let beside = (Instant::now(), Instant::now() + span);
    tokio::time::sleep(span).await;
    theirs.shutdown_background();
    let bookings = bookers.stop().await?;
    Ok((bookings.within(&[alone]), bookings.within(&[beside])))
}

/// Sends the request as often as it is taken, and takes what comes without looking at it.
async fn flood(address: SocketAddr, request: Vec<u8>) -> std::io::Result<()> {
    let (mut replies, mut requests) = TcpStream::connect(address).await?.into_split();
    let many = request.repeat(WRITE.div_ceil(request.len()));
    let mut taken = vec![0; WRITE];
    let write = async {
        loop {
            requests.write_all(&many).await?;
        }
    };
    let read = async {
        while replies.read(&mut taken).await? > 0 {}
        std::io::Result::Ok(())
    };
    tokio::select! {
        done = write => done,
        done = read => done,
    }
}

/// Connects, asks, and is gone, again and again.
async fn churn(address: SocketAddr) -> std::io::Result<()> {
    loop {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"PING\n").await?;
        stream.read_u8().await?;
    }
}
