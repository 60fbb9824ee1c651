//! The table of what competing connections cost clients that book.

use std::path::Path;
use std::time::Duration;

use crate::booking_clients::LatencySummary;
use crate::competing_load::{LOAD_KINDS, LoadKind, measure, measure_beside_guesses};
use crate::in_directory;
use crate::in_process_server::InProcessServer;

/// The target of the p99 of bookings under any load, as a multiple of the baseline.
const P99_MULTIPLE_MAX: f64 = 5.0;

/// Measures each kind in each round on a server of its own. It prints the medians of the rounds, and the
/// smallest and largest multiple.
pub fn figures(place: &Path, seconds: u64, rounds: u32, only: &str) -> anyhow::Result<()> {
    println!(
        "{:<30} {:>10} {:>9} {:>9} {:>9} {:>9}   {:<24}",
        "load", "baseline/s", "p99 ms", "loaded/s", "p99 ms", "longest", "p99 multiple: min/med/max"
    );
    let span = Duration::from_secs(seconds);
    for kind in LOAD_KINDS.iter().filter(|kind| kind.name.contains(only)) {
        print(kind.name, rounds, || measure_once(place, kind, span))?;
    }
    if GUESSES.contains(only) {
        print(GUESSES, rounds, || measure_guesses_once(place, span))?;
    }
    Ok(())
}

/// The load of connections that guess passwords.
const GUESSES: &str = "guessed passwords";

/// The latencies of a baseline and under a load.
type Measured = (LatencySummary, LatencySummary);

fn print(name: &str, rounds: u32, measure: impl Fn() -> anyhow::Result<Measured>) -> anyhow::Result<()> {
    let rounds = (0..rounds).map(|_| measure()).collect::<anyhow::Result<Vec<_>>>()?;
    let of = |figure: fn(&Measured) -> f64| {
        let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
        figures.sort_unstable_by(f64::total_cmp);
        (figures[0], figures[figures.len() / 2], figures[figures.len() - 1])
    };
    let multiple = of(|(baseline, loaded)| loaded.p99 / baseline.p99);
    println!(
        "{:<30} {:>10.0} {:>9.2} {:>9.0} {:>9.2} {:>9.1}   {:.1} / {:.1} / {:.1}  {}",
        name,
        of(|(baseline, _)| baseline.rate).1,
        of(|(baseline, _)| baseline.p99).1,
        of(|(_, loaded)| loaded.rate).1,
        of(|(_, loaded)| loaded.p99).1,
        of(|(_, loaded)| loaded.longest).2,
        multiple.0,
        multiple.1,
        multiple.2,
        if multiple.2 <= P99_MULTIPLE_MAX { "met" } else { "MISSED" }
    );
    Ok(())
}

fn measure_once(place: &Path, kind: &LoadKind, span: Duration) -> anyhow::Result<Measured> {
    in_directory(place, |directory| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let server = InProcessServer::start(directory).await?;
            let measured = measure(server.address, kind, span).await;
            server.stop().await?;
            measured
        })
    })
}

fn measure_guesses_once(place: &Path, span: Duration) -> anyhow::Result<Measured> {
    in_directory(place, |directory| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let token = InProcessServer::add_account(directory, "booker").await?;
            let server = InProcessServer::start(directory).await?;
            let measured =
                measure_beside_guesses(server.address, &format!("AUTH booker {token}\n"), span).await;
            server.stop().await?;
            measured
        })
    })
}
