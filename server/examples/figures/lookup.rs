//! The cost of TICKET, and of the largest bookings, as an event gets many tickets.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bookline_protocol::TicketId;

use crate::growth::thread_cpu_time;
use crate::table;
use crate::unsynced_store::UnsyncedStore;

const FEW_TICKETS: usize = 10_000;
const MANY_TICKETS: usize = 32_000_000;

/// Tickets of each booking: as many as one may have, so that it moves the most entries of the index.
const BOOKING_TICKETS: usize = 10_000;

/// One ticket in so many is looked up.
const SAMPLE_STEP: usize = 1_000;

/// Issues the tickets of one event, in process and without waiting for the disk. It measures the CPU time of
/// the thread, which excludes other threads.
pub fn figures(directory: &Path) -> anyhow::Result<()> {
    let mut store = UnsyncedStore::new(directory, 1)?;
    let mut sample = Vec::new();
    let mut bookings = Vec::new();
    let mut few = f64::NAN;
    for issued in (BOOKING_TICKETS..=MANY_TICKETS).step_by(BOOKING_TICKETS) {
        let from = thread_cpu_time();
        let tickets = store.book_several(0, BOOKING_TICKETS)?;
        bookings.push(thread_cpu_time() - from);
        if issued == FEW_TICKETS {
            few = nanoseconds_each(&mut store, &tickets)?;
        }
        sample.extend(tickets.into_iter().step_by(SAMPLE_STEP));
    }
    let many = nanoseconds_each(&mut store, &sample)?;
    store.close()?;
    bookings.sort_unstable();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let median = milliseconds(bookings[bookings.len() / 2]);
    let longest = milliseconds(*bookings.last().context("a booking")?);
    println!("TICKET takes {few:.0} ns among {FEW_TICKETS} tickets and {many:.0} ns among {MANY_TICKETS}");
    println!("a booking of {BOOKING_TICKETS} takes {median:.2} ms, the longest of them {longest:.2} ms");
    table::at_most("TICKET among 32 million tickets of an event", many / 1e3, "µs", 2.0);
    table::at_most("longest booking of 10,000", longest, "ms", 5.0);
    Ok(())
}

/// The time of a lookup of each of these tickets.
fn nanoseconds_each(store: &mut UnsyncedStore, tickets: &[TicketId]) -> anyhow::Result<f64> {
    let from = thread_cpu_time();
    let found = tickets.iter().filter(|&&ticket| store.has_ticket(ticket)).count();
    let time = thread_cpu_time() - from;
    ensure!(found == tickets.len(), "{found} of {} tickets were found", tickets.len());
    Ok(time.as_secs_f64() * 1e9 / found as f64)
}
