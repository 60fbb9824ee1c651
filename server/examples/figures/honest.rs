//! Clients who book one ticket at a time, and how long each booking takes.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::lines::Lines;

/// Each waits for its answer before it books again.
pub const CONNECTIONS: u32 = 50;

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
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bookings, rate, p50, p99, longest } = self;
        write!(
            f,
            "{bookings} bookings, {rate:.0}/s, p50 {p50:.2} ms, p99 {p99:.2} ms, longest {longest:.1} ms"
        )
    }
}

/// A time that was measured, and when it began.
type Booking = (Instant, Duration);

/// From when to when bookings count.
pub type Span = (Instant, Instant);

/// The clients.
pub struct Bookers {
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<anyhow::Result<Vec<Booking>>>>,
}

impl Bookers {
    /// They begin, each with an event of its own choice.
    pub fn start(address: SocketAddr, event: impl Fn(u32) -> String) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let clients =
            (0..CONNECTIONS).map(|n| tokio::spawn(client(address, event(n), over.clone()))).collect();
        Self { over, clients }
    }

    /// They end. What comes back is everything that was booked.
    pub async fn stop(self) -> anyhow::Result<Bookings> {
        self.over.store(true, Ordering::Relaxed);
        let mut bookings = Vec::new();
        for client in self.clients {
            bookings.extend(client.await??);
        }
        Ok(Bookings(bookings))
    }
}

async fn client(address: SocketAddr, event: String, over: Arc<AtomicBool>) -> anyhow::Result<Vec<Booking>> {
    let mut lines = Lines::connect(address).await?;
    let line = format!("BOOK {event} 1\n");
    let mut bookings = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let from = Instant::now();
        let answer = lines.ask(&line).await?;
        bookings.push((from, from.elapsed()));
        ensure!(answer.starts_with("OK "), "{answer}");
    }
    Ok(bookings)
}

/// What was booked.
pub struct Bookings(Vec<Booking>);

impl Bookings {
    /// What those bookings took that began in one of these spans.
    pub fn within(&self, spans: &[Span]) -> Summary {
        let within = |at: Instant| spans.iter().any(|&(from, to)| from <= at && at < to);
        let mut times: Vec<Duration> =
            self.0.iter().filter(|&&(at, _)| within(at)).map(|&(_, took)| took).collect();
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
        }
    }
}
