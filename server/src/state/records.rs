//! The records: all that the state contains, in shards, each behind a mutex.

use std::iter;
use std::ops::Range;
use std::sync::TryLockError;
use std::time::Instant;

use bookline_protocol::{Date, Period, TicketStatus, event_tag};
use compact_str::CompactString;

use super::account_table::{AccountTable, Accounts};
use super::events::EventIndex;
use super::keys::Keys;
use super::listing::{Listing, ListingKey};
use super::lock_waits::LockWaits;
use super::locked_shards::LockedShards;
use super::series_index::SeriesIndex;
use super::shard::{IdHasher, Shard};
use super::ticket_place::PlaceCipher;
use super::tickets::Ticket;
use crate::changes::commit::Commit;
use crate::changes::{Change, Origin, Record, Target, UsedKey};
use crate::codec::Sequence;
use crate::domain::account::{AccountNumber, AccountValues};
use crate::domain::calendar::Entry;
use crate::domain::hold::{EndedHold, Hold, HoldEnd};
use crate::domain::sale::Sale;
use crate::domain::{Contradiction, EntryNumber, EventKey, EventNumber, EventValues, TicketState};
use crate::storage::replay::Replay;
use crate::sync::{Mutex, MutexGuard};

/// The tickets and holds of deleted events that are freed with each change that is replayed: more than a
/// change usually adds.
const FREED_PER_REPLAYED_CHANGE: usize = 64;

const DAY_HOURS: u32 = 24;

const POISONED: &str = "a thread panicked while it held a shard";

/// The state without its journal, as replay builds it.
#[derive(Debug)]
pub struct Records {
    pub(super) shards: Box<[Mutex<Shard>]>,
    listing: Mutex<Listing>,
    series: Mutex<SeriesIndex>,
    pub(super) keys: Keys,
    pub(super) accounts: Accounts,
    pub(super) place_cipher: PlaceCipher,
    pub(super) lock_waits: LockWaits,
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
        let (listing, series, keys) = (Mutex::default(), Mutex::default(), Keys::default());
        let accounts = Accounts::default();
        let lock_waits = LockWaits::default();
        Self { shards, listing, series, keys, accounts, place_cipher, lock_waits }
    }

    /// Applies a change of a commit to the shard of its record.
    pub(super) fn apply(
        &self,
        shard: &mut Shard,
        origin: Origin,
        change: &Change<'_>,
    ) -> Result<(), Contradiction> {
        change.apply(origin, &mut self.applier(Shards::One(shard), origin.sequence))
    }

    /// Applies changes of a commit to these shards, which have their records.
    pub(super) fn applier<'a, 'g>(&'a self, shards: Shards<'a, 'g>, sequence: Sequence) -> Applier<'a, 'g> {
        let Self { listing, series, keys, accounts, .. } = self;
        Applier { listing, series, keys, accounts, shards, shard_count: self.shards.len(), sequence }
    }

    pub(super) fn shard_of_tag(&self, tag: u16) -> usize {
        shard_of_tag(tag, self.shards.len())
    }

    pub(super) fn shard_of_day(&self, date: Date) -> usize {
        shard_of_day(date.day_number(), self.shards.len())
    }

    /// The shards of the hours of a period.
    pub(super) fn shards_of(&self, period: Period) -> impl Iterator<Item = usize> + use<> {
        parts_of(period, self.shards.len()).map(|(shard, _)| shard)
    }

    /// A thread that panicked under this lock may have applied half of a change, so the process ends.
    #[inline]
    pub(super) fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        match self.shards[shard].try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::WouldBlock) => self.wait_for(shard),
            Err(TryLockError::Poisoned(_)) => crate::fatal(POISONED),
        }
    }

    /// Waits for a lock that another thread has. Only this path reads the clock.
    #[cold]
    fn wait_for(&self, shard: usize) -> MutexGuard<'_, Shard> {
        let begun = Instant::now();
        let guard = self.shards[shard].lock().unwrap_or_else(|_| crate::fatal(POISONED));
        self.lock_waits.add(begun.elapsed());
        guard
    }

    /// Lock order: after every shard.
    pub(super) fn listing(&self) -> MutexGuard<'_, Listing> {
        lock_listing(&self.listing)
    }

    /// Lock order: after every shard.
    pub(super) fn series(&self) -> MutexGuard<'_, SeriesIndex> {
        lock_series(&self.series)
    }
}

