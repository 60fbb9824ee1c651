//! A shard: the events, tickets and days that one lock guards. It decides nothing.

use std::hash::BuildHasher;
use std::ops::{Index, IndexMut};

use bookline_protocol::{Date, Hour as HourOfDay, Slot, reply};
use compact_str::CompactString;

use super::listing::ListingKey;
use crate::codec::Sequence;
use crate::collections::append_only_tables::AppendOnlyTables;
use crate::collections::extendible_hash_table::{ExtendibleHashTable, hash_of_number};
use crate::domain::calendar::Entry;
use crate::domain::sale::Sale;
use crate::domain::{Contradiction, EntryNumber, EventNumber, EventValues};
use crate::state::calendar::{Calendar, HourView};

/// Hashes event ids. Each process has its own seed, so that ids chosen beforehand do not collide.
///
/// foldhash does not resist clients who infer the seed from the timing of replies. This is accepted: with
/// SipHash, BOOK and GET take 155 instructions more, of 1,850 and 886. A command looks up one event, and a
/// collision costs it some nanoseconds, far less than replies differ anyway. If all events of a shard
/// collided, a lookup would compare an id with each of them, and `--max-events` bounds their number. Its
/// result would still be right.
pub type IdHasher = foldhash::fast::RandomState;

#[derive(Debug)]
pub struct Event {
    pub id: CompactString,
    pub sale: Sale,
    /// The event's JSON up to the number of tickets left, which changes with every booking. An update makes
    /// another one.
    pub json: Box<str>,
}

impl Event {
    /// The key of the event in the listing. Its name and date are in the JSON alone, to save memory: only
    /// updates need them.
    pub fn listing_key(&self) -> ListingKey {
        let parsed = reply::parse_event_reply_prefix(&self.json);
        let (name, date) = parsed.expect("the JSON of an event is complete up to its last field");
        ListingKey { date, name: name.into(), id: self.id.clone() }
    }
}

/// The index of an event in [`Shard::events`], valid as long as the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventIndex(u32);

impl EventIndex {
    pub(super) fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("2^32 events exceed any memory"))
    }
}

#[derive(Debug)]
struct IssuedTicket {
    id: [u8; 16],
    event: EventIndex,
}

/// A ticket id is random except for its tag, version and variant, and these eight bytes contain none of
/// those. The server draws the ids, so no client can choose ids that collide.
fn hash_of_ticket(id: &[u8; 16]) -> u64 {
    u64::from_le_bytes([id[2], id[3], id[4], id[5], id[9], id[10], id[11], id[12]])
}

/// The events of a shard, in the order of their creation.
#[derive(Debug, Default)]
struct Events(Vec<Event>);

impl Index<EventIndex> for Events {
    type Output = Event;

    fn index(&self, index: EventIndex) -> &Event {
        &self.0[index.0 as usize]
    }
}

impl IndexMut<EventIndex> for Events {
    fn index_mut(&mut self, index: EventIndex) -> &mut Event {
        &mut self.0[index.0 as usize]
    }
}

#[derive(Debug, Default)]
pub struct Shard {
    /// The newest commit that changed this shard. A reply that uses the shard depends on it.
    pub last: Sequence,
    /// Calendar entries.
    pub entries: u64,
    /// Hours that the entries fill, counted for each of their people.
    pub person_hours: u64,
    /// Tickets issued here, whose ids are in `tickets`.
    pub tickets_issued: u64,
    /// Tickets that another system issued before an import, whose ids are unknown.
    pub tickets_issued_elsewhere: u64,
    events: Events,
    by_id: ExtendibleHashTable<EventIndex>,
    by_number: ExtendibleHashTable<EventIndex>,
    tickets: AppendOnlyTables<IssuedTicket>,
    calendar: Calendar,
    hasher: IdHasher,
}

impl Shard {
    pub fn new(hasher: IdHasher) -> Self {
        Self { hasher, ..Self::default() }
    }

    pub fn event_count(&self) -> usize {
        self.events.0.len()
    }

    pub fn event(&self, id: &str) -> Option<&Event> {
        Some(&self.events[self.index_of(id)?])
    }

    #[inline]
    pub fn index_of(&self, id: &str) -> Option<EventIndex> {
        let hash = self.hasher.hash_one(id);
        self.by_id.find(hash, |&index| self.events[index].id == id).copied()
    }

    pub fn sale(&self, index: EventIndex) -> Sale {
        self.events[index].sale
    }

    pub fn event_of_ticket(&self, ticket: &[u8; 16]) -> Option<&Event> {
        let issued = self.tickets.find(hash_of_ticket(ticket), |issued| issued.id == *ticket)?;
        Some(&self.events[issued.event])
    }

