//! The records: all that the state contains, in shards, each behind a mutex.

use bookline_protocol::{Date, Slot, TicketStatus};
use compact_str::CompactString;

use super::events::EventIndex;
use super::keys::Keys;
use super::listing::{Listing, ListingKey};
use super::shard::{IdHasher, Shard};
use super::ticket_place::PlaceCipher;
use super::tickets::Ticket;
use crate::changes::commit::Commit;
use crate::changes::{Change, Origin, Record, Target, UsedKey};
use crate::codec::Sequence;
use crate::domain::calendar::Entry;
use crate::domain::hold::{EndedHold, Hold, HoldEnd};
use crate::domain::sale::Sale;
use crate::domain::{Contradiction, EntryNumber, EventKey, EventNumber, EventValues, TicketState};
use crate::storage::replay::Replay;
use crate::sync::{Mutex, MutexGuard};

/// The tickets and holds of deleted events that are freed with each change that is replayed: more than a
/// change usually adds.
const FREED_PER_REPLAYED_CHANGE: usize = 64;

const POISONED: &str = "a thread panicked while it held a shard";

/// The state without its journal, as replay builds it.
#[derive(Debug)]
pub struct Records {
    pub(super) shards: Box<[Mutex<Shard>]>,
    listing: Mutex<Listing>,
    pub(super) keys: Keys,
    pub(super) place_cipher: PlaceCipher,
}

impl Records {
    /// An empty state with a random key for the places of tickets.
    ///
    /// # Panics
    ///
    /// If `shards` is not a power of two.
    pub fn new(shards: usize) -> Self {
        Self::with_place_cipher(shards, PlaceCipher::random())
    }

    /// An empty state, in whose ticket ids `place_cipher` encrypts the places.
    ///
    /// # Panics
    ///
    /// If `shards` is not a power of two.
    pub fn with_place_cipher(shards: usize, place_cipher: PlaceCipher) -> Self {
        assert!(shards.is_power_of_two(), "the number of shards is a power of two");
        let hasher = IdHasher::default();
        let shards = (0..shards).map(|_| Mutex::new(Shard::new(hasher.clone(), place_cipher))).collect();
        Self { shards, listing: Mutex::default(), keys: Keys::default(), place_cipher }
    }

    /// Applies a change of a commit to the shard of its record.
    pub(super) fn apply(
        &self,
        shard: &mut Shard,
        origin: Origin,
        change: &Change<'_>,
    ) -> Result<(), Contradiction> {
        let (listing, keys) = (&self.listing, &self.keys);
        change.apply(origin, &mut Applier { listing, keys, shard, sequence: origin.sequence })
    }

    /// The shard of a record. A change of no record belongs to the first shard.
    pub(super) fn shard_of(&self, record: Option<Record>) -> usize {
        match record {
            Some(Record::Event { tag }) => self.shard_of_tag(tag),
            Some(Record::Day(date)) => self.shard_of_day(date),
            None => 0,
        }
    }

    pub(super) fn shard_of_tag(&self, tag: u16) -> usize {
        usize::from(tag) & (self.shards.len() - 1)
    }

    pub(super) fn shard_of_day(&self, date: Date) -> usize {
        date.day_number() as usize & (self.shards.len() - 1)
    }

    /// A thread that panicked under this lock may have applied half of a change, so the process ends.
    #[inline]
    pub(super) fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        self.shards[shard].lock().unwrap_or_else(|_| crate::fatal(POISONED))
    }

    /// Lock order: after every shard.
    pub(super) fn listing(&self) -> MutexGuard<'_, Listing> {
        lock_listing(&self.listing)
    }
}

fn lock_listing(listing: &Mutex<Listing>) -> MutexGuard<'_, Listing> {
    listing.lock().unwrap_or_else(|_| crate::fatal("a thread panicked while it held the listing"))
}

