//! A shard: the events, tickets and days that one lock guards. It decides nothing.

use std::collections::{BTreeSet, VecDeque};
use std::hash::BuildHasher;
use std::ops::Range;

use bookline_protocol::{Date, Hour as HourOfDay, Slot, TicketStatus, event_tag, reply};

use super::events::{Event, EventIndex, Events};
use super::holds::{Dismantled, Holds, StoredHold};
use super::id_index::{IdIndex, Location};
use super::name_bytes::name_bytes;
use super::ticket_place::{POSITIONS_MAX, PlaceCipher, PlacedEvent};
use super::tickets::{Ticket, Tickets};
use crate::codec::Sequence;
use crate::collections::extendible_hash_table::{ExtendibleHashTable, hash_of_number};
use crate::domain::calendar::Entry;
use crate::domain::hold::{EndedHold, Hold, HoldState};
use crate::domain::sale::Sale;
use crate::domain::{Contradiction, EntryNumber, EventKey, EventNumber, EventValues, TicketState};
use crate::state::calendar::{Calendar, HourView};

/// Hashes event ids. Each process has its own seed, so that ids chosen beforehand do not collide.
///
/// foldhash does not resist clients who infer the seed from the timing of replies. This is accepted: with
/// SipHash, BOOK and GET take 155 instructions more, of 1,850 and 886. A command looks up one event, and a
/// collision costs it some nanoseconds, far less than replies differ anyway. If all events of a shard
/// collided, a lookup would compare an id with each of them, and `--max-events` bounds their number. Its
/// result would still be right.
pub type IdHasher = foldhash::fast::RandomState;

#[derive(Debug, Default)]
pub struct Shard {
    /// The newest commit that changed this shard. A reply that uses the shard depends on it.
    pub last: Sequence,
    pub counts: Counts,
    events: Events,
    by_id: ExtendibleHashTable<EventIndex>,
    by_number: ExtendibleHashTable<EventIndex>,
    /// The events whose tickets are found by their places: of those that places do not tell apart, one.
    by_place: ExtendibleHashTable<EventIndex>,
    place_cipher: PlaceCipher,
    /// The tickets that are not found by their places, as those that an earlier version issued.
    tickets_by_id: IdIndex,
    holds_by_id: IdIndex,
    /// The earliest deadline of the active holds of each event that has any.
    deadlines: BTreeSet<(i64, EventIndex)>,
    /// The holds that ended, in the order of their end. Those of a deleted event are removed as it is freed.
    ended_holds: BTreeSet<(i64, Location)>,
    /// Deleted events that are not freed yet.
    deleted: VecDeque<DeletedEvent>,
    calendar: Calendar,
    hasher: IdHasher,
}

/// What a shard contains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calendar entries.
    pub entries: u64,
    /// Hours that the entries fill, counted for each of their people.
    pub person_hours: u64,
    /// Valid tickets: those issued and not cancelled, and those that another system issued before an import.
    pub tickets: u64,
    /// Tickets issued here, whose ids are known, cancelled or not.
    pub ticket_ids: u64,
    /// Active holds.
    pub holds: u64,
    /// Holds that ended and are remembered.
    pub ended_holds: u64,
    /// Bytes of memory of the names of attendees.
    pub name_bytes: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        let Self { entries, person_hours, tickets, ticket_ids, holds, ended_holds, name_bytes } = *other;
        self.entries += entries;
        self.person_hours += person_hours;
        self.tickets += tickets;
        self.ticket_ids += ticket_ids;
        self.holds += holds;
        self.ended_holds += ended_holds;
        self.name_bytes += name_bytes;
    }
}

/// A deleted event, whose tickets and holds are freed in pieces.
#[derive(Debug)]
struct DeletedEvent {
    index: EventIndex,
    tickets: Tickets,
    holds: Option<Box<Holds>>,
}

impl Shard {
    pub fn new(hasher: IdHasher, place_cipher: PlaceCipher) -> Self {
        Self { hasher, place_cipher, ..Self::default() }
    }

    pub fn event_count(&self) -> usize {
        self.events.count()
    }

    pub fn event(&self, id: &str) -> Option<&Event> {
        Some(&self.events[self.index_of(id)?])
    }

