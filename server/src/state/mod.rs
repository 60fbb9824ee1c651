//! The store: state in shards, each behind a mutex. A change is decided under the lock, appended to the
//! journal and applied, and then the lock is released.
//!
//! A record is an event, whose tag selects the shard, or an hour of the calendar, whose date does. All hours
//! of a day are in one shard, so that a day is read at one moment under one lock. Locks are acquired in
//! ascending order and never held across an await, and nothing that takes long runs under one.
//!
//! The mutexes are the standard library's: they are held for a microsecond, and never across an await, which
//! is what an async mutex would be for.

mod calendar;
pub mod limits;
mod listing;
mod locked_shards;
mod records;
mod shard;
pub mod ticket_ids;
mod totals;

use std::sync::Arc;

use bookline_protocol::{Date, Slot, TicketId, event_tag};

use limits::Usage;
pub use limits::{Full, StateLimits};
pub use listing::ListingKey;
use locked_shards::LockedShards;
pub use records::Records;
pub use shard::Event;
use shard::Shard;
pub use totals::Totals;

use crate::changes::{BlockTaken, Change, EntryEnded, EventCreated, MeetingTaken, TicketsBooked};
use crate::codec::Sequence;
pub use crate::domain::NewEvent;
use crate::domain::calendar::{Entry, Meeting, attendees};
use crate::domain::{Contradiction, EntryNumber, EventKey, Rejection};
use crate::storage::log::{AppendError, Log};
use crate::sync::MutexGuard;

/// The newest commit that a reply reveals: the maximum over the shards, and the listing, that it was computed
/// from. The reply is sent when that commit is durable, so that it reveals nothing that a crash could take
/// back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DependsOn(pub Sequence);

impl DependsOn {
    fn include(&mut self, last: Sequence) {
        self.0 = self.0.max(last);
    }
}

/// The state rejects a change. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateRejection {
    NoSuchEvent,
    /// An event with this id exists.
    IdTaken,
    Rule(Rejection),
    Full(Full),
    AppendError(AppendError),
    /// The entry to replace is larger than the caller accepts.
    TooLarge,
}

impl From<Rejection> for StateRejection {
    fn from(rejection: Rejection) -> Self {
        Self::Rule(rejection)
    }
}

impl From<Full> for StateRejection {
    fn from(full: Full) -> Self {
        Self::Full(full)
    }
}

impl From<AppendError> for StateRejection {
    fn from(append_error: AppendError) -> Self {
        Self::AppendError(append_error)
    }
}

/// An entry to create.
#[derive(Debug, Clone, Copy)]
pub enum NewEntry<'a> {
    Block,
    /// A meeting of the person who requests it, `host` and the comma-separated `group`.
    Meeting {
        title: &'a str,
        group: &'a str,
        host: &'a str,
    },
}

/// Replaces `who`'s entry in the slot `old` by another one in the slot `new`.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a> {
    pub who: &'a str,
    pub old: Slot,
    pub new: Slot,
    pub entry: NewEntry<'a>,
}

/// A handle of the state and its log, cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    records: Arc<Records>,
    usage: Arc<Usage>,
    log: Arc<dyn Log>,
}

impl Store {
    /// A store of the state that replay built. Changes go through `log` from now on.
    pub fn new(records: Records, limits: StateLimits, log: Arc<dyn Log>) -> Self {
        let mut totals = Totals::default();
        (0..records.shards.len()).for_each(|shard| totals.add(&records.lock(shard)));
        Self { records: Arc::new(records), usage: Usage::of(&totals, limits).into(), log }
    }

    pub fn limits(&self) -> StateLimits {
        self.usage.limits()
    }

    /// The limits that are exceeded, as after a start with lower ones.
    pub fn exceeded_limits(&self) -> impl Iterator<Item = Full> {
        self.usage.exceeded_limits()
    }

    pub fn log(&self) -> &dyn Log {
        &*self.log
    }

