//! The cost of a booking as tickets are issued.

use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::table;
use crate::unsynced_store::UnsyncedStore;

const FEW_TICKETS: usize = 10_000;
const MANY_TICKETS: usize = 10_000_000;

/// Consecutive bookings that are measured together.
const WINDOW_BOOKINGS: usize = 100;

/// Windows of which the median is printed.
const MEDIAN_WINDOWS: usize = 2_000;

/// Books ten million tickets of one event, in process and without waiting for the disk. It measures the CPU
/// time of the thread, which excludes other threads.
pub fn figures(directory: &Path) -> anyhow::Result<()> {
    let mut store = UnsyncedStore::new(directory, 1)?;
    let mut times = Vec::with_capacity(MANY_TICKETS / WINDOW_BOOKINGS);
    for _ in 0..MANY_TICKETS / WINDOW_BOOKINGS {
        let from = thread_cpu_time();
        for _ in 0..WINDOW_BOOKINGS {
            store.book(0)?;
        }
        times.push(thread_cpu_time() - from);
    }
    store.close()?;

    let few = median(&times[FEW_TICKETS / WINDOW_BOOKINGS..][..MEDIAN_WINDOWS]);
    let many = median(&times[times.len() - MEDIAN_WINDOWS..]);
    let longest = times.iter().max().copied().unwrap_or_default();
    println!("a booking takes {few:.0} ns after {FEW_TICKETS} tickets and {many:.0} ns after {MANY_TICKETS}");
    table::at_most("a booking after 10 million, to 10 thousand", many / few, "times", 1.25);
    table::at_most("longest 100 consecutive bookings", longest.as_secs_f64() * 1e3, "ms", 5.0);
    Ok(())
}

/// The median in nanoseconds per booking.
fn median(windows: &[Duration]) -> f64 {
    let mut sorted = windows.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2].as_secs_f64() * 1e9 / WINDOW_BOOKINGS as f64
}

/// The CPU time of this thread so far.
pub fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
