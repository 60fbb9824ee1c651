//! The latency of bookings while twenty connections send as much as the server accepts.
//!
//! `tests/fairness.rs` includes this file, and checks the latencies against a bound.

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Builder;

use crate::booking_clients::{BookingClients, LatencySummary};
use crate::connection::Connection;

/// Competing connections.
const CONNECTIONS: usize = 20;

/// Bytes per write, at least, so that requests never run out.
const WRITE_BYTES_MIN: usize = 64 << 10;

pub struct LoadKind {
    pub name: &'static str,
    /// Requests that prepare the load.
    prepare: fn() -> Vec<String>,
    /// The request that connection `n` repeats. If it is empty, the load is connections that open and close.
    request: fn(n: usize) -> Vec<u8>,
}

pub const LOAD_KINDS: [LoadKind; 17] = [
    LoadKind { name: "pipelined BOOK", prepare: hot, request: |_| b"BOOK hot 1\n".to_vec() },
    LoadKind { name: "pipelined GET", prepare: hot, request: |_| b"GET hot\n".to_vec() },
    LoadKind { name: "listings of 5,000 events", prepare: events, request: |_| b"GET\n".to_vec() },
    LoadKind { name: "HOD of 1,000 meetings", prepare: month, request: |_| b"HOD F10\n".to_vec() },
    LoadKind { name: "MEET of 1,000 and DELETE", prepare: Vec::new, request: meet_and_delete },
    LoadKind { name: "MEET of 1,000 busy people", prepare: busy, request: |_| meet("A", 0, "busy").into() },
    LoadKind {
        name: "days of 24 meetings of 1,000",
        prepare: day,
        request: |_| b"GET A 2026-11-21\n".to_vec(),
    },
    LoadKind {
        name: "series of 2,000 and DELETE",
        prepare: Vec::new,
        request: |n| series_and_delete(n, 100),
    },
    LoadKind {
        name: "series of 20,000 and DELETE",
        prepare: Vec::new,
        request: |n| series_and_delete(n, 1_000),
    },
    LoadKind { name: "moves of series of 20,000", prepare: all_series, request: move_series },
    LoadKind { name: "series of 20,000 busy", prepare: all_series, request: |n| series(n, 1_000).into() },
    LoadKind {
        name: "FREE of 1,000 for 20 days",
        prepare: all_series,
        request: |n| format!("FREE {} 2026-12-01 to=2026-12-28\n", people(n, 1_000)).into(),
    },
    LoadKind { name: "BOOK of 10,000", prepare: hot, request: |_| b"BOOK hot 10000\n".to_vec() },
    LoadKind {
        name: "refused BOOK of 10,000",
        prepare: sold_out,
        request: |n| [&b"BOOK nosuch 10000\n"[..], b"BOOK sold-out 10000\n"][n % 2].to_vec(),
    },
    LoadKind {
        name: "telnet junk",
        prepare: Vec::new,
        request: |_| [&b"\xff\xfd\x01".repeat(20_000)[..], b"\n"].concat(),
    },
    LoadKind { name: "connect churn", prepare: Vec::new, request: |_| Vec::new() },
    LoadKind { name: "SNAPSHOT loops", prepare: Vec::new, request: |_| b"SNAPSHOT\n".to_vec() },
];

const EVENT_TICKETS: u32 = 1_000_000_000;

fn hot() -> Vec<String> {
    vec![format!("CREATE hot 2026-12-31 {EVENT_TICKETS} id=hot\n")]
}

fn events() -> Vec<String> {
    (0..5_000).map(|n| format!("CREATE \"Event number {n}\" 2026-12-31 5 id=e{n}\n")).collect()
}

fn month() -> Vec<String> {
    let yesterday = (Utc::now() - TimeDelta::days(1)).format("%d-%m-%Y");
    (0..1_000).map(|n| format!("MEET A{n} {yesterday} 09:00 \"a meeting\" B{n},C{n},D{n}\n")).collect()
}

/// A MEET with the largest group.
fn meet(who: &str, hour: usize, name: &str) -> String {
    let group: Vec<String> = (0..1_000).map(|n| format!("{name}{n:0>50}")).collect();
    format!("MEET {who} 2026-11-21 {hour:02}:00 planning {}\n", group.join(","))
}

fn meet_and_delete(n: usize) -> Vec<u8> {
    let who = format!("A{n}");
    let (meet, hour) = (meet(&who, n, &who), n);
    format!("{meet}DELETE {who} 2026-11-21 {hour:02}:00\n").into()
}

/// The people of the series of a connection.
fn people(n: usize, count: usize) -> String {
    let people: Vec<String> = (0..count).map(|person| format!("S{n}-{person}")).collect();
    people.join(",")
}

