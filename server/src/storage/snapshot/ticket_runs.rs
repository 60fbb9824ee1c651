//! Runs of tickets: the tickets of the journal, grouped by event and attendee.

use std::collections::HashMap;

use bookline_protocol::limits::BOOKING_TICKETS_MAX;

use super::error::CompactionError;
use super::write::Writer;
use crate::changes::{KEPT_TICKET_BYTES, TicketsKept};
use crate::domain::{EventKey, EventNumber};

/// The runs are written when they take this many bytes. One change for each ticket would double the bytes of
/// a snapshot and the time to read it.
const BYTES_TARGET: usize = 64 << 20;

/// The tickets without an attendee in one change of a snapshot: 96 KiB.
const CHANGE_TICKETS_MAX: usize = 4 << 10;

/// No change is larger than one of [`TicketsKept`] may be.
const _: () = assert!(CHANGE_TICKETS_MAX <= BOOKING_TICKETS_MAX as usize);

/// Tickets that are not written yet. Those of an event are in the order of issue.
#[derive(Debug, Default)]
pub(super) struct TicketRuns {
    events: HashMap<EventNumber, EventRuns>,
    /// The bytes of all runs, about.
    bytes: usize,
}

#[derive(Debug)]
struct EventRuns {
    event: EventKey,
    tickets: Vec<[u8; 16]>,
    states: Vec<[u8; 8]>,
    runs: Vec<Run>,
}

/// Tickets of an event that were issued one after the other to one attendee, or without one.
#[derive(Debug)]
struct Run {
    /// Empty if there is none.
    attendee: Box<str>,
    count: usize,
}

impl TicketRuns {
    /// Adds tickets, and writes all runs if they are too large then.
    pub(super) fn add(
        &mut self,
        kept: &TicketsKept<'_>,
        writer: &mut Writer<'_>,
    ) -> Result<(), CompactionError> {
        let event = self.events.entry(kept.event.number).or_insert_with(|| {
            self.bytes += size_of::<EventRuns>();
            EventRuns { event: kept.event, tickets: Vec::new(), states: Vec::new(), runs: Vec::new() }
        });
        self.bytes += event.add(kept);
        if self.bytes >= BYTES_TARGET { self.flush(writer) } else { Ok(()) }
    }

    /// Writes all runs.
    pub(super) fn flush(&mut self, writer: &mut Writer<'_>) -> Result<(), CompactionError> {
        // In the order of the map the same commits would make another snapshot each time.
        let mut events: Vec<_> = self.events.drain().collect();
        events.sort_unstable_by_key(|(number, _)| number.0);
        for (_, event) in events {
            event.write(writer)?;
        }
        self.bytes = 0;
        Ok(())
    }
}

impl EventRuns {
    /// Adds tickets to the last run, or as another one. Returns the bytes that they take.
    fn add(&mut self, kept: &TicketsKept<'_>) -> usize {
        let count = kept.tickets.len();
        self.tickets.extend_from_slice(kept.tickets);
        self.states.extend_from_slice(kept.states);
        let bytes = count * KEPT_TICKET_BYTES;
        match self.runs.last_mut() {
            Some(run) if run.takes(kept) => {
                run.count += count;
                bytes
            }
            Some(_) | None => {
                self.runs.push(Run { attendee: kept.attendee.into(), count });
                bytes + size_of::<Run>() + kept.attendee.len()
            }
        }
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), CompactionError> {
        let (mut tickets, mut states) = (&self.tickets[..], &self.states[..]);
        for Run { attendee, count } in &self.runs {
            let (of_run, states_of_run);
            (of_run, tickets) = tickets.split_at(*count);
            (states_of_run, states) = states.split_at(*count);
            let chunk = if attendee.is_empty() { CHANGE_TICKETS_MAX } else { *count };
            for (tickets, states) in of_run.chunks(chunk).zip(states_of_run.chunks(chunk)) {
                let kept = TicketsKept { event: self.event, attendee, tickets, states };
                writer.push(self.event.number.0, &kept.into())?;
            }
        }
        Ok(())
    }
}

impl Run {
    /// Whether these tickets may follow its own in one change.
    fn takes(&self, kept: &TicketsKept<'_>) -> bool {
        let fits =
            self.attendee.is_empty() || self.count + kept.tickets.len() <= BOOKING_TICKETS_MAX as usize;
        *self.attendee == *kept.attendee && fits
    }
}