    /// Appends a decided change and applies it, under the lock of its shard.
    fn commit(
        &self,
        shard: &mut Shard,
        micros: i64,
        change: &Change<'_>,
        depends_on: &mut DependsOn,
    ) -> Result<(), AppendError> {
        let sequence = self.log.append(micros, std::slice::from_ref(change))?;
        self.apply(shard, sequence, change);
        depends_on.include(shard.last);
        Ok(())
    }

    fn apply(&self, shard: &mut Shard, sequence: Sequence, change: &Change<'_>) {
        self.records.apply(shard, sequence, change).unwrap_or_else(end_on_contradiction);
    }

    fn lock(&self, shard: usize, depends_on: &mut DependsOn) -> MutexGuard<'_, Shard> {
        let shard = self.records.lock(shard);
        depends_on.include(shard.last);
        shard
    }

    /// Locks several shards, each once.
    fn lock_all(&self, indices: &mut [usize], depends_on: &mut DependsOn) -> LockedShards<'_> {
        LockedShards::lock(indices, |index| self.lock(index, depends_on))
    }

    pub fn create(
        &self,
        event: &NewEvent<'_>,
        micros: i64,
        depends_on: &mut DependsOn,
    ) -> Result<(), StateRejection> {
        let tag = event_tag(event.id);
        let mut shard = self.lock(self.records.shard_of_tag(tag), depends_on);
        if shard.event(event.id).is_some() {
            return Err(StateRejection::IdTaken);
        }
        let NewEvent { id, name, date, total, issued } = *event;
        let reserved = self.usage.events.reserve(1)?;
        let created = EventCreated { tag, id, name, date, total, issued };
        self.commit(&mut shard, micros, &created.into(), depends_on)?;
        reserved.keep();
        Ok(())
    }

    /// Calls `read` with the event under the lock of its shard, so `read` must be short.
    pub fn event<R>(
        &self,
        id: &str,
        depends_on: &mut DependsOn,
        read: impl FnOnce(&Event) -> R,
    ) -> Option<R> {
        let shard = self.lock(self.records.shard_of_tag(event_tag(id)), depends_on);
        shard.event(id).map(read)
    }

    /// Whether `count` tickets could be booked at this moment.
    pub fn can_book(&self, id: &str, count: u32, depends_on: &mut DependsOn) -> Result<(), StateRejection> {
        let shard = self.lock(self.records.shard_of_tag(event_tag(id)), depends_on);
        let event = shard.event(id).ok_or(StateRejection::NoSuchEvent)?;
        event.sale.decide_booking(count)?;
        Ok(self.usage.tickets.check_limit(count.into())?)
    }

    /// Issues tickets with these ids, all or none, after it has written the event's tag into them. Returns
    /// the number of tickets that are left.
    pub fn book(
        &self,
        id: &str,
        tickets: &mut [[u8; 16]],
        micros: i64,
        depends_on: &mut DependsOn,
    ) -> Result<u32, StateRejection> {
        let tag = event_tag(id);
        ticket_ids::set_tag(tickets, tag);
        let mut shard = self.lock(self.records.shard_of_tag(tag), depends_on);
        let index = shard.index_of(id).ok_or(StateRejection::NoSuchEvent)?;
        let sale = shard.sale(index);
        let count = u32::try_from(tickets.len()).expect("a booking is bounded by the protocol's limits");
        sale.decide_booking(count)?;
        let reserved = self.usage.tickets.reserve(count.into())?;
        let event = EventKey { tag, number: sale.number };
        let issued = sale.issued + count;
        let booked = TicketsBooked { event, id, total: sale.total, issued, tickets };
        let sequence = self.log.append(micros, &[booked.into()])?;
        reserved.keep();
        shard.issue(sequence, index, tickets).unwrap_or_else(end_on_contradiction);
        depends_on.include(shard.last);
        Ok(sale.available() - count)
    }

    /// Calls `read` with the event that issued a ticket, under the lock of its shard, so `read` must be
    /// short.
    pub fn ticket<R>(
        &self,
        ticket: TicketId,
        depends_on: &mut DependsOn,
        read: impl FnOnce(&Event) -> R,
    ) -> Option<R> {
        let shard = self.lock(self.records.shard_of_tag(ticket.tag()), depends_on);
        shard.event_of_ticket(&ticket.0).map(read)
    }

    /// The keys of up to `count` events after `after`. The caller reads each event on its own.
    pub fn page(
        &self,
        after: Option<&ListingKey>,
        count: usize,
        depends_on: &mut DependsOn,
    ) -> Vec<ListingKey> {
        let listing = self.records.listing();
        depends_on.include(listing.last);
        listing.page(after, count)
    }

    /// Creates an entry, which fills the slot of all its people.
    pub fn take(
        &self,
        who: &str,
        slot: Slot,
        entry: &NewEntry<'_>,
        micros: i64,
        depends_on: &mut DependsOn,
    ) -> Result<(), StateRejection> {
        // Copied and counted before the lock is acquired: a group may have 65 kB.
        let new_entry = entry.entry_of(who);
        let hours = new_entry.people_count() as u64;
        let mut shard = self.lock(self.records.shard_of_day(slot.date), depends_on);
        let busy = shard.hour(slot).map_or_else(Vec::new, |hour| hour.busy(entry.people(who), None));
        if !busy.is_empty() {
            drop(shard);
            return Err(Rejection::busy(&busy).into());
        }
        let reserved = self.usage.person_hours.reserve(hours)?;
        let sequence = self.log.append(micros, &[entry.change_of(who, slot)])?;
        reserved.keep();
        shard.take(sequence, EntryNumber(sequence.0), slot, new_entry).unwrap_or_else(end_on_contradiction);
        depends_on.include(shard.last);
        Ok(())
    }

    /// Frees `who`'s block, or, for all its people, the meeting that `who` hosts. Returns the entry.
    pub fn free(
        &self,
        who: &str,
        slot: Slot,
        micros: i64,
        depends_on: &mut DependsOn,
    ) -> Result<Entry, StateRejection> {
        let mut shard = self.lock(self.records.shard_of_day(slot.date), depends_on);
        let hour = shard.hour(slot).ok_or(Rejection::NoEntry)?;
        let (number, entry) = hour.decide_freeing(who)?;
        let entry = entry.clone();
        let before = shard.person_hours;
        let ended = EntryEnded::of(slot, number, &entry);
        self.commit(&mut shard, micros, &ended.into(), depends_on)?;
        self.usage.person_hours.release(before - shard.person_hours);
        Ok(entry)
    }

    /// Replaces an entry in one commit: a rejection leaves the old one unchanged. Returns the old entry,
    /// whose size `accepts` has to accept.
    pub fn replace(
        &self,
        replacement: &Replacement<'_>,
        accepts: impl FnOnce(&Entry) -> bool,
        micros: i64,
        depends_on: &mut DependsOn,
    ) -> Result<Entry, StateRejection> {
        let Replacement { who, old, new, ref entry } = *replacement;
        let (from, to) = (self.records.shard_of_day(old.date), self.records.shard_of_day(new.date));
        let new_entry = entry.entry_of(who);
        let hours = new_entry.people_count() as u64;
        let mut shards = self.lock_all(&mut [from, to], depends_on);
        let (number, freed) = shards[from].hour(old).ok_or(Rejection::NoEntry)?.decide_freeing(who)?;
        if !accepts(freed) {
            return Err(StateRejection::TooLarge);
        }
        let freed = freed.clone();
        let replaced = (old == new).then_some(number);
        let hour = shards[to].hour(new);
        let busy = hour.map_or_else(Vec::new, |hour| hour.busy(entry.people(who), replaced));
        if !busy.is_empty() {
            drop(shards);
            return Err(Rejection::busy(&busy).into());
        }
        // A replacement that does not grow the state is allowed above the limit, too.
        let hours_freed = freed.people_count() as u64;
        let reserved = self.usage.person_hours.reserve(hours.saturating_sub(hours_freed))?;
        let changes = [EntryEnded::of(old, number, &freed).into(), entry.change_of(who, new)];
        let sequence = self.log.append(micros, &changes)?;
        reserved.keep();
        self.apply(&mut shards[from], sequence, &changes[0]);
        let created = shards[to].take(sequence, EntryNumber(sequence.0), new, new_entry);
        created.unwrap_or_else(end_on_contradiction);
        self.usage.person_hours.release(hours_freed.saturating_sub(hours));
        depends_on.include(sequence);
        Ok(freed)
    }

    /// `who`'s entries of a day at one moment, earliest first.
    pub fn day(&self, who: &str, date: Date, depends_on: &mut DependsOn) -> Vec<(Slot, Entry)> {
        let shard = self.lock(self.records.shard_of_day(date), depends_on);
        let entries = shard.hours(date).filter_map(|(hour, record)| {
            let (_, entry) = record.entry_of(who)?;
            Some((Slot { date, hour }, entry.clone()))
        });
        entries.collect()
    }

    /// Meetings of an hour after the entry `after` at one moment, in the order of their creation, as long as
    /// `fits`, called with the number of meetings so far, accepts the next. It bounds their number, as they
    /// are read under one lock: an hour may have millions. Also returns the entry to continue after, if more
    /// follow.
    pub fn meetings(
        &self,
        slot: Slot,
        after: Option<EntryNumber>,
        mut fits: impl FnMut(usize, &Meeting) -> bool,
        depends_on: &mut DependsOn,
    ) -> (Vec<Meeting>, Option<EntryNumber>) {
        let shard = self.lock(self.records.shard_of_day(slot.date), depends_on);
        let (mut meetings, mut last) = (Vec::new(), after);
        let following = shard.hour(slot).into_iter().flat_map(|hour| hour.meetings(after));
        for (number, meeting) in following {
            if !fits(meetings.len(), meeting) {
                return (meetings, last);
            }
            meetings.push(meeting.clone());
            last = Some(number);
        }
        (meetings, None)
    }

    /// Totals at one moment. It holds the locks of all shards together: an entry that moved from one shard to
    /// another in between would be counted twice or not at all.
    pub fn totals(&self, depends_on: &mut DependsOn) -> Totals {
        let mut totals = Totals::default();
        let mut indices: Vec<_> = (0..self.records.shards.len()).collect();
        let shards = self.lock_all(&mut indices, depends_on);
        shards.iter().for_each(|shard| totals.add(shard));
        // An append needs the lock of a shard, and all are held. Recovery may have read commits that left no
        // record.
        totals.sequence = self.log.appended();
        depends_on.include(totals.sequence);
        debug_assert!(self.usage.equals(&totals), "usage is {:?}, totals are {totals:?}", self.usage);
        totals
    }
}

/// The change is appended already and cannot be taken back, so the process ends.
fn end_on_contradiction(contradiction: Contradiction) {
    crate::fatal(&format!("a decision contradicts the state it was made on: {contradiction}"))
}

impl NewEntry<'_> {
    /// The people whose slot it fills, each once.
    pub fn people<'a>(&'a self, who: &'a str) -> impl Iterator<Item = &'a str> {
        let (block, meeting) = match *self {
            NewEntry::Block => (Some(who), None),
            NewEntry::Meeting { host, group, .. } => (None, Some(attendees(who, host, group))),
        };
        block.into_iter().chain(meeting.into_iter().flatten())
    }

    fn entry_of(&self, who: &str) -> Entry {
        match *self {
            NewEntry::Block => Entry::block(who),
            NewEntry::Meeting { title, group, host } => Entry::meeting(who, title, group, host),
        }
    }

    fn change_of<'a>(&'a self, who: &'a str, slot: Slot) -> Change<'a> {
        match *self {
            NewEntry::Block => BlockTaken { slot, who }.into(),
            NewEntry::Meeting { title, group, host } => MeetingTaken { slot, who, title, group, host }.into(),
        }
    }
}
