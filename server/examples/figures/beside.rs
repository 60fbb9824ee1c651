//! What clients who book see of what goes on beside them.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::build::event;
use crate::host::{Host, Lines};

/// Each waits for its answer before it books again.
const CONNECTIONS: u32 = 50;

/// Times of bookings, in milliseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Summary {
    /// How many.
    pub bookings: usize,
    /// How many a second.
    pub rate: f64,
    /// The median.
    pub p50: f64,
    /// Exceeded by one in a hundred.
    pub p99: f64,
    /// The longest.
    pub longest: f64,
    /// Snapshots that were made meanwhile.
    pub others: u32,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { bookings, rate, p50, p99, longest, others } = self;
        write!(
            f,
            "{bookings} bookings, {rate:.0}/s, p50 {p50:.2} ms, p99 {p99:.2} ms, longest {longest:.1} ms, \
             {others} others"
        )
    }
}

/// A time that was measured, and when it began.
type Booking = (Instant, Duration);

/// What goes on beside the bookings, again and again.
#[derive(Debug, Clone, Copy)]
pub enum Load {
    /// Snapshots are made.
    Snapshots,
    /// Everything is listed.
    Listings,
}

/// Books quietly for so many seconds, then for as long, and at least once, beside the load.
pub fn measure(
    directory: &Path,
    events: u32,
    seconds: u64,
    load: Load,
) -> anyhow::Result<(Summary, Summary)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(compare(directory, events, Duration::from_secs(seconds), load))
}

async fn compare(
    directory: &Path,
    events: u32,
    span: Duration,
    load: Load,
) -> anyhow::Result<(Summary, Summary)> {
    let host = Host::start(directory).await?;
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> =
        (0..CONNECTIONS).map(|n| tokio::spawn(client(host.address, n * 97 % events, over.clone()))).collect();
    // Connections, buffers and branch predictors come first.
    tokio::time::sleep(span / 4).await;
    let quiet_from = Instant::now();
    tokio::time::sleep(span).await;
    let quiet_to = Instant::now();

    let mut spans = Vec::new();
    let mut other = Lines::connect(host.address).await?;
    while spans.iter().map(|&(from, to): &(Instant, Instant)| to - from).sum::<Duration>() < span {
        let from = Instant::now();
        let answer = match load {
            Load::Snapshots => other.ask("SNAPSHOT\n").await?.to_owned(),
            Load::Listings => other.rows("GET\n").await?,
        };
        ensure!(answer.starts_with("OK "), "{answer}");
        spans.push((from, Instant::now()));
    }
    over.store(true, Ordering::Relaxed);
    let mut bookings: Vec<Booking> = Vec::new();
    for client in clients {
        bookings.extend(client.await??);
    }
    drop(other);
    host.stop().await?;

    let quiet = summary(&bookings, &[(quiet_from, quiet_to)], 0);
    let busy = summary(&bookings, &spans, u32::try_from(spans.len())?);
    Ok((quiet, busy))
}

async fn client(address: SocketAddr, n: u32, over: Arc<AtomicBool>) -> anyhow::Result<Vec<Booking>> {
    let mut lines = Lines::connect(address).await?;
    let line = format!("BOOK {} 1\n", event(n));
    let mut bookings = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let from = Instant::now();
        let answer = lines.ask(&line).await?;
        bookings.push((from, from.elapsed()));
        ensure!(answer.starts_with("OK "), "{answer}");
    }
    Ok(bookings)
}

/// What those bookings took that began in one of these spans.
fn summary(bookings: &[Booking], spans: &[(Instant, Instant)], others: u32) -> Summary {
    let within = |at: Instant| spans.iter().any(|&(from, to)| from <= at && at < to);
    let mut times: Vec<Duration> =
        bookings.iter().filter(|&&(at, _)| within(at)).map(|&(_, took)| took).collect();
    times.sort_unstable();
    let at = |part: f64| {
        let place = (times.len() as f64 * part) as usize;
        times.get(place.min(times.len().saturating_sub(1))).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    let seconds: f64 = spans.iter().map(|&(from, to)| (to - from).as_secs_f64()).sum();
    Summary {
        bookings: times.len(),
        rate: times.len() as f64 / seconds,
        p50: at(0.5),
        p99: at(0.99),
        longest: at(1.0),
        others,
    }
}