    #[inline]
    pub fn index_of(&self, id: &str) -> Option<EventIndex> {
        let hash = self.hasher.hash_one(id);
        self.by_id.find(hash, |&index| self.events[index].id == id).copied()
    }

    pub fn index_of_number(&self, number: EventNumber) -> Option<EventIndex> {
        let hash = hash_of_number(number.0);
        self.by_number.find(hash, |&index| self.events[index].sale.number == number).copied()
    }

    #[inline]
    pub fn event_at(&self, index: EventIndex) -> &Event {
        &self.events[index]
    }

    #[inline]
    pub fn sale(&self, index: EventIndex) -> &Sale {
        &self.events[index].sale
    }

    /// The location of a ticket, unless its event was deleted.
    pub fn locate_ticket(&self, id: &[u8; 16]) -> Option<Location> {
        let is_there = |Location { event, position }: Location| {
            let ticket = self.events.get(event).and_then(|event| event.tickets.get(position));
            ticket.is_some_and(|ticket| ticket.id == *id)
        };
        let place = self.place_cipher.place_of(id);
        let event = self.placed_event(place.event());
        let location = event.map(|event| Location { event, position: place.position() });
        location.filter(|location| is_there(*location)).or_else(|| self.tickets_by_id.find(id, is_there))
    }

    fn placed_event(&self, placed: PlacedEvent) -> Option<EventIndex> {
        let is_match = |&index: &EventIndex| self.events[index].placed() == placed;
        self.by_place.find(placed.hash(), is_match).copied()
    }

    /// The location of a hold that is active or remembered, unless its event was deleted.
    pub fn locate_hold(&self, id: &[u8; 16]) -> Option<Location> {
        self.holds_by_id.find(id, |location| self.hold_at(location).is_some_and(|stored| stored.id == *id))
    }

    pub fn hold_at(&self, Location { event, position }: Location) -> Option<&StoredHold> {
        self.events.get(event)?.holds()?.get(position)
    }

    /// The events with active holds whose deadline is not after `now`, earliest first.
    pub fn events_with_due_holds(&self, now: i64) -> impl Iterator<Item = &Event> {
        let due = self.deadlines.iter().take_while(move |(deadline, _)| *deadline <= now);
        due.map(|&(_, index)| &self.events[index])
    }

    /// The holds that ended, oldest first, with the time of their end. Also those of deleted events, at whose
    /// locations there is nothing.
    pub fn ended_holds(&self) -> impl Iterator<Item = (i64, Location)> {
        self.ended_holds.iter().copied()
    }

