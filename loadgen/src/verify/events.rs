//! Every event sold and holds exactly what it acknowledged: total = available + held + issued.

use bookline_protocol::reply::EventReply;

use crate::config::Config;
use crate::error::{Error, excerpt};
use crate::findings::Violation;
use crate::ledger::Ledger;
use crate::names::RunId;
use crate::phase::{Pending, Phase};
use crate::reply::FinalLine;

/// GET of every event. Nobody else books them, so what they count as sold and held must be what was
/// acknowledged.
#[derive(Debug)]
pub struct CheckEvents<'a> {
    ledger: &'a mut Ledger,
    run: RunId,
    tickets_per_event: u32,
    tickets_per_booking: u32,
    next: u32,
}

impl<'a> CheckEvents<'a> {
    pub fn new(ledger: &'a mut Ledger, run: RunId, config: &Config) -> Self {
        let Config { tickets_per_event, tickets_per_booking, .. } = *config;
        Self { ledger, run, tickets_per_event, tickets_per_booking, next: 0 }
    }

    fn compare(&mut self, number: u32, event: &EventReply<'_>) {
        let id = self.run.event_id(number);
        let acknowledged = self.ledger.events[number as usize];
        let issued = acknowledged.valid();
        let EventReply { total_tickets: total, available_tickets: available, held_tickets: held, .. } =
            *event;
        let sold = i64::from(total) - i64::from(available) - i64::from(held);
        let case = || {
            format!(
                "event {id} issued {issued} tickets and counts {sold} as sold: {available} of {total} left"
            )
        };
        let issued = issued.cast_signed();
        let findings = &mut self.ledger.findings;
        if event.id != id || total != self.tickets_per_event {
            let case = || {
                format!(
                    "event {id} was created with {} tickets; GET says {} with {total}",
                    self.tickets_per_event, event.id
                )
            };
            findings.add(Violation::ReplyMismatch, case);
        }
        if sold < issued || issued > i64::from(total) {
            findings.add(Violation::Oversold, case);
        } else if sold > issued {
            findings.add(Violation::Unacknowledged, case);
        }
        if u64::from(held) != acknowledged.held {
            let case = || format!("event {id} holds {} tickets and counts {held} as held", acknowledged.held);
            findings.add(Violation::HeldMiscounted, case);
        }
        let requested = self.tickets_per_booking;
        if acknowledged.sold_out && !acknowledged.returned && available >= requested {
            let case =
                || format!("event {id} refused {requested} tickets as sold out and has {available} left");
            findings.add(Violation::NotSoldOut, case);
        }
    }
}

impl Phase for CheckEvents<'_> {
    fn next_request(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Pending> {
        let number = self.next;
        if number as usize == self.ledger.events.len() {
            return None;
        }
        self.next += 1;
        out.extend_from_slice(format!("GET {}\n", self.run.event_id(number)).as_bytes());
        Some(Pending::Event(number))
    }

    fn on_reply(&mut self, request: Pending, line: &[u8]) -> Result<(), Error> {
        let Pending::Event(number) = request else { return Ok(()) };
        if let FinalLine::Ok { body } = FinalLine::parse(line)?
            && let Ok(event) = serde_json::from_str::<EventReply<'_>>(body)
        {
            self.compare(number, &event);
        } else {
            let case = || format!("GET {} was answered {}", self.run.event_id(number), excerpt(line));
            self.ledger.findings.add(Violation::EventMissing, case);
        }
        Ok(())
    }
}
