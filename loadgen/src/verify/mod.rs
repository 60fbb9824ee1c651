//! The phases after the load: whether the server has what it acknowledged, no less and no more.

mod entries;
mod events;
mod tickets;

use serde::Serialize;

use crate::config::Config;
use crate::driver::Driver;
use crate::error::Error;
use crate::findings::Findings;
use crate::ledger::Ledger;
use crate::names::RunId;

use entries::CheckEntries;
use events::CheckEvents;
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
    let tickets_acknowledged = ledger.sold.iter().sum();
    let tickets_checked = ledger.tickets.len() as u64;

    let mut tickets = CheckTickets::new(ledger, run);
    driver.run(&mut tickets, DEPTH)?;
    tickets.compare_counts();
    driver.run(&mut CheckEvents::new(ledger, run, config), DEPTH)?;
    let mut entries = CheckEntries::new(ledger, run);
    let (entries_acknowledged, entries_checked) = (entries.acknowledged, entries.checked);
    driver.run(&mut entries, DEPTH)?;

    let findings = std::mem::take(&mut ledger.findings);
    Ok(Verification {
        is_ok: findings.is_empty(),
        events: ledger.sold.len() as u64,
        tickets_acknowledged,
        tickets_checked,
        entries_acknowledged,
        entries_checked,
        findings,
    })
}