fn shard_of_tag(tag: u16, shard_count: usize) -> usize {
    usize::from(tag) & (shard_count - 1)
}

fn shard_of_day(day_number: u32, shard_count: usize) -> usize {
    day_number as usize & (shard_count - 1)
}

/// The hours of a period by the shards that have them, as indices of slots. A period has one or two days.
fn parts_of(period: Period, shard_count: usize) -> impl Iterator<Item = (usize, Range<u32>)> {
    let Range { start, end } = period.indices();
    let (day, midnight) = (start / DAY_HOURS, (start / DAY_HOURS + 1) * DAY_HOURS);
    let first = shard_of_day(day, shard_count);
    if end <= midnight || shard_count == 1 {
        return iter::once((first, start..end)).chain(None);
    }
    iter::once((first, start..midnight)).chain(Some((shard_of_day(day + 1, shard_count), midnight..end)))
}

fn lock_series(series: &Mutex<SeriesIndex>) -> MutexGuard<'_, SeriesIndex> {
    series.lock().unwrap_or_else(|_| crate::fatal("a thread panicked while it held the series"))
}

fn lock_listing(listing: &Mutex<Listing>) -> MutexGuard<'_, Listing> {
    listing.lock().unwrap_or_else(|_| crate::fatal("a thread panicked while it held the listing"))
}

impl Records {
    /// Applies a change in replay, where nothing else has the state.
    fn replay_change(&mut self, origin: Origin, change: &Change<'_>) -> Result<(), Contradiction> {
        let shard_count = self.shards.len();
        let Self { shards, listing, series, keys, accounts, .. } = self;
        let (listing, series, keys, accounts) = (&*listing, &*series, &*keys, &*accounts);
        let shards = Shards::All(shards);
        let sequence = origin.sequence;
        let mut applier = Applier { listing, series, keys, accounts, shards, shard_count, sequence };
        applier.replay(origin, change)
    }
}

impl Replay for Records {
    fn restore(&mut self, number: Sequence, change: &Change<'_>) -> Result<(), Contradiction> {
        self.replay_change(Origin { sequence: number, micros: None }, change)
    }

    fn replay(&mut self, commit: Commit<'_>) -> Result<(), Contradiction> {
        commit.check_and_apply(|change| self.replay_change(commit.origin(), change))
    }
}