    /// The hour, if it has entries.
    pub fn hour(&self, slot: Slot) -> Option<HourView<'_>> {
        self.calendar.hour(slot)
    }

    /// The hours of a day that have entries, earliest first.
    pub fn hours(&self, date: Date) -> impl Iterator<Item = (HourOfDay, HourView<'_>)> {
        self.calendar.hours(date)
    }

    /// A calendar entry that begins in this shard.
    pub fn entry(&self, number: EntryNumber) -> &Entry {
        self.calendar.entry(number)
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
        let sale = Sale { number, total, issued, held: 0, terms };
        let json = reply::event_reply_prefix(id, name, date, total).into_boxed_str();
        let (tag, tickets, holds) = (event_tag(id), Tickets::default(), None);
        let placed = PlacedEvent::of(EventKey { tag, number });
        let has_place = self.placed_event(placed).is_none();
        let event = Event { id: id.into(), sale, json, tickets, holds, tag, has_place };
        let index = self.events.insert(event);
        self.counts.tickets += u64::from(issued);
        let (events, hasher) = (&self.events, &self.hasher);
        self.by_id.insert(hasher.hash_one(id), index, |&index| hasher.hash_one(events[index].id.as_str()));
        self.by_number
            .insert(hash_of_number(number.0), index, |&index| hash_of_number(events[index].sale.number.0));
        if has_place {
            self.by_place.insert(placed.hash(), index, |&index| events[index].placed().hash());
        }
        Ok(())
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

    /// Deletes an event. Its tickets and holds cannot be found from now on, and [`Self::free_deleted`] frees
    /// them. Returns the event without them.
    pub fn delete_event(&mut self, sequence: Sequence, index: EventIndex) -> Event {
        self.last = sequence;
        let hash = self.hasher.hash_one(self.events[index].id.as_str());
        let number = hash_of_number(self.events[index].sale.number.0);
        let (events, hasher) = (&self.events, &self.hasher);
        self.by_id.remove(hash, |&at| at == index, |&index| hasher.hash_one(events[index].id.as_str()));
        let hash_of = |&index: &EventIndex| hash_of_number(events[index].sale.number.0);
        self.by_number.remove(number, |&at| at == index, hash_of);
        let placed = events[index].placed();
        self.by_place.remove(placed.hash(), |&at| at == index, |&index| events[index].placed().hash());
        let mut event = self.events.take(index);
        let tickets = std::mem::take(&mut event.tickets);
        let holds = event.holds.take();
        self.counts.tickets -= u64::from(event.sale.issued);
        self.counts.ticket_ids -= tickets.len() as u64;
        self.counts.name_bytes -= tickets.name_bytes();
        if let Some(holds) = &holds {
            self.counts.holds -= holds.active_count();
            self.counts.ended_holds -= holds.ended_count();
            self.counts.name_bytes -= holds.name_bytes();
            if let Some(deadline) = holds.earliest_deadline() {
                self.deadlines.remove(&(deadline, index));
            }
        }
        self.deleted.push_back(DeletedEvent { index, tickets, holds });
        event
    }

    /// Frees up to `count` tickets and holds of deleted events. Returns whether more are left.
    pub fn free_deleted(&mut self, count: usize) -> bool {
        for _ in 0..count {
            let Some(deleted) = self.deleted.front_mut() else { return false };
            let event = deleted.index;
            if let Some(ticket) = deleted.tickets.pop() {
                let position = deleted.tickets.next_position();
                self.tickets_by_id.remove(&ticket.id, Location { event, position });
                continue;
            }
            match deleted.holds.as_mut().and_then(|holds| holds.dismantle()) {
                Some(Dismantled::Hold(position, stored)) => {
                    let location = Location { event, position };
                    self.holds_by_id.remove(&stored.id, location);
                    if let HoldState::Ended(ended) = stored.hold.state {
                        self.ended_holds.remove(&(ended.at, location));
                    }
                }
                Some(Dismantled::Memory) => {}
                None => {
                    self.events.free(event);
                    self.deleted.pop_front();
                }
            }
        }
        !self.deleted.is_empty()
    }

    /// Issues tickets of an event whose ids were drawn for the next places.
    #[inline(always)]
    pub fn issue_drawn(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        tickets: &[[u8; 16]],
        state: TicketState,
    ) -> Result<(), Contradiction> {
        let event = &self.events[index];
        if !event.has_place || event.tickets.len() + tickets.len() > POSITIONS_MAX {
            return self.issue(sequence, index, "", tickets, state);
        }
        let count = u32::try_from(tickets.len()).map_err(|_| Contradiction("too many tickets".into()))?;
        self.count_tickets(sequence, index, count, count)?;
        let stored = &mut self.events[index].tickets;
        tickets.iter().for_each(|&id| _ = stored.push(Ticket { id, state }));
        Ok(())
    }

    /// Issues tickets of an event.
    pub fn issue(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        attendee: &str,
        tickets: &[[u8; 16]],
        state: TicketState,
    ) -> Result<(), Contradiction> {
        let count = u32::try_from(tickets.len()).map_err(|_| Contradiction("too many tickets".into()))?;
        let issued = tickets.iter().map(|&id| Ticket { id, state });
        self.add_tickets(sequence, index, attendee, issued, count, count)
    }

    /// Adds tickets of an event in their states, as a snapshot holds them.
    pub fn keep_tickets(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        attendee: &str,
        tickets: &[Ticket],
    ) -> Result<(), Contradiction> {
        let count = u32::try_from(tickets.len()).map_err(|_| Contradiction("too many tickets".into()))?;
        let is_valid = |ticket: &&Ticket| ticket.state.status() != TicketStatus::Cancelled;
        let valid = tickets.iter().filter(is_valid).count() as u32;
        self.add_tickets(sequence, index, attendee, tickets.iter().copied(), count, valid)
    }

    /// Counts `count` further tickets, of which `valid` are not cancelled.
    #[inline]
    fn count_tickets(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        count: u32,
        valid: u32,
    ) -> Result<(), Contradiction> {
        self.last = sequence;
        self.events[index].sale.issue(valid)?;
        self.counts.tickets += u64::from(valid);
        self.counts.ticket_ids += u64::from(count);
        Ok(())
    }

    /// Adds `count` tickets, of which `valid` are not cancelled.
    fn add_tickets(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        attendee: &str,
        tickets: impl Iterator<Item = Ticket>,
        count: u32,
        valid: u32,
    ) -> Result<(), Contradiction> {
        self.count_tickets(sequence, index, count, valid)?;
        let event = &mut self.events[index];
        let placed = event.has_place.then(|| event.placed());
        if !attendee.is_empty() {
            self.counts.name_bytes += event.tickets.name_next(attendee, count);
        }
        for ticket in tickets {
            let position = event.tickets.push(ticket);
            let place = self.place_cipher.place_of(&ticket.id);
            if (Some(place.event()), place.position()) != (placed, position) {
                self.tickets_by_id.insert(&ticket.id, Location { event: index, position });
            }
        }
        Ok(())
    }

    /// Cancels valid tickets of an event.
    pub fn cancel(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        tickets: &[[u8; 16]],
        at: i64,
    ) -> Result<(), Contradiction> {
        let cancelled = TicketState::new(TicketStatus::Cancelled, Some(at));
        for id in tickets {
            self.set_ticket(sequence, index, id, TicketStatus::Booked, cancelled)?;
        }
        self.counts.tickets -= tickets.len() as u64;
        self.events[index].sale.cancel(u32::try_from(tickets.len()).unwrap_or(u32::MAX))
    }

    /// Sets the state of a ticket of an event that has the status `from`.
    pub fn set_ticket(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        id: &[u8; 16],
        from: TicketStatus,
        state: TicketState,
    ) -> Result<(), Contradiction> {
        self.last = sequence;
        let location = self.locate_ticket(id).filter(|location| location.event == index);
        let location =
            location.ok_or_else(|| Contradiction("a ticket changes that its event has not issued".into()))?;
        self.events[index].tickets.set_state(location.position, from, state)
    }

    /// Adds a hold of an event. If it is active, its tickets are put aside.
    pub fn create_hold(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        id: &[u8; 16],
        hold: Hold,
        attendee: &str,
    ) -> Result<(), Contradiction> {
        self.last = sequence;
        let event = &mut self.events[index];
        match hold.state {
            HoldState::Active => {
                event.sale.hold(hold.tickets)?;
                self.counts.holds += 1;
            }
            HoldState::Ended(_) => self.counts.ended_holds += 1,
        }
        self.counts.name_bytes += name_bytes(attendee);
        let position = self.change_holds(index, |holds| {
            Ok(holds.insert(StoredHold { id: *id, hold, attendee: attendee.into() }))
        })?;
        let location = Location { event: index, position };
        if let HoldState::Ended(ended) = hold.state {
            self.ended_holds.insert((ended.at, location));
        }
        self.holds_by_id.insert(id, location);
        Ok(())
    }

    /// Sets the deadline of an active hold of an event. Returns its tickets.
    pub fn extend_hold(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        id: &[u8; 16],
        deadline: i64,
    ) -> Result<u32, Contradiction> {
        self.last = sequence;
        let position = self.position_of_hold(index, id)?;
        self.change_holds(index, |holds| holds.extend(position, deadline))
    }

    /// Ends active holds of an event: their tickets are not put aside any more. Returns how many these are.
    pub fn end_holds(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        ids: &[[u8; 16]],
        ended: EndedHold,
    ) -> Result<u32, Contradiction> {
        self.last = sequence;
        let mut released = 0;
        for id in ids {
            let position = self.position_of_hold(index, id)?;
            let (tickets, name_bytes) = self.change_holds(index, |holds| holds.end(position, ended))?;
            self.events[index].sale.release(tickets)?;
            released += tickets;
            self.ended_holds.insert((ended.at, Location { event: index, position }));
            self.counts.holds -= 1;
            self.counts.ended_holds += 1;
            self.counts.name_bytes -= name_bytes;
        }
        Ok(released)
    }

    /// Forgets holds of an event that ended.
    pub fn forget_holds(
        &mut self,
        sequence: Sequence,
        index: EventIndex,
        ids: &[[u8; 16]],
    ) -> Result<(), Contradiction> {
        self.last = sequence;
        for id in ids {
            let position = self.position_of_hold(index, id)?;
            let ended = self.change_holds(index, |holds| holds.forget(position))?;
            let location = Location { event: index, position };
            self.ended_holds.remove(&(ended.at, location));
            self.holds_by_id.remove(id, location);
            self.counts.ended_holds -= 1;
        }
        Ok(())
    }

    fn position_of_hold(&self, index: EventIndex, id: &[u8; 16]) -> Result<u32, Contradiction> {
        let location = self.locate_hold(id).filter(|location| location.event == index);
        let location =
            location.ok_or_else(|| Contradiction("a hold changes that its event has not".into()))?;
        Ok(location.position)
    }

    /// Changes the holds of an event, and keeps its earliest deadline up to date.
    fn change_holds<T>(
        &mut self,
        index: EventIndex,
        change: impl FnOnce(&mut Holds) -> Result<T, Contradiction>,
    ) -> Result<T, Contradiction> {
        let holds = self.events[index].holds.get_or_insert_default();
        let before = holds.earliest_deadline();
        let changed = change(holds);
        let after = holds.earliest_deadline();
        if before != after {
            if let Some(deadline) = before {
                self.deadlines.remove(&(deadline, index));
            }
            if let Some(deadline) = after {
                self.deadlines.insert((deadline, index));
            }
        }
        changed
    }

    /// Creates an entry, as far as its hours are in this shard: these slots, by their indices.
    pub fn take(
        &mut self,
        sequence: Sequence,
        number: EntryNumber,
        slots: Range<u32>,
        entry: Entry,
    ) -> Result<(), Contradiction> {
        self.last = sequence;
        self.counts.person_hours += slots.len() as u64 * entry.content.people_count() as u64;
        self.counts.entries += u64::from(begins_in(&entry, &slots));
        self.calendar.take(number, slots, entry)
    }

    /// Ends an entry, as far as its hours are in this shard: these slots, by their indices. Returns it.
    pub fn free(
        &mut self,
        sequence: Sequence,
        number: EntryNumber,
        slots: Range<u32>,
    ) -> Result<Entry, Contradiction> {
        self.last = sequence;
        let entry = self.calendar.free(number, slots.clone())?;
        self.counts.person_hours -= slots.len() as u64 * entry.content.people_count() as u64;
        self.counts.entries -= u64::from(begins_in(&entry, &slots));
        Ok(entry)
    }
}

