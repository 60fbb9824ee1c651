//! STATS counts what was acknowledged, and nothing else.

use crate::driver::Driver;
use crate::error::{Error, excerpt};
use crate::findings::Violation;
use crate::ledger::Ledger;
use crate::stats::{ReadStats, Stats};

/// Compares STATS with the ledger. Nobody else may have changed anything since the server was empty.
pub fn check_counts(driver: &mut Driver, ledger: &mut Ledger, tickets_per_hold: u32) -> Result<(), Error> {
    let mut read = ReadStats::default();
    driver.run(&mut read, 1)?;

    let tickets: u64 = ledger.events.iter().map(|event| event.valid()).sum();
    let held: u64 = ledger.events.iter().map(|event| event.held).sum();
    let entries = ledger.calendar.entries().filter(|entry| !entry.is_deleted).count() as u64;
    let acknowledged = [ledger.events.len() as u64, tickets, held / u64::from(tickets_per_hold), entries];
    let counted =
        read.stats().map(|Stats { events, tickets, holds, entries, .. }| [events, tickets, holds, entries]);
    if counted != Some(acknowledged) {
        let case = || {
            let counted = counted.map_or_else(|| excerpt(&read.line), describe);
            format!("{} were acknowledged; STATS says {counted}", describe(acknowledged))
        };
        ledger.findings.add(Violation::CountsDiffer, case);
    }
    Ok(())
}

fn describe([events, tickets, holds, entries]: [u64; 4]) -> String {
    format!("{events} events, {tickets} tickets, {holds} open holds and {entries} calendar entries")
}
