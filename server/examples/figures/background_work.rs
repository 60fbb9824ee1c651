//! The latency of bookings during background work.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::booking_clients::{BookingClients, LatencySummary, Span};
use crate::connection::Connection;
use crate::in_process_server::InProcessServer;
use crate::unsynced_store::event_id;

/// Work that is repeated during the bookings.
#[derive(Debug, Clone, Copy)]
pub enum BackgroundWork {
    Snapshots,
    /// Listings of all events.
    Listings,
}

/// Books for `seconds` as a baseline, and then as long during the work, which runs at least once. Returns
/// both summaries and how often the work ran.
pub fn measure(
    directory: &Path,
    events: u32,
    seconds: u64,
    work: BackgroundWork,
) -> anyhow::Result<(LatencySummary, LatencySummary, usize)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(compare(directory, events, Duration::from_secs(seconds), work))
}

async fn compare(
    directory: &Path,
    events: u32,
    span: Duration,
    work: BackgroundWork,
) -> anyhow::Result<(LatencySummary, LatencySummary, usize)> {
    let server = InProcessServer::start(directory).await?;
    let clients = BookingClients::start(server.address, None, |n| event_id(n * 97 % events));
    // Warms up connections, buffers and branch predictors.
    tokio::time::sleep(span / 4).await;
    let baseline_from = Instant::now();
    tokio::time::sleep(span).await;
    let baseline_to = Instant::now();

    let mut spans = Vec::new();
    let mut connection = Connection::connect(server.address).await?;
    while spans.iter().map(|&(from, to): &Span| to - from).sum::<Duration>() < span {
        let from = Instant::now();
        let reply = match work {
            BackgroundWork::Snapshots => connection.ask("SNAPSHOT\n").await?.to_owned(),
            BackgroundWork::Listings => connection.rows("GET\n").await?,
        };
        ensure!(reply.starts_with("OK "), "{reply}");
        spans.push((from, Instant::now()));
    }
    let bookings = clients.stop().await?;
    drop(connection);
    server.stop().await?;
    Ok((bookings.within(&[(baseline_from, baseline_to)]), bookings.within(&spans), spans.len()))
}
