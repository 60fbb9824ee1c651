//! Clients that book one ticket at a time, and the latency of their bookings.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::connection::Connection;

/// Each connection waits for a reply before it books again.
pub const CONNECTIONS: u32 = 50;

/// Latencies of bookings, in milliseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LatencySummary {
    pub bookings: usize,
    /// Bookings per second.
    pub rate: f64,
    pub p50: f64,
    pub p99: f64,
    pub longest: f64,
}

impl fmt::Display for LatencySummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bookings, rate, p50, p99, longest } = self;
        write!(
            f,
            "{bookings} bookings, {rate:.0}/s, p50 {p50:.2} ms, p99 {p99:.2} ms, longest {longest:.1} ms"
        )
    }
}

/// When a booking began, and its latency.
type Booking = (Instant, Duration);

/// The beginning and the end of a time span.
pub type Span = (Instant, Instant);

pub struct BookingClients {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<anyhow::Result<Vec<Booking>>>>,
}

impl BookingClients {
    /// Starts the clients. `event` gives the id of the event that a client books. On a server with accounts
    /// each begins with the line `auth`.
    pub fn start(address: SocketAddr, auth: Option<&str>, event: impl Fn(u32) -> String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |n| client(address, auth.map(str::to_owned), event(n), stop.clone());
        let clients = (0..CONNECTIONS).map(|n| tokio::spawn(client(n))).collect();
        Self { stop, clients }
    }

    /// Stops the clients and returns their bookings.
    pub async fn stop(self) -> anyhow::Result<Bookings> {
        self.stop.store(true, Ordering::Relaxed);
        let mut bookings = Vec::new();
        for client in self.clients {
            bookings.extend(client.await??);
        }
        Ok(Bookings(bookings))
    }
}

async fn client(
    address: SocketAddr,
    auth: Option<String>,
    event: String,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<Vec<Booking>> {
    let mut connection = Connection::connect(address).await?;
    connection.batch(auth.as_slice()).await?;
    let line = format!("BOOK {event} 1\n");
    let mut bookings = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let from = Instant::now();
        let reply = connection.ask(&line).await?;
        bookings.push((from, from.elapsed()));
        ensure!(reply.starts_with("OK "), "{reply}");
    }
    Ok(bookings)
}

pub struct Bookings(Vec<Booking>);

impl Bookings {
    /// The latencies of the bookings that began in one of these spans.
    pub fn within(&self, spans: &[Span]) -> LatencySummary {
        let within = |at: Instant| spans.iter().any(|&(from, to)| from <= at && at < to);
        let mut times: Vec<Duration> =
            self.0.iter().filter(|&&(at, _)| within(at)).map(|&(_, latency)| latency).collect();
        times.sort_unstable();
        let at = |part: f64| {
            let index = (times.len() as f64 * part) as usize;
            times.get(index.min(times.len().saturating_sub(1))).map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        let seconds: f64 = spans.iter().map(|&(from, to)| (to - from).as_secs_f64()).sum();
        LatencySummary {
            bookings: times.len(),
            rate: times.len() as f64 / seconds,
            p50: at(0.5),
            p99: at(0.99),
            longest: at(1.0),
        }
    }
}