    /// The hour, if it has entries.
    pub fn hour(&self, slot: Slot) -> Option<HourView<'_>> {
        self.calendar.hour(slot)
    }

    /// The hours of a day that have entries, earliest first.
    pub fn hours(&self, date: Date) -> impl Iterator<Item = (HourOfDay, HourView<'_>)> {
        self.calendar.hours(date)
    }

    /// Creates an event.
    pub fn create_event(
        &mut self,
        sequence: Sequence,
        number: EventNumber,
        event: &EventValues<'_>,
    ) -> Result<(), Contradiction> {
        self.last = sequence;
        let EventValues { id, name, date, total, issued, terms } = *event;
        if self.event(id).is_some() || issued > total {
            return Err(Contradiction(format!(
                "event {id} is created twice, or with {issued} of {total} tickets issued"
            )));
        }
        let index = EventIndex::at(self.events.0.len());
        let sale = Sale { number, total, issued, terms };
        let json = reply::event_reply_prefix(id, name, date, total).into_boxed_str();
        self.events.0.push(Event { id: id.into(), sale, json });
        self.tickets_issued_elsewhere += u64::from(issued);
        let (events, hasher) = (&self.events, &self.hasher);
        self.by_id.insert(hasher.hash_one(id), index, |&index| hasher.hash_one(events[index].id.as_str()));
        self.by_number
            .insert(hash_of_number(number.0), index, |&index| hash_of_number(events[index].sale.number.0));
        Ok(())
    }

    pub fn index_of_number(&self, number: EventNumber) -> Option<EventIndex> {
        let hash = hash_of_number(number.0);
        self.by_number.find(hash, |&index| self.events[index].sale.number == number).copied()
    }

    pub fn event_at(&self, index: EventIndex) -> &Event {
        &self.events[index]
    }

    /// Sets the values of an event, except its id and its issued tickets.
    pub fn update(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        values: &EventValues<'_>,
    ) -> Result<(), Contradiction> {
        self.last = sequence;
        let EventValues { id, name, date, total, issued, terms } = *values;
        let event = &mut self.events[index];
        if (event.id.as_str(), event.sale.issued) != (id, issued) {
            return Err(Contradiction(format!(
                "event {id} is updated with {issued} tickets issued, and it is {} with {}",
                event.id, event.sale.issued
            )));
        }
        event.sale.update(total, terms)?;
        event.json = reply::event_reply_prefix(id, name, date, total).into_boxed_str();
        Ok(())
    }

    /// Issues tickets of an event.
    pub fn issue(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        tickets: &[[u8; 16]],
    ) -> Result<(), Contradiction> {
        self.last = sequence;
        let count = u32::try_from(tickets.len()).map_err(|_| Contradiction("too many tickets".into()))?;
        self.events[index].sale.issue(count)?;
        self.tickets_issued += u64::from(count);
        for ticket in tickets {
            // No other ticket has this id: it has 106 random bits.
            let issued = IssuedTicket { id: *ticket, event: index };
            self.tickets.insert(hash_of_ticket(ticket), issued, |issued| hash_of_ticket(&issued.id));
        }
        Ok(())
    }

    /// Creates an entry.
    pub fn take(
        &mut self,
        sequence: Sequence,
        number: EntryNumber,
        slot: Slot,
        entry: Entry,
    ) -> Result<(), Contradiction> {
        self.last = sequence;
        self.person_hours += self.calendar.take(number, slot, entry)?;
        self.entries += 1;
        Ok(())
    }

    /// Ends an entry, and returns it.
    pub fn free(
        &mut self,
        sequence: Sequence,
        slot: Slot,
        number: EntryNumber,
    ) -> Result<Entry, Contradiction> {
        self.last = sequence;
        let entry = self.calendar.free(slot, number)?;
        self.person_hours -= entry.people_count() as u64;
        self.entries -= 1;
        Ok(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(hour: &str) -> Slot {
        Slot { date: Date::parse("2026-11-21").unwrap(), hour: HourOfDay::parse(hour).unwrap() }
    }

    #[test]
    fn freeing_the_last_entry_leaves_the_hour_empty() {
        let mut shard = Shard::default();
        let block = Entry::block("F1");
        shard.take(Sequence(1), EntryNumber(1), slot("09:00"), block.clone()).unwrap();
        assert_eq!((shard.entries, shard.person_hours), (1, 1));
        assert_eq!(shard.free(Sequence(2), slot("09:00"), EntryNumber(1)), Ok(block));
        assert_eq!((shard.entries, shard.person_hours), (0, 0));
        assert!(shard.hour(slot("09:00")).is_none());
    }
}
