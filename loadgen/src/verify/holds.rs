//! The latest holds that ended have the status and the tickets that were acknowledged.

use bookline_protocol::commands::hold::HoldStatusReply;

use crate::error::{Error, excerpt};
use crate::findings::Violation;
use crate::holds::EndedHold;
use crate::ledger::Ledger;
use crate::names::RunId;
use crate::phase::{Pending, Phase};
use crate::reply::parse_ok;

/// HOLD of the latest ended holds of the ledger.
#[derive(Debug)]
pub struct CheckHolds<'a> {
    ledger: &'a mut Ledger,
    run: RunId,
    tickets_per_hold: u32,
    next: usize,
    /// Holds that are checked.
    pub checked: u64,
}

impl<'a> CheckHolds<'a> {
    /// `remembered` is the number of ended holds that the server remembers. Half of them are checked at the
    /// most: connections end holds in another order than that of their replies, and other clients end some.
    pub fn new(ledger: &'a mut Ledger, run: RunId, tickets_per_hold: u32, remembered: u64) -> Self {
        let kept = ledger.holds.ended.len();
        let checked = kept.min(usize::try_from(remembered / 2).unwrap_or(usize::MAX));
        Self { ledger, run, tickets_per_hold, next: kept - checked, checked: checked as u64 }
    }
}

impl Phase for CheckHolds<'_> {
    fn next_request(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Pending> {
        let index = self.next;
        let hold = self.ledger.holds.ended.get(index)?;
        self.next += 1;
        out.extend_from_slice(b"HOLD ");
        hold.id.write(out);
        out.push(b'\n');
        Some(Pending::EndedHold(index))
    }

    fn on_reply(&mut self, request: Pending, line: &[u8]) -> Result<(), Error> {
        let Pending::EndedHold(index) = request else { return Ok(()) };
        let EndedHold { id, event, status } = self.ledger.holds.ended[index];
        let event_id = self.run.event_id(event);
        let is_expected = parse_ok::<HoldStatusReply<'_>>(line).is_some_and(|reply| {
            let HoldStatusReply { hold_id, tickets, .. } = reply;
            hold_id == id
                && reply.event_id == event_id
                && tickets == self.tickets_per_hold
                && reply.status == status
        });
        if !is_expected {
            let status = status.as_str();
            let case = || format!("hold {id} of {event_id} was {status}; HOLD says {}", excerpt(line));
            self.ledger.findings.add(Violation::HoldMissing, case);
        }
        Ok(())
    }
}