/// Whether an entry begins in these slots. The shard where it begins counts it.
fn begins_in(entry: &Entry, slots: &Range<u32>) -> bool {
    entry.period.start().index() == slots.start
}

#[cfg(test)]
mod tests {
    use bookline_protocol::{Period, SaleTerms};

    use super::*;
    use crate::domain::calendar::EntryContent;
    use crate::state::ticket_ids::TicketIdGenerator;

    fn slot(hour: &str) -> Slot {
        Slot { date: Date::parse("2026-11-21").unwrap(), hour: HourOfDay::parse(hour).unwrap() }
    }

    #[test]
    fn freeing_the_last_entry_leaves_the_hour_empty() {
        let mut shard = Shard::default();
        let (number, period) = (EntryNumber::first_of(Sequence(1)), Period::of_slot(slot("09:00")));
        let block = Entry { content: EntryContent::block("F1"), period, series: None };
        shard.take(Sequence(1), number, period.indices(), block.clone()).unwrap();
        assert_eq!((shard.counts.entries, shard.counts.person_hours), (1, 1));
        assert_eq!(shard.free(Sequence(2), number, period.indices()), Ok(block));
        assert_eq!((shard.counts.entries, shard.counts.person_hours), (0, 0));
        assert!(shard.hour(slot("09:00")).is_none());
    }

