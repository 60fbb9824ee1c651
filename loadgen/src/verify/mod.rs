//! The phases after the load: whether the server has what it acknowledged, no less and no more.

mod counts;
mod entries;
mod events;
mod holds;
mod tickets;

use serde::Serialize;

use crate::config::Config;
use crate::driver::Driver;
use crate::error::Error;
use crate::findings::Findings;
use crate::ledger::Ledger;
use crate::names::RunId;
use crate::stats::ReadStats;

use counts::check_counts;
use entries::CheckEntries;
use events::CheckEvents;
use holds::CheckHolds;
use tickets::CheckTickets;

/// Requests in flight over each connection. They and their replies are small.
pub const DEPTH: u64 = 64;

/// What was verified, and the violations.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// Whether there is no violation.
    #[serde(rename = "ok")]
    pub is_ok: bool,
    /// Events whose counts were compared.
    pub events: u64,
    /// Tickets that were acknowledged.
    pub tickets_acknowledged: u64,
    /// Tickets that were looked up by their ids.
    pub tickets_checked: u64,
    /// Tickets whose cancellation was acknowledged.
    pub tickets_cancelled: u64,
    /// Holds whose end was acknowledged.
    pub holds_acknowledged: u64,
    /// Holds that were looked up by their ids: the latest ones, as a server forgets old ones.
    pub holds_checked: u64,
    /// Calendar entries that were acknowledged.
    pub entries_acknowledged: u64,
    /// Calendar entries that were looked up, on the days of all their people.
    pub entries_checked: u64,
    /// The violations.
    pub findings: Findings,
}

/// Asks the server for everything in the ledger.
pub fn verify(
    driver: &mut Driver,
    ledger: &mut Ledger,
    run: RunId,
    config: &Config,
) -> Result<Verification, Error> {
    let tickets_acknowledged = ledger.events.iter().map(|event| event.issued).sum();
    let tickets_cancelled = ledger.events.iter().map(|event| event.cancelled).sum();
    let holds_acknowledged = ledger.holds.ended_count;
    let tickets_checked = ledger.tickets.len() as u64;

    // The first check, since the server may forget holds meanwhile.
    let mut holds_checked = 0;
    if holds_acknowledged > 0 {
        let mut read = ReadStats::default();
        driver.run(&mut read, 1)?;
        let remembered = read.stats().map_or(0, |stats| stats.max_ended_holds);
        let mut holds = CheckHolds::new(ledger, run, config.tickets_per_booking, remembered);
        driver.run(&mut holds, DEPTH)?;
        holds_checked = holds.checked;
    }
    let mut tickets = CheckTickets::new(ledger, run);
    driver.run(&mut tickets, DEPTH)?;
    tickets.compare();
    driver.run(&mut CheckEvents::new(ledger, run, config), DEPTH)?;
    let mut entries = CheckEntries::new(ledger, run);
    let (entries_acknowledged, entries_checked) = (entries.acknowledged, entries.checked);
    driver.run(&mut entries, DEPTH)?;
    if config.retry && !config.allow_data {
        check_counts(driver, ledger, config.tickets_per_booking)?;
    }

    let findings = std::mem::take(&mut ledger.findings);
    Ok(Verification {
        is_ok: findings.is_empty(),
        events: ledger.events.len() as u64,
        tickets_acknowledged,
        tickets_checked,
        tickets_cancelled,
        holds_acknowledged,
        holds_checked,
        entries_acknowledged,
        entries_checked,
        findings,
    })
}