impl Records {
    /// Applies a change in replay, where nothing else has the state. Deleted events are freed as replay goes
    /// on, so that it needs no more memory than the state of a moment.
    fn replay_change(&mut self, origin: Origin, change: &Change<'_>) -> Result<(), Contradiction> {
        let index = self.shard_of(change.record());
        let Self { shards, listing, keys, .. } = self;
        let shard = shards[index].get_mut().unwrap_or_else(|_| crate::fatal(POISONED));
        change.apply(origin, &mut Applier { listing, keys, shard, sequence: origin.sequence })?;
        shard.free_deleted(FREED_PER_REPLAYED_CHANGE);
        Ok(())
    }
}

impl Replay for Records {
    fn restore(&mut self, number: Sequence, change: &Change<'_>) -> Result<(), Contradiction> {
        self.replay_change(Origin { sequence: number, micros: None }, change)
    }

    fn replay(&mut self, commit: Commit<'_>) -> Result<(), Contradiction> {
        for change in commit.changes() {
            let change = change.map_err(|unreadable| Contradiction(unreadable.to_string()))?;
            change.check_in_commit(commit.sequence.0)?;
            let origin = Origin { sequence: commit.sequence, micros: Some(commit.micros) };
            self.replay_change(origin, &change)?;
        }
        Ok(())
    }
}

/// Applies the changes of one commit to the shard of their record, and to the listing.
struct Applier<'a> {
    listing: &'a Mutex<Listing>,
    keys: &'a Keys,
    shard: &'a mut Shard,
    sequence: Sequence,
}

impl Applier<'_> {
    /// The index of an event. `what` says what the change makes of it.
    fn index_of(&self, what: &str, EventKey { number, .. }: EventKey) -> Result<EventIndex, Contradiction> {
        let index = self.shard.index_of_number(number);
        index.ok_or_else(|| Contradiction(format!("event {} {what} and does not exist", number.0)))
    }

    /// The id and the sale of an event.
    fn event_at(&self, index: EventIndex) -> (&str, Sale) {
        let event = self.shard.event_at(index);
        (&event.id, event.sale)
    }
}