    fn create(shard: &mut Shard, id: &str, number: u64) -> EventIndex {
        let date = Date::parse("2026-12-31").unwrap();
        let terms = SaleTerms::default();
        let values = EventValues { id, name: "Some concert", date, total: 100, issued: 0, terms };
        shard.create_event(Sequence(number), EventNumber(number), &values).unwrap();
        shard.index_of(id).unwrap()
    }

    fn booked() -> TicketState {
        TicketState::new(TicketStatus::Booked, Some(1))
    }

    /// Draws the ids of two tickets at the next places of an event, and issues them.
    fn issue_two(shard: &mut Shard, event: EventIndex) -> [[u8; 16]; 2] {
        let first = shard.event_at(event).next_place();
        let mut ids = [[0; 16]; 2];
        let drawn = TicketIdGenerator::default().draw(2, &shard.place_cipher).copied_to(&mut ids).at(first);
        shard.issue_drawn(Sequence(9), event, drawn, booked()).unwrap();
        ids
    }

    fn assert_found(shard: &Shard, event: EventIndex, tickets: [[u8; 16]; 2], first: u32) {
        for (position, id) in (first..).zip(tickets) {
            assert_eq!(shard.locate_ticket(&id), Some(Location { event, position }));
        }
    }

    #[test]
    fn tickets_are_found_by_their_places_without_an_index() {
        let mut shard = Shard::default();
        let (jazz, rock) = (create(&mut shard, "jazz", 1), create(&mut shard, "rock", 2));
        let first = issue_two(&mut shard, jazz);
        let other = issue_two(&mut shard, rock);
        let second = issue_two(&mut shard, jazz);
        assert_found(&shard, jazz, first, 0);
        assert_found(&shard, rock, other, 0);
        assert_found(&shard, jazz, second, 2);
        assert_eq!(shard.tickets_by_id.len(), 0);
        shard.delete_event(Sequence(10), jazz);
        assert_eq!(shard.locate_ticket(&first[0]), None);
        assert_found(&shard, rock, other, 0);
    }

