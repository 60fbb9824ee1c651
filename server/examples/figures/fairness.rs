//! The table of what hostile connections cost those who book.

use std::path::Path;
use std::time::Duration;

use crate::honest::Summary;
use crate::host::Host;
use crate::hostile::{KINDS, Kind, measure};
use crate::within;

/// p99 of bookings beside any load is at most so many times that of bookings alone.
const TARGET: f64 = 5.0;

/// Every kind in every round on a server of its own. Printed are the medians of the rounds, and their smallest and largest
/// multiple.
pub fn figures(place: &Path, seconds: u64, rounds: u32, only: &str) -> anyhow::Result<()> {
    println!(
        "{:<30} {:>9} {:>9} {:>9} {:>9} {:>9}   {:<24}",
        "beside", "alone/s", "p99 ms", "beside/s", "p99 ms", "longest", "p99, times: min/med/max"
    );
    for kind in KINDS.iter().filter(|kind| kind.name.contains(only)) {
        let rounds = (0..rounds)
            .map(|_| once(place, kind, Duration::from_secs(seconds)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let of = |figure: fn(&(Summary, Summary)) -> f64| {
            let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
            figures.sort_unstable_by(f64::total_cmp);
            (figures[0], figures[figures.len() / 2], figures[figures.len() - 1])
        };
        let times = of(|(alone, beside)| beside.p99 / alone.p99);
        println!(
            "{:<30} {:>9.0} {:>9.2} {:>9.0} {:>9.2} {:>9.1}   {:.1} / {:.1} / {:.1}  {}",
            kind.name,
            of(|(alone, _)| alone.rate).1,
            of(|(alone, _)| alone.p99).1,
            of(|(_, beside)| beside.rate).1,
            of(|(_, beside)| beside.p99).1,
            of(|(_, beside)| beside.longest).2,
            times.0,
            times.1,
            times.2,
            if times.2 <= TARGET { "met" } else { "MISSED" }
        );
    }
    Ok(())
}

fn once(place: &Path, kind: &Kind, span: Duration) -> anyhow::Result<(Summary, Summary)> {
    within(place, |directory| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let host = Host::start(directory).await?;
            let measured = measure(host.address, kind, span).await;
            host.stop().await?;
            measured
        })
    })
}
