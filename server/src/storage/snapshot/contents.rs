//! What the changes of one snapshot must be to one another: the part of the rules that needs more than one change.

use std::collections::HashMap;

use super::error::{Misplaced, SnapshotErrorKind};
use crate::codec::Sequence;
use crate::domain::sale::Sale;
use crate::domain::{Change, EventKey, EventNumber};

/// The changes of a snapshot so far, as much as is needed to judge the next one: a few bytes for each event.
#[derive(Debug)]
pub(super) struct Contents {
    last: Sequence,
    /// The number created last.
    created: u64,
    /// Tag and sale of each event.
    events: HashMap<EventNumber, (u16, Sale)>,
}

impl Contents {
    /// Nothing yet, of a snapshot that holds all commits up to `last`.
    pub(super) fn new(last: Sequence) -> Self {
        Self { last, created: 0, events: HashMap::new() }
    }

    /// Takes note of the next change, about the event or entry of this number, if it is possible.
    pub(super) fn add(&mut self, number: u64, change: &Change<'_>) -> Result<(), SnapshotErrorKind> {
        change.check(number)?;
        match *change {
            Change::EventCreated { tag, total, issued, .. } => {
                self.create(number)?;
                let number = EventNumber(number);
                self.events.insert(number, (tag, Sale { number, total, issued }));
                Ok(())
            }
            Change::TicketsIssued { event, tickets } => self.issue(number, event, tickets.len()),
            Change::BlockTaken { .. } | Change::MeetingTaken { .. } => Ok(self.create(number)?),
            Change::EntryFreed { .. } => Err(Misplaced::Freed { number }.into()),
        }
    }

    fn create(&mut self, number: u64) -> Result<(), Misplaced> {
        if !(1..=self.last.0).contains(&number) {
            return Err(Misplaced::Number { number, last: self.last });
        }
        if number <= self.created {
            return Err(Misplaced::Order { number, before: self.created });
        }
        self.created = number;
        Ok(())
    }

    fn issue(&mut self, number: u64, event: EventKey, count: usize) -> Result<(), SnapshotErrorKind> {
        let known = self.events.get_mut(&event.number);
        let known = known.filter(|(tag, sale)| *tag == event.tag && sale.number.0 == number);
        let (_, sale) = known.ok_or(Misplaced::Event { number })?;
        Ok(sale.issue(u32::try_from(count).unwrap_or(u32::MAX))?)
    }
}