    #[test]
    fn tickets_with_ids_of_another_key_are_found_until_their_event_is_freed() {
        let (mut shard, mut other) = (Shard::default(), Shard::default());
        let event = create(&mut shard, "jazz", 1);
        let of_other_key = create(&mut other, "jazz", 1);
        let old = issue_two(&mut other, of_other_key);
        shard.issue(Sequence(2), event, "", &old, booked()).unwrap();
        let new = issue_two(&mut shard, event);
        assert_found(&shard, event, old, 0);
        assert_found(&shard, event, new, 2);
        assert_eq!(shard.tickets_by_id.len(), 2);
        shard.delete_event(Sequence(10), event);
        assert!(!shard.free_deleted(10));
        assert_eq!(shard.tickets_by_id.len(), 0);
    }

    /// The same tag, and numbers that are the same modulo 2^16.
    #[test]
    fn tickets_of_events_that_places_do_not_tell_apart_are_found() {
        let ids = (0..).map(|n| format!("event-{n}"));
        let mut same = ids.filter(|id| event_tag(id) == event_tag("jazz"));
        let (jazz, other) = ("jazz", same.next().unwrap());
        let mut shard = Shard::default();
        let (jazz, other) = (create(&mut shard, jazz, 3), create(&mut shard, &other, 3 + (1 << 16)));
        let of_jazz = issue_two(&mut shard, jazz);
        let of_other = issue_two(&mut shard, other);
        assert_found(&shard, jazz, of_jazz, 0);
        assert_found(&shard, other, of_other, 0);
        assert_eq!(shard.tickets_by_id.len(), 2, "those of the other event");
        shard.delete_event(Sequence(10), jazz);
        assert_found(&shard, other, of_other, 0);
        assert_eq!(shard.locate_ticket(&of_jazz[0]), None);
        let again = create(&mut shard, "jazz", 3 + (2 << 16));
        let tickets = issue_two(&mut shard, again);
        assert_found(&shard, again, tickets, 0);
        assert_found(&shard, other, of_other, 0);
    }
}
