//! After the load: does the server have what it acknowledged, no less and no more?

// Each ticket, by its id.
mod tickets;
// What each event says it sold.
mod events;
// Calendar entries, by the days of their people.
mod entries;

use serde::Serialize;

use super::args::Flags;
use super::driver::Driver;
use super::failure::Failure;
use super::ledger::{Findings, Ledger};
use super::names::Run;

use entries::Entries;
use events::Events;
use tickets::Tickets;

/// Questions that each connection keeps under way: they are small, and so are the answers.
pub const PIPELINE: u64 = 64;

/// What was asked for, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Verified {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Events that were asked what they sold.
    pub events: u64,
    /// Tickets that were acknowledged.
    pub tickets_acknowledged: u64,
    /// Tickets that were asked for one by one.
    pub tickets_checked: u64,
    /// Calendar entries that were acknowledged.
    pub entries_acknowledged: u64,
    /// Calendar entries that were looked for, with everyone in them.
    pub entries_checked: u64,
    /// What is wrong.
    pub findings: Findings,
}

/// Asks the server for everything in the ledger.
pub fn verify(
    driver: &mut Driver,
    ledger: &mut Ledger,
    run: Run,
    flags: &Flags,
) -> Result<Verified, Failure> {
    let tickets_acknowledged = ledger.sold.iter().sum();
    let tickets_checked = ledger.tickets.len() as u64;

    let mut tickets = Tickets::new(ledger, run);
    driver.run(&mut tickets, PIPELINE)?;
    tickets.compare();
    driver.run(&mut Events::new(ledger, run, flags), PIPELINE)?;
    let mut entries = Entries::new(ledger, run);
    let (entries_acknowledged, entries_checked) = (entries.acknowledged, entries.checked);
    driver.run(&mut entries, PIPELINE)?;

    let findings = std::mem::take(&mut ledger.findings);
    Ok(Verified {
        ok: findings.is_empty(),
        events: ledger.sold.len() as u64,
        tickets_acknowledged,
        tickets_checked,
        entries_acknowledged,
        entries_checked,
        findings,
    })
}