/// The shards that changes are applied to.
pub(super) enum Shards<'a, 'g> {
    /// The shard of all their records.
    One(&'a mut Shard),
    /// Some shards, those of their records included.
    Locked(&'a mut LockedShards<'g>),
    /// All shards, in replay.
    All(&'a mut [Mutex<Shard>]),
}

impl Shards<'_, '_> {
    fn at(&mut self, index: usize) -> &mut Shard {
        match self {
            Self::One(shard) => shard,
            Self::Locked(shards) => &mut shards[index],
            Self::All(shards) => shards[index].get_mut().unwrap_or_else(|_| crate::fatal(POISONED)),
        }
    }
}

/// Applies the changes of one commit to the shards of their records, the listing, the series, the keys and
/// the accounts.
pub(super) struct Applier<'a, 'g> {
    listing: &'a Mutex<Listing>,
    series: &'a Mutex<SeriesIndex>,
    keys: &'a Keys,
    accounts: &'a Accounts,
    shards: Shards<'a, 'g>,
    shard_count: usize,
    sequence: Sequence,
}

impl Applier<'_, '_> {
    /// Applies a change of the log, and frees deleted events as it goes on, so that a replay needs no more
    /// memory than the state of a moment.
    pub(super) fn replay(&mut self, origin: Origin, change: &Change<'_>) -> Result<(), Contradiction> {
        change.apply(origin, self)?;
        if let Some(Record::Event { tag }) = change.record() {
            self.shard(tag).free_deleted(FREED_PER_REPLAYED_CHANGE);
        }
        Ok(())
    }

    /// The shard of the events with this tag.
    fn shard(&mut self, tag: u16) -> &mut Shard {
        self.shards.at(shard_of_tag(tag, self.shard_count))
    }

    /// The shard and the index of an event. `what` says what the change makes of it.
    fn locate(
        &mut self,
        what: &str,
        EventKey { tag, number }: EventKey,
    ) -> Result<(&mut Shard, EventIndex), Contradiction> {
        let shard = self.shard(tag);
        let index = shard.index_of_number(number);
        let index =
            index.ok_or_else(|| Contradiction(format!("event {} {what} and does not exist", number.0)))?;
        Ok((shard, index))
    }

    /// Changes the accounts, in replay: live they are locked already.
    fn change_accounts<T>(
        &self,
        change: impl FnOnce(&mut AccountTable) -> Result<T, Contradiction>,
    ) -> Result<(), Contradiction> {
        let mut accounts = self.accounts.lock();
        change(&mut accounts)?;
        self.accounts.publish(&accounts);
        Ok(())
    }
}

/// The id and the sale of an event.
fn event_at(shard: &Shard, index: EventIndex) -> (&str, Sale) {
    let event = shard.event_at(index);
    (&event.id, event.sale)
}

impl Target for Applier<'_, '_> {
    fn create_event(&mut self, number: EventNumber, event: &EventValues<'_>) -> Result<(), Contradiction> {
        let sequence = self.sequence;
        self.shard(event_tag(event.id)).create_event(sequence, number, event)?;
        lock_listing(self.listing).insert(self.sequence, ListingKey::of(event));
        Ok(())
    }

    fn update_event(
        &mut self,
        event: EventKey,
        values: &EventValues<'_>,
    ) -> Result<(&str, Sale), Contradiction> {
        let (listing, sequence) = (self.listing, self.sequence);
        let (shard, index) = self.locate("is updated", event)?;
        let old = shard.event_at(index).listing_key();
        shard.update(sequence, index, values)?;
        let new = ListingKey::of(values);
        if new != old {
            lock_listing(listing).replace(sequence, &old, new);
        }
        Ok(event_at(shard, index))
    }

    fn issue_tickets(
        &mut self,
        event: EventKey,
        attendee: &str,
        tickets: &[[u8; 16]],
        at: Option<i64>,
    ) -> Result<(&str, Sale), Contradiction> {
        let sequence = self.sequence;
        let (shard, index) = self.locate("issues tickets", event)?;
        let booked = TicketState::new(TicketStatus::Booked, at);
        shard.issue(sequence, index, attendee, tickets, booked)?;
        Ok(event_at(shard, index))
    }

    fn keep_tickets(
        &mut self,
        event: EventKey,
        attendee: &str,
        tickets: &[[u8; 16]],
        states: &[[u8; 8]],
    ) -> Result<(), Contradiction> {
        let sequence = self.sequence;
        let (shard, index) = self.locate("keeps tickets", event)?;
        let kept = tickets.iter().zip(states).map(|(&id, state)| {
            let state = TicketState::from_bytes(*state)?;
            Some(Ticket { id, state })
        });
        let kept: Option<Vec<_>> = kept.collect();
        let kept = kept.filter(|kept| kept.len() == tickets.len() && kept.len() == states.len());
        let kept = kept.ok_or_else(|| Contradiction("tickets have no valid states".into()))?;
        shard.keep_tickets(sequence, index, attendee, &kept)
    }

    fn cancel_tickets(
        &mut self,
        event: EventKey,
        tickets: &[[u8; 16]],
        at: i64,
    ) -> Result<(&str, Sale), Contradiction> {
        let sequence = self.sequence;
        let (shard, index) = self.locate("cancels tickets", event)?;
        shard.cancel(sequence, index, tickets, at)?;
        Ok(event_at(shard, index))
    }

    fn check_in_ticket(
        &mut self,
        event: EventKey,
        ticket: &[u8; 16],
        undone: bool,
        at: i64,
    ) -> Result<(&str, Sale), Contradiction> {
        let sequence = self.sequence;
        let (shard, index) = self.locate("checks in a ticket", event)?;
        let (from, to) = match undone {
            false => (TicketStatus::Booked, TicketStatus::CheckedIn),
            true => (TicketStatus::CheckedIn, TicketStatus::Booked),
        };
        shard.set_ticket(sequence, index, ticket, from, TicketState::new(to, Some(at)))?;
        Ok(event_at(shard, index))
    }

    fn create_hold(
        &mut self,
        event: EventKey,
        id: &[u8; 16],
        hold: Hold,
        attendee: &str,
    ) -> Result<(&str, Sale), Contradiction> {
        let sequence = self.sequence;
        let (shard, index) = self.locate("holds tickets", event)?;
        shard.create_hold(sequence, index, id, hold, attendee)?;
        Ok(event_at(shard, index))
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
    ) -> Result<((&str, Sale), u32), Contradiction> {
        let sequence = self.sequence;
        let (shard, index) = self.locate("extends a hold", event)?;
        let tickets = shard.extend_hold(sequence, index, id, deadline)?;
        Ok((event_at(shard, index), tickets))
    }

    fn end_holds(
        &mut self,
        event: EventKey,
        ids: &[[u8; 16]],
        ended: EndedHold,
    ) -> Result<((&str, Sale), u32), Contradiction> {
        let sequence = self.sequence;
        let (shard, index) = self.locate("ends holds", event)?;
        let tickets = shard.end_holds(sequence, index, ids, ended)?;
        Ok((event_at(shard, index), tickets))
    }

    fn forget_holds(&mut self, event: EventKey, ids: &[[u8; 16]]) -> Result<(), Contradiction> {
        let sequence = self.sequence;
        let (shard, index) = self.locate("forgets holds", event)?;
        shard.forget_holds(sequence, index, ids)
    }

    fn delete_event(&mut self, event: EventKey) -> Result<(CompactString, Sale), Contradiction> {
        let sequence = self.sequence;
        let (shard, index) = self.locate("is deleted", event)?;
        let deleted = shard.delete_event(sequence, index);
        lock_listing(self.listing).remove(self.sequence, &deleted.listing_key());
        Ok((deleted.id, deleted.sale))
    }

    fn create_entry(&mut self, number: EntryNumber, entry: Entry) -> Result<(), Contradiction> {
        let mut parts = parts_of(entry.period, self.shard_count);
        if let Some(series) = entry.series {
            lock_series(self.series).insert(series, entry.period.start(), number);
        }
        let (first, slots) = parts.next().ok_or_else(|| Contradiction("an entry has no hours".to_owned()))?;
        if let Some((second, slots)) = parts.next() {
            self.shards.at(second).take(self.sequence, number, slots, entry.clone())?;
        }
        self.shards.at(first).take(self.sequence, number, slots, entry)
    }

    fn end_entry(&mut self, number: EntryNumber, period: Period) -> Result<Entry, Contradiction> {
        let mut ended = None;
        for (shard, slots) in parts_of(period, self.shard_count) {
            ended = Some(self.shards.at(shard).free(self.sequence, number, slots)?);
        }
        let ended = ended.filter(|ended| ended.period == period);
        let ended = ended.ok_or_else(|| {
            let commit = number.commit().0;
            Contradiction(format!("an entry of commit {commit} ends, and has other hours"))
        })?;
        if let Some(series) = ended.series {
            lock_series(self.series).remove(series, period.start(), number);
        }
        Ok(ended)
    }

    fn use_key(&mut self, used: &UsedKey<'_>, at: i64) -> Result<(), Contradiction> {
        self.keys.replay(self.sequence, used, at)
    }

    fn forget_keys(&mut self, through: Sequence) -> Result<(), Contradiction> {
        self.keys.replay_forgetting(self.sequence, through);
        Ok(())
    }

    fn add_account(
        &mut self,
        account: AccountNumber,
        values: &AccountValues<'_>,
    ) -> Result<(), Contradiction> {
        let sequence = self.sequence;
        self.change_accounts(|accounts| accounts.add(sequence, account, values))
    }

    fn set_account(
        &mut self,
        account: AccountNumber,
        values: &AccountValues<'_>,
    ) -> Result<(), Contradiction> {
        let sequence = self.sequence;
        self.change_accounts(|accounts| accounts.set(sequence, account, values))
    }

    fn drop_account(&mut self, account: AccountNumber, name: &str) -> Result<(), Contradiction> {
        let sequence = self.sequence;
        self.change_accounts(|accounts| accounts.remove(sequence, account, name))
    }
}
