//! The events of a shard.

use std::ops::{Index, IndexMut};

use bookline_protocol::{Date, reply};
use compact_str::CompactString;

use super::holds::Holds;
use super::listing::ListingKey;
use super::ticket_place::{PlacedEvent, TicketPlace};
use super::tickets::Tickets;
use crate::domain::EventKey;
use crate::domain::sale::Sale;

#[derive(Debug)]
pub struct Event {
    pub id: CompactString,
    pub sale: Sale,
    /// The event's JSON up to the number of tickets left, which changes with every booking. An update makes
    /// another one.
    pub json: Box<str>,
    pub tickets: Tickets,
    /// Of most events there are none.
    pub(super) holds: Option<Box<Holds>>,
    /// The tag of its id.
    pub(super) tag: u16,
    /// Whether its tickets are found by their places.
    pub(super) has_place: bool,
}

impl Event {
    #[inline]
    pub(super) fn key(&self) -> EventKey {
        EventKey { tag: self.tag, number: self.sale.number }
    }

    /// What the places of its tickets say of it.
    pub(super) fn placed(&self) -> PlacedEvent {
        PlacedEvent::of(self.key())
    }

    /// The place of its next ticket.
    #[inline]
    pub(super) fn next_place(&self) -> TicketPlace {
        TicketPlace::new(self.key(), self.tickets.next_position())
    }

    /// The key of the event in the listing. Its name and date are in the JSON alone, to save memory: only
    /// updates need them.
    pub fn listing_key(&self) -> ListingKey {
        let parsed = reply::parse_event_reply_prefix(&self.json);
        let (name, date) = parsed.expect("the JSON of an event is complete up to its last field");
        ListingKey { date, name: name.into(), id: self.id.clone() }
    }

    pub fn holds(&self) -> Option<&Holds> {
        self.holds.as_deref()
    }

    /// The earliest deadline of an active hold.
    pub fn earliest_deadline(&self) -> Option<i64> {
        self.holds()?.earliest_deadline()
    }
}

/// What an update makes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatedEvent {
    pub name: CompactString,
    pub date: Date,
    pub sale: Sale,
}

/// The index of an event in its shard, valid until the event is deleted and everything of it is freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventIndex(u32);

impl EventIndex {
    fn of(index: usize) -> Self {
        Self(u32::try_from(index).expect("2^32 events exceed any memory"))
    }
}

/// The events of a shard. An index is used again only after everything that refers to it was removed.
#[derive(Debug, Default)]
pub struct Events {
    places: Vec<Option<Event>>,
    free: Vec<EventIndex>,
    count: usize,
}

impl Events {
    pub fn count(&self) -> usize {
        self.count
    }

    /// The event with this index, unless it was deleted.
    #[inline]
    pub fn get(&self, index: EventIndex) -> Option<&Event> {
        self.places[index.0 as usize].as_ref()
    }

    pub fn insert(&mut self, event: Event) -> EventIndex {
        self.count += 1;
        if let Some(index) = self.free.pop() {
            self.places[index.0 as usize] = Some(event);
            return index;
        }
        self.places.push(Some(event));
        EventIndex::of(self.places.len() - 1)
    }

    /// Takes an event. Its index is not used again before [`Self::free`].
    pub fn take(&mut self, index: EventIndex) -> Event {
        self.count -= 1;
        self.places[index.0 as usize].take().expect(EXISTS)
    }

    pub fn free(&mut self, index: EventIndex) {
        self.free.push(index);
    }

    #[cfg(test)]
    pub fn first_index() -> EventIndex {
        EventIndex::of(0)
    }
}

const EXISTS: &str = "the event was looked up under the same lock";

impl Index<EventIndex> for Events {
    type Output = Event;

    #[inline]
    fn index(&self, index: EventIndex) -> &Event {
        self.places[index.0 as usize].as_ref().expect(EXISTS)
    }
}

impl IndexMut<EventIndex> for Events {
    #[inline]
    fn index_mut(&mut self, index: EventIndex) -> &mut Event {
        self.places[index.0 as usize].as_mut().expect(EXISTS)
    }
}
