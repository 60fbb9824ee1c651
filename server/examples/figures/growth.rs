//! Whether a booking gets dearer as tickets are issued.

use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::build::Shelf;
use crate::table;

const FEW: usize = 10_000;
const MANY: usize = 10_000_000;

/// Bookings in a row whose time is taken together.
const WINDOW: usize = 100;

/// Windows at either end, of which the median counts.
const WINDOWS: usize = 2_000;

/// Books tickets of one event, in process and without waiting for the disk, from the first to the ten-millionth. What
/// is taken is the thread's time on the processor: what others do meanwhile is not in it.
pub fn figures(directory: &Path) -> anyhow::Result<()> {
    let mut shelf = Shelf::new(directory, 1)?;
    let mut times = Vec::with_capacity(MANY / WINDOW);
    for _ in 0..MANY / WINDOW {
        let from = on_processor();
        for _ in 0..WINDOW {
            shelf.book(0)?;
        }
        times.push(on_processor() - from);
    }
    shelf.close()?;

    let few = median(&times[FEW / WINDOW..][..WINDOWS]);
    let many = median(&times[times.len() - WINDOWS..]);
    let longest = times.iter().max().copied().unwrap_or_default();
    println!("a booking takes {few:.0} ns behind {FEW} tickets and {many:.0} ns behind {MANY}");
    table::at_most("a booking behind 10 million, to 10 thousand", many / few, "times", 1.25);
    table::at_most("longest 100 bookings in a row", longest.as_secs_f64() * 1e3, "ms", 5.0);
    Ok(())
}

/// Nanoseconds of one booking.
fn median(windows: &[Duration]) -> f64 {
    let mut sorted = windows.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2].as_secs_f64() * 1e9 / WINDOW as f64
}

fn on_processor() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
