//! Validation of the changes of a snapshot against one another.

use std::collections::HashMap;

use super::error::{Misplaced, SnapshotErrorKind};
use crate::changes::{Change, Compaction};
use crate::codec::Sequence;
use crate::domain::sale::Sale;
use crate::domain::{EventKey, EventNumber, EventValues};

/// A summary of the changes of a snapshot so far, against which the next one is checked. It takes a few bytes
/// for each event.
#[derive(Debug)]
pub(super) struct Contents {
    last: Sequence,
    /// The number of the last event or entry that was created.
    last_created: u64,
    /// The tag and the sale of each event.
    events: HashMap<EventNumber, (u16, Sale)>,
}

impl Contents {
    /// An empty summary of a snapshot that holds all commits up to `last`.
    pub(super) fn new(last: Sequence) -> Self {
        Self { last, last_created: 0, events: HashMap::new() }
    }

    /// Checks the next change, about the event or entry of this number, and adds it.
    pub(super) fn add(&mut self, number: u64, change: &Change<'_>) -> Result<(), SnapshotErrorKind> {
        change.check(number)?;
        match change.compaction() {
            Compaction::Event { tag, values: EventValues { total, issued, terms, .. } } => {
                self.create(number)?;
                let number = EventNumber(number);
                self.events.insert(number, (tag, Sale { number, total, issued, terms }));
                Ok(())
            }
            Compaction::Tickets { event, tickets } => self.issue(number, event, tickets.len()),
            Compaction::Entry => Ok(self.create(number)?),
            Compaction::Update { .. } | Compaction::Omitted => Err(Misplaced::Omitted { number }.into()),
        }
    }

    fn create(&mut self, number: u64) -> Result<(), Misplaced> {
        if !(1..=self.last.0).contains(&number) {
            return Err(Misplaced::Number { number, last: self.last });
        }
        if number <= self.last_created {
            return Err(Misplaced::Order { number, before: self.last_created });
        }
        self.last_created = number;
        Ok(())
    }

    fn issue(&mut self, number: u64, event: EventKey, count: usize) -> Result<(), SnapshotErrorKind> {
        let known = self.events.get_mut(&event.number);
        let known = known.filter(|(tag, sale)| *tag == event.tag && sale.number.0 == number);
        let (_, sale) = known.ok_or(Misplaced::Event { number })?;
        Ok(sale.issue(u32::try_from(count).unwrap_or(u32::MAX))?)
    }
}