impl Target for Applier<'_> {
    fn create_event(&mut self, number: EventNumber, event: &EventValues<'_>) -> Result<(), Contradiction> {
        self.shard.create_event(self.sequence, number, event)?;
        lock_listing(self.listing).insert(self.sequence, ListingKey::of(event));
        Ok(())
    }

    fn update_event(
        &mut self,
        event: EventKey,
        values: &EventValues<'_>,
    ) -> Result<(&str, Sale), Contradiction> {
        let index = self.index_of("is updated", event)?;
        let old = self.shard.event_at(index).listing_key();
        self.shard.update(self.sequence, index, values)?;
        let new = ListingKey::of(values);
        if new != old {
            lock_listing(self.listing).replace(self.sequence, &old, new);
        }
        Ok(self.event_at(index))
    }

    fn issue_tickets(
        &mut self,
        event: EventKey,
        attendee: &str,
        tickets: &[[u8; 16]],
        at: Option<i64>,
    ) -> Result<(&str, Sale), Contradiction> {
        let index = self.index_of("issues tickets", event)?;
        let booked = TicketState::new(TicketStatus::Booked, at);
        self.shard.issue(self.sequence, index, attendee, tickets, booked)?;
        Ok(self.event_at(index))
    }

    fn keep_tickets(
        &mut self,
        event: EventKey,
        attendee: &str,
        tickets: &[[u8; 16]],
        states: &[[u8; 8]],
    ) -> Result<(), Contradiction> {
        let index = self.index_of("keeps tickets", event)?;
        let kept = tickets.iter().zip(states).map(|(&id, state)| {
            let state = TicketState::from_bytes(*state)?;
            Some(Ticket { id, state })
        });
        let kept: Option<Vec<_>> = kept.collect();
        let kept = kept.filter(|kept| kept.len() == tickets.len() && kept.len() == states.len());
        let kept = kept.ok_or_else(|| Contradiction("tickets have no valid states".into()))?;
        self.shard.keep_tickets(self.sequence, index, attendee, &kept)
    }

    fn cancel_tickets(
        &mut self,
        event: EventKey,
        tickets: &[[u8; 16]],
        at: i64,
    ) -> Result<(&str, Sale), Contradiction> {
        let index = self.index_of("cancels tickets", event)?;
        self.shard.cancel(self.sequence, index, tickets, at)?;
        Ok(self.event_at(index))
    }

    fn check_in_ticket(
        &mut self,
        event: EventKey,
        ticket: &[u8; 16],
        undone: bool,
        at: i64,
    ) -> Result<(&str, Sale), Contradiction> {
        let index = self.index_of("checks in a ticket", event)?;
        let (from, to) = match undone {
            false => (TicketStatus::Booked, TicketStatus::CheckedIn),
            true => (TicketStatus::CheckedIn, TicketStatus::Booked),
        };
        self.shard.set_ticket(self.sequence, index, ticket, from, TicketState::new(to, Some(at)))?;
        Ok(self.event_at(index))
    }

    fn create_hold(
        &mut self,
        event: EventKey,
        id: &[u8; 16],
        hold: Hold,
        attendee: &str,
    ) -> Result<(&str, Sale), Contradiction> {
        let index = self.index_of("holds tickets", event)?;
        self.shard.create_hold(self.sequence, index, id, hold, attendee)?;
        Ok(self.event_at(index))
    }

    fn confirm_hold(
        &mut self,
        event: EventKey,
        id: &[u8; 16],
        attendee: &str,
        tickets: &[[u8; 16]],
        at: i64,
    ) -> Result<(&str, Sale), Contradiction> {
        let confirmed = EndedHold { end: HoldEnd::Confirmed, at };
        self.end_holds(event, std::slice::from_ref(id), confirmed)?;
        self.issue_tickets(event, attendee, tickets, Some(at))
    }

    fn extend_hold(
        &mut self,
        event: EventKey,
        id: &[u8; 16],
        deadline: i64,
    ) -> Result<(&str, Sale), Contradiction> {
        let index = self.index_of("extends a hold", event)?;
        self.shard.extend_hold(self.sequence, index, id, deadline)?;
        Ok(self.event_at(index))
    }

    fn end_holds(
        &mut self,
        event: EventKey,
        ids: &[[u8; 16]],
        ended: EndedHold,
    ) -> Result<(&str, Sale), Contradiction> {
        let index = self.index_of("ends holds", event)?;
        self.shard.end_holds(self.sequence, index, ids, ended)?;
        Ok(self.event_at(index))
    }

    fn forget_holds(&mut self, event: EventKey, ids: &[[u8; 16]]) -> Result<(), Contradiction> {
        let index = self.index_of("forgets holds", event)?;
        self.shard.forget_holds(self.sequence, index, ids)
    }

    fn delete_event(&mut self, event: EventKey) -> Result<(CompactString, Sale), Contradiction> {
        let index = self.index_of("is deleted", event)?;
        let deleted = self.shard.delete_event(self.sequence, index);
        lock_listing(self.listing).remove(self.sequence, &deleted.listing_key());
        Ok((deleted.id, deleted.sale))
    }

    fn create_entry(&mut self, number: EntryNumber, slot: Slot, entry: Entry) -> Result<(), Contradiction> {
        self.shard.take(self.sequence, number, slot, entry)
    }

    fn end_entry(&mut self, number: EntryNumber, slot: Slot) -> Result<Entry, Contradiction> {
        self.shard.free(self.sequence, slot, number)
    }

    fn use_key(&mut self, used: &UsedKey<'_>, at: i64) -> Result<(), Contradiction> {
        self.keys.replay(self.sequence, used, at)
    }

    fn forget_keys(&mut self, through: Sequence) -> Result<(), Contradiction> {
        self.keys.replay_forgetting(self.sequence, through);
        Ok(())
    }
}
