//! The records: all that the state contains, in shards, each behind a mutex.

use bookline_protocol::{Date, Slot};

use super::listing::{Listing, ListingKey};
use super::shard::{EventIndex, IdHasher, Shard};
use crate::changes::commit::Commit;
use crate::changes::{Change, Record, Target};
use crate::codec::Sequence;
use crate::domain::calendar::Entry;
use crate::domain::sale::Sale;
use crate::domain::{Contradiction, EntryNumber, EventKey, EventNumber, EventValues};
use crate::storage::replay::Replay;
use crate::sync::{Mutex, MutexGuard};

/// The state without its journal, as replay builds it.
#[derive(Debug)]
pub struct Records {
    pub(super) shards: Box<[Mutex<Shard>]>,
    listing: Mutex<Listing>,
}

impl Records {
    /// An empty state.
    ///
    /// # Panics
    ///
    /// If `shards` is not a power of two.
    pub fn new(shards: usize) -> Self {
        assert!(shards.is_power_of_two(), "the number of shards is a power of two");
        let hasher = IdHasher::default();
        let shards = (0..shards).map(|_| Mutex::new(Shard::new(hasher.clone()))).collect();
        Self { shards, listing: Mutex::default() }
    }

    pub(super) fn apply(
        &self,
        shard: &mut Shard,
        sequence: Sequence,
        change: &Change<'_>,
    ) -> Result<(), Contradiction> {
        change.apply(sequence, &mut Applier { records: self, shard, sequence })
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
        self.shards[shard].lock().unwrap_or_else(|_| crate::fatal("a thread panicked while it held a shard"))
    }

    /// Lock order: after every shard.
    pub(super) fn listing(&self) -> MutexGuard<'_, Listing> {
        self.listing.lock().unwrap_or_else(|_| crate::fatal("a thread panicked while it held the listing"))
    }
}

impl Replay for Records {
    fn restore(&self, number: Sequence, change: &Change<'_>) -> Result<(), Contradiction> {
        let shard = self.shard_of(change.record());
        self.apply(&mut self.lock(shard), number, change)
    }

    fn replay(&self, commit: Commit<'_>) -> Result<(), Contradiction> {
        for change in commit.changes() {
            let change = change.map_err(|unreadable| Contradiction(unreadable.to_string()))?;
            change.check_in_commit(commit.sequence.0)?;
            self.restore(commit.sequence, &change)?;
        }
        Ok(())
    }
}

/// Applies the changes of one commit to the shard of their record, and to the listing.
struct Applier<'a> {
    records: &'a Records,
    shard: &'a mut Shard,
    sequence: Sequence,
}

impl Applier<'_> {
    /// The index of an event. `what` says what the change makes of it.
    fn index_of(&self, what: &str, EventKey { number, .. }: EventKey) -> Result<EventIndex, Contradiction> {
        let index = self.shard.index_of_number(number);
        index.ok_or_else(|| Contradiction(format!("event {} {what} and does not exist", number.0)))
    }
}

impl Target for Applier<'_> {
    fn create_event(&mut self, number: EventNumber, event: &EventValues<'_>) -> Result<(), Contradiction> {
        self.shard.create_event(self.sequence, number, event)?;
        self.records.listing().insert(self.sequence, ListingKey::of(event));
        Ok(())
    }

    fn update_event(&mut self, event: EventKey, values: &EventValues<'_>) -> Result<(), Contradiction> {
        let index = self.index_of("is updated", event)?;
        let old = self.shard.event_at(index).listing_key();
        self.shard.update(self.sequence, index, values)?;
        let new = ListingKey::of(values);
        if new != old {
            self.records.listing().replace(self.sequence, &old, new);
        }
        Ok(())
    }

    fn issue_tickets(
        &mut self,
        event: EventKey,
        tickets: &[[u8; 16]],
    ) -> Result<(&str, Sale), Contradiction> {
        let index = self.index_of("issues tickets", event)?;
        self.shard.issue(self.sequence, index, tickets)?;
        let event = self.shard.event_at(index);
        Ok((&event.id, event.sale))
    }

    fn create_entry(&mut self, number: EntryNumber, slot: Slot, entry: Entry) -> Result<(), Contradiction> {
        self.shard.take(self.sequence, number, slot, entry)
    }

    fn end_entry(&mut self, number: EntryNumber, slot: Slot) -> Result<Entry, Contradiction> {
        self.shard.free(self.sequence, slot, number)
    }
}
