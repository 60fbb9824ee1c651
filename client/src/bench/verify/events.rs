//! Each event sold exactly what it gave out: total = available + issued.

use bookline_protocol::reply::Event;

use crate::bench::args::Flags;
use crate::bench::failure::{Failure, shown};
use crate::bench::ledger::{Ledger, Wrong};
use crate::bench::names::Run;
use crate::bench::tally::{self, Final};
use crate::bench::work::{Asked, Work};

/// GET of every event. Nobody else books them, so what they count as sold must be what was acknowledged.
#[derive(Debug)]
pub struct Events<'a> {
    ledger: &'a mut Ledger,
    run: Run,
    seats: u32,
    tickets: u32,
    next: u32,
}

impl<'a> Events<'a> {
    /// None is asked yet.
    pub fn new(ledger: &'a mut Ledger, run: Run, flags: &Flags) -> Self {
        Self { ledger, run, seats: flags.seats, tickets: flags.tickets, next: 0 }
    }

    fn compare(&mut self, number: u32, event: &Event<'_>) {
        let id = self.run.event_id(number);
        let gave_out = self.ledger.sold[number as usize];
        let Event { total_tickets: total, available_tickets: available, .. } = *event;
        let counted = i64::from(total) - i64::from(available);
        let case = || {
            format!(
                "event {id} gave out {gave_out} tickets and counts {counted} as sold: {available} of {total} \
                 are left"
            )
        };
        let gave_out = gave_out.cast_signed();
        let findings = &mut self.ledger.findings;
        if event.id != id || total != self.seats {
            let case =
                || format!("event {id} was made with {} tickets; it is {} of {total}", self.seats, event.id);
            findings.note(Wrong::ReplyElsewhere, case);
        }
        if counted < gave_out || gave_out > i64::from(total) {
            findings.note(Wrong::Oversold, case);
        } else if counted > gave_out {
            findings.note(Wrong::Unacknowledged, case);
        }
        if self.ledger.sold_out[number as usize] && available >= self.tickets {
            let case = || format!("event {id} had not {} tickets left, and has {available}", self.tickets);
            findings.note(Wrong::NotSoldOut, case);
        }
    }
}

impl Work for Events<'_> {
    fn ask(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Asked> {
        let number = self.next;
        if number as usize == self.ledger.sold.len() {
            return None;
        }
        self.next += 1;
        out.extend_from_slice(format!("GET {}\n", self.run.event_id(number)).as_bytes());
        Some(Asked::Event(number))
    }

    fn hear(&mut self, asked: Asked, line: &[u8]) -> Result<(), Failure> {
        let Asked::Event(number) = asked else { return Ok(()) };
        if let Final::Ok(body) = tally::read(line)?
            && let Ok(event) = serde_json::from_str::<Event<'_>>(body)
        {
            self.compare(number, &event);
        } else {
            let case = || format!("GET {} was answered {}", self.run.event_id(number), shown(line));
            self.ledger.findings.note(Wrong::EventMissing, case);
        }
        Ok(())
    }
}