/// A series of so many people for twenty weeks.
fn series(n: usize, count: usize) -> String {
    format!("MEET S{n}-0 2026-12-01 09:00 planning {} every=week count=20\n", people(n, count))
}

fn series_and_delete(n: usize, count: usize) -> Vec<u8> {
    format!("{}DELETE S{n}-0 2026-12-01 09:00 series=all\n", series(n, count)).into()
}

/// The series of all connections.
fn all_series() -> Vec<String> {
    (0..CONNECTIONS).map(|n| series(n, 1_000)).collect()
}

/// Moves the series of a connection an hour later, and back.
fn move_series(n: usize) -> Vec<u8> {
    let put = |from: &str, to: &str| {
        let group = people(n, 1_000);
        format!("PUT S{n}-0 2026-12-01 {from} MEET 2026-12-01 {to} planning {group} series=all\n")
    };
    [put("09:00", "10:00"), put("10:00", "09:00")].concat().into()
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

/// Books for `span` as a baseline, and then as long under the load. The server has no data yet.
pub async fn measure(
    address: SocketAddr,
    kind: &LoadKind,
    span: Duration,
) -> anyhow::Result<(LatencySummary, LatencySummary)> {
    let load = |n| {
        let request = (kind.request)(n);
        async move { if request.is_empty() { churn(address).await } else { flood(address, request).await } }
    };
    measure_beside(address, None, (kind.prepare)(), span, load).await
}

/// Books likewise, on a server with an account that authenticates with the line `auth`, beside connections
/// that guess passwords.
pub async fn measure_beside_guesses(
    address: SocketAddr,
    auth: &str,
    span: Duration,
) -> anyhow::Result<(LatencySummary, LatencySummary)> {
    measure_beside(address, Some(auth), Vec::new(), span, |n| guess(address, n)).await
}

async fn measure_beside<L: Future<Output = std::io::Result<()>> + Send + 'static>(
    address: SocketAddr,
    auth: Option<&str>,
    prepare: Vec<String>,
    span: Duration,
    load: impl Fn(usize) -> L,
) -> anyhow::Result<(LatencySummary, LatencySummary)> {
    let mut connection = Connection::connect(address).await?;
    connection.batch(auth.map(str::to_owned).as_slice()).await?;
    connection.batch(&[format!("CREATE booked 2026-12-31 {EVENT_TICKETS} id=booked\n")]).await?;
    connection.batch(&prepare).await?;

    let clients = BookingClients::start(address, auth, |_| "booked".into());
    // Warms up connections, buffers and branch predictors.
    tokio::time::sleep(span / 4).await;
    let baseline = (Instant::now(), Instant::now() + span);
    tokio::time::sleep(span).await;

    // The load has a runtime of its own, so that it does not delay the tasks of the booking clients.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    for n in 0..CONNECTIONS {
        runtime.spawn(load(n));
    }
    tokio::time::sleep(span / 4).await;
    let loaded = (Instant::now(), Instant::now() + span);
    tokio::time::sleep(span).await;
    runtime.shutdown_background();
    let bookings = clients.stop().await?;
    Ok((bookings.within(&[baseline]), bookings.within(&[loaded])))
}

/// Sends the request as fast as the server accepts it, and discards the replies.
async fn flood(address: SocketAddr, request: Vec<u8>) -> std::io::Result<()> {
    let (mut replies, mut requests) = TcpStream::connect(address).await?.into_split();
    let batch = request.repeat(WRITE_BYTES_MIN.div_ceil(request.len()));
    let mut discarded = vec![0; WRITE_BYTES_MIN];
    let write = async {
        loop {
            requests.write_all(&batch).await?;
        }
    };
    let read = async {
        while replies.read(&mut discarded).await? > 0 {}
        std::io::Result::Ok(())
    };
    tokio::select! {
        result = write => result,
        result = read => result,
    }
}

/// Opens a connection, sends a request, and closes it, repeatedly.
async fn churn(address: SocketAddr) -> std::io::Result<()> {
    loop {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"PING\n").await?;
        stream.read_u8().await?;
    }
}

/// Guesses passwords, each from another address, so that none is delayed and all are hashed.
async fn guess(address: SocketAddr, n: usize) -> std::io::Result<()> {
    for attempt in 0_u32.. {
        // Every address of 127.0.0.0/8 is this machine.
        let [.., third, fourth] = attempt.to_be_bytes();
        let source = [127, 1 + n as u8, third, fourth];
        let socket = TcpSocket::new_v4()?;
        socket.bind((source, 0).into())?;
        let mut stream = socket.connect(address).await?;
        stream.write_all(b"AUTH booker \"a wrong password\"\n").await?;
        stream.read_u8().await?;
    }
    Ok(())
}
