//! What a listing of many events costs those who book meanwhile.

use std::path::Path;

use crate::beside::{self, Load};
use crate::build::Shelf;
use crate::table;

const EVENTS: u32 = 100_000;

pub fn figures(directory: &Path, seconds: u64) -> anyhow::Result<()> {
    Shelf::new(directory, EVENTS)?.close()?;
    let (quiet, busy, listings) = beside::measure(directory, EVENTS, seconds, Load::Listings)?;
    println!("BOOK, quiet:                            {quiet}");
    println!("BOOK, beside {listings} listings of {EVENTS} events: {busy}");
    table::at_most("p99 of BOOK beside listings, to quiet", busy.p99 / quiet.p99, "times", 3.0);
    Ok(())
}
