//! Validation of the changes of a snapshot against one another.

use std::collections::HashMap;

use bookline_protocol::TicketStatus;

use super::error::{Misplaced, Numbered, SnapshotErrorKind};
use crate::changes::{Change, Compaction, Origin, TicketStates};
use crate::codec::Sequence;
use crate::domain::hold::HoldState;
use crate::domain::sale::Sale;
use crate::domain::{EventKey, EventNumber, EventValues, TicketState};

/// A summary of the changes of a snapshot so far, against which the next one is checked. It takes a few bytes
/// for each event. Whether a key was used twice, or two accounts have one name, is for the state to find:
/// that would take the memory of all keys and names.
#[derive(Debug)]
pub(super) struct Contents {
    last: Sequence,
    /// The number of the last commit that created or moved an event, entries or an account.
    last_created: u64,
    /// The number of the last key.
    last_key: u64,
    /// The tag and the sale of each event.
    events: HashMap<EventNumber, (u16, Sale)>,
}

impl Contents {
    /// An empty summary of a snapshot that holds all commits up to `last`.
    pub(super) fn new(last: Sequence) -> Self {
        Self { last, last_created: 0, last_key: 0, events: HashMap::new() }
    }

    /// Checks the next change, about the event, entry, account or key of this number, and adds it.
    pub(super) fn add(&mut self, number: u64, change: &Change<'_>) -> Result<(), SnapshotErrorKind> {
        change.check(number)?;
        match change.compaction(Origin { sequence: Sequence(number), micros: None }) {
            Compaction::Event { tag, values: EventValues { total, issued, terms, .. } } => {
                self.create(number)?;
                let number = EventNumber(number);
                self.events.insert(number, (tag, Sale { number, total, issued, held: 0, terms }));
            }
            Compaction::Tickets { event, tickets, states, .. } => {
                let issued = valid_tickets(tickets.len(), states);
                self.sale(number, event)?.issue(u32::try_from(issued).unwrap_or(u32::MAX))?;
            }
            Compaction::Hold { event, hold, .. } => {
                let sale = self.sale(number, event)?;
                if hold.state == HoldState::Active {
                    sale.hold(hold.tickets)?;
                }
            }
            Compaction::Entry
            | Compaction::Entries { .. }
            | Compaction::MovedEntries { .. }
            | Compaction::Account(_) => {
                self.create(number)?;
            }
            Compaction::Key { .. } => ascend(Numbered::Key, &mut self.last_key, number, self.last)?,
            Compaction::Omitted => return Err(Misplaced::Omitted { number }.into()),
        }
        Ok(())
    }

    fn create(&mut self, number: u64) -> Result<(), Misplaced> {
        ascend(Numbered::Record, &mut self.last_created, number, self.last)
    }

    /// The sale of the event of a change with this number.
    fn sale(&mut self, number: u64, event: EventKey) -> Result<&mut Sale, Misplaced> {
        let known = self.events.get_mut(&event.number);
        let known = known.filter(|(tag, sale)| *tag == event.tag && sale.number.0 == number);
        known.map(|(_, sale)| sale).ok_or(Misplaced::Event { number })
    }
}

/// Checks that `number` is above that of the change `before`, and not above the sequence number of the
/// snapshot, and sets `before` to it.
fn ascend(of: Numbered, before: &mut u64, number: u64, last: Sequence) -> Result<(), Misplaced> {
    if !(1..=last.0).contains(&number) {
        return Err(Misplaced::Number { of, number, last });
    }
    if number <= *before {
        return Err(Misplaced::Order { of, number, before: *before });
    }
    *before = number;
    Ok(())
}

/// The number of tickets that count as issued.
fn valid_tickets(count: usize, states: TicketStates<'_>) -> usize {
    let is_valid = |state: &[u8; 8]| {
        TicketState::from_bytes(*state).is_some_and(|state| state.status() != TicketStatus::Cancelled)
    };
    match states {
        TicketStates::Same(_) => count,
        TicketStates::Each(states) => states.iter().filter(|state| is_valid(state)).count(),
    }
}
