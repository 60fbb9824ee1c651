//! The latency of bookings during listings of many events.

use std::path::Path;

use crate::background_work::{self, BackgroundWork};
use crate::table;
use crate::unsynced_store::UnsyncedStore;

const EVENTS: u32 = 100_000;

pub fn figures(directory: &Path, seconds: u64) -> anyhow::Result<()> {
    UnsyncedStore::new(directory, EVENTS)?.close()?;
    let (baseline, loaded, listings) =
        background_work::measure(directory, EVENTS, seconds, BackgroundWork::Listings)?;
    println!("BOOK, baseline:                         {baseline}");
    println!("BOOK, during {listings} listings of {EVENTS} events: {loaded}");
    table::at_most("p99 of BOOK during listings, to baseline", loaded.p99 / baseline.p99, "times", 3.0);
    Ok(())
}
