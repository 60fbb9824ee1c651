//! What clients who book see of what goes on beside them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::build::event;
use crate::honest::{Bookers, Span, Summary};
use crate::host::Host;
use crate::lines::Lines;

/// What goes on beside the bookings, again and again.
#[derive(Debug, Clone, Copy)]
pub enum Load {
    /// Snapshots are made.
    Snapshots,
    /// Everything is listed.
    Listings,
}

/// Books quietly for so many seconds, then for as long, and at least once, beside the load. Says how often there was
/// load, too.
pub fn measure(
    directory: &Path,
    events: u32,
    seconds: u64,
    load: Load,
) -> anyhow::Result<(Summary, Summary, usize)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(compare(directory, events, Duration::from_secs(seconds), load))
}

async fn compare(
    directory: &Path,
    events: u32,
    span: Duration,
    load: Load,
) -> anyhow::Result<(Summary, Summary, usize)> {
    let host = Host::start(directory).await?;
    let bookers = Bookers::start(host.address, |n| event(n * 97 % events));
    // Connections, buffers and branch predictors come first.
    tokio::time::sleep(span / 4).await;
    let quiet_from = Instant::now();
    tokio::time::sleep(span).await;
    let quiet_to = Instant::now();

    let mut spans = Vec::new();
    let mut other = Lines::connect(host.address).await?;
    while spans.iter().map(|&(from, to): &Span| to - from).sum::<Duration>() < span {
        let from = Instant::now();
        let answer = match load {
            Load::Snapshots => other.ask("SNAPSHOT\n").await?.to_owned(),
            Load::Listings => other.rows("GET\n").await?,
        };
        ensure!(answer.starts_with("OK "), "{answer}");
        spans.push((from, Instant::now()));
    }
    let bookings = bookers.stop().await?;
    drop(other);
    host.stop().await?;
    Ok((bookings.within(&[(quiet_from, quiet_to)]), bookings.within(&spans), spans.len()))
}
