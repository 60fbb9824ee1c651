//! What the changes of one snapshot must be to one another: the part of the rules that needs more than one change.

use std::collections::HashMap;

use thiserror::Error;

use super::read::Wrong;
use crate::domain::tickets::Sale;
use crate::domain::{EventKey, EventNumber, Fact};
use crate::journal::Sequence;

/// Why a change cannot stand where it stands in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Misplaced {
    /// A number of no commit that the snapshot holds.
    #[error("it numbers an event or entry {number}, and the snapshot holds commits 1 to {}", last.0)]
    Number {
        /// The number.
        number: u64,
        /// The snapshot's sequence.
        last: Sequence,
    },
    /// A commit creates at most one record, and they stand in the order of their commits.
    #[error(
        "it creates {number} behind {before}: each number creates one event or entry, in ascending order"
    )]
    Order {
        /// The number.
        number: u64,
        /// The one before.
        before: u64,
    },
    /// Tickets beside a number or a tag that is not their event's.
    #[error("it issues tickets of event {number}, which does not stand before them with this tag")]
    Event {
        /// The number.
        number: u64,
    },
    /// Only what still counts is written.
    #[error("it frees entry {number}: a snapshot holds only what was not freed")]
    Freed {
        /// The number.
        number: u64,
    },
}

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
    pub(super) fn new(last: Sequence) -> Contents {
        Contents { last, created: 0, events: HashMap::new() }
    }

    /// Takes note of the next change, about the event or entry of this number, if it is possible.
    pub(super) fn add(&mut self, number: u64, fact: &Fact<'_>) -> Result<(), Wrong> {
        fact.check(number)?;
        match *fact {
            Fact::EventCreated { tag, total, issued, .. } => {
                self.create(number)?;
                let number = EventNumber(number);
                self.events.insert(number, (tag, Sale { number, total, issued }));
                Ok(())
            }
            Fact::TicketsIssued { event, tickets } => self.issue(number, event, tickets.len()),
            Fact::BlockTaken { .. } | Fact::MeetingTaken { .. } => Ok(self.create(number)?),
            Fact::EntryFreed { .. } => Err(Misplaced::Freed { number }.into()),
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

    fn issue(&mut self, number: u64, event: EventKey, count: usize) -> Result<(), Wrong> {
        let known = self.events.get_mut(&event.number);
        let known = known.filter(|(tag, sale)| *tag == event.tag && sale.number.0 == number);
        let (_, sale) = known.ok_or(Misplaced::Event { number })?;
        Ok(sale.issue(u32::try_from(count).unwrap_or(u32::MAX))?)
    }
}
