//! The store: state in shards, each behind a mutex. Decide under the lock, append to the journal, apply, unlock.
//!
//! A record is an event, found by its tag, or an hour of the calendar, found by its date: all hours of a day share
//! a shard, so that a day is seen at one moment under one lock. Locks are taken in ascending order, never across an
//! await, and nothing that takes long is done under one.
//!
//! The mutexes are the standard library's: they are held for a microsecond and never across an await, which is what
//! an async mutex would be for.

mod calendar_hour;
pub mod limits;
mod listing;
mod shard;
pub mod ticket_ids;
mod totals;

use std::sync::Arc;

use bookline_protocol::{Date, Slot, TicketId, event_tag};

use limits::Counts;
pub use limits::{Full, StateLimits};
use listing::Listing;
pub use listing::Place;
pub use shard::Event;
use shard::{IdHasher, Shard};
pub use totals::Totals;

use crate::codec::Sequence;
use crate::codec::commit::Commit;
use crate::domain::calendar::{Entry, Meeting, attendees};
use crate::domain::{Change, Contradiction, EntryNumber, EventKey, Rejection};
use crate::storage::journal::{AppendError, Journal};
use crate::storage::replay::Replay;
use crate::sync::{Mutex, MutexGuard};

/// Entries of an hour that are looked at under one lock: some 10 µs. A popular hour may have millions.
const ENTRIES_AT_ONCE: usize = 1_000;

/// The last commit in any shard, or in the listing, that a reply looked at. The reply may go out when that commit is
/// durable: nothing is shown that a crash could take back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DependsOn(pub Sequence);

impl DependsOn {
    fn note(&mut self, last: Sequence) {
        self.0 = self.0.max(last);
    }
}

/// Why a change was not made. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateRejection {
    /// No event has this id.
    NoSuchEvent,
    /// An event has this id already.
    IdTaken,
    /// A rule said no.
    Rule(Rejection),
    /// There would be more than there may be.
    Full(Full),
    /// The journal said no.
    AppendError(AppendError),
    /// Who asked does not take an entry of this size.
    TooLarge,
}

impl From<Rejection> for StateRejection {
    fn from(refused: Rejection) -> Self {
        Self::Rule(refused)
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

/// An event to be.
#[derive(Debug, Clone, Copy)]
pub struct NewEvent<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its date.
    pub date: Date,
    /// Tickets in all.
    pub total: u32,
    /// Tickets sold before it came here.
    pub issued: u32,
}

/// An entry to be.
#[derive(Debug, Clone, Copy)]
pub enum NewEntry<'a> {
    /// A block.
    Block,
    /// A meeting of who asks, `host` and the comma-separated `group`.
    Meeting {
        /// What it is about.
        title: &'a str,
        /// Its members.
        group: &'a str,
        /// Its host.
        host: &'a str,
    },
}

/// An entry that gives way to another one.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a> {
    /// Whose it is.
    pub who: &'a str,
    /// Where it is.
    pub old: Slot,
    /// Where the other one is to be.
    pub new: Slot,
    /// The other one.
    pub entry: NewEntry<'a>,
}

/// State and journal. A cheap handle.
#[derive(Debug, Clone)]
pub struct Store {
    records: Arc<Records>,
    counts: Arc<Counts>,
    journal: Arc<Journal>,
}

/// The state without its journal: what replay builds.
#[derive(Debug)]
pub struct Records {
    shards: Box<[Mutex<Shard>]>,
    listing: Mutex<Listing>,
}

impl Records {
    /// Empty, in `shards` shards; a power of two.
    pub fn new(shards: usize) -> Self {
        assert!(shards.is_power_of_two(), "the number of shards is a power of two");
        let hasher = IdHasher::default();
        let shards = (0..shards).map(|_| Mutex::new(Shard::new(hasher.clone()))).collect();
        Self { shards, listing: Mutex::default() }
    }

    fn apply(&self, shard: &mut Shard, sequence: Sequence, change: &Change<'_>) -> Result<(), Contradiction> {
        shard.apply(sequence, change)?;
        if let Change::EventCreated { id, name, date, .. } = *change {
            self.listing().insert(sequence, Place { date, name: name.into(), id: id.into() });
        }
        Ok(())
    }

    fn shard_of_tag(&self, tag: u16) -> usize {
        usize::from(tag) & (self.shards.len() - 1)
    }

    fn shard_of_day(&self, date: Date) -> usize {
        date.day_number() as usize & (self.shards.len() - 1)
    }

    /// Whoever panicked under this lock left half a change: there is no going on.
    fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        self.shards[shard].lock().unwrap_or_else(|_| crate::fatal("a thread panicked while it held a shard"))
    }

    /// The order of events. Its lock comes after every shard's.
    fn listing(&self) -> MutexGuard<'_, Listing> {
        self.listing.lock().unwrap_or_else(|_| crate::fatal("a thread panicked while it held the listing"))
    }
}

impl Replay for Records {
    fn restore(&self, number: Sequence, change: &Change<'_>) -> Result<(), Contradiction> {
        let shard = match *change {
            Change::EventCreated { tag, .. } => self.shard_of_tag(tag),
            Change::TicketsIssued { event, .. } => self.shard_of_tag(event.tag),
            Change::BlockTaken { slot, .. }
            | Change::MeetingTaken { slot, .. }
            | Change::EntryFreed { slot, .. } => self.shard_of_day(slot.date),
        };
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

impl Store {
    /// The state that replay built, to be changed through the journal from now on, and to grow up to these limits.
    pub fn new(records: Records, limits: StateLimits, journal: Arc<Journal>) -> Self {
        let mut totals = Totals::default();
        (0..records.shards.len()).for_each(|shard| totals.add(&records.lock(shard)));
        Self { records: Arc::new(records), counts: Counts::of(&totals, limits).into(), journal }
    }

    /// The most that there may be.
    pub fn limits(&self) -> StateLimits {
        self.counts.limits()
    }

    /// Of what there is more than there may be, as after a start with lower limits.
    pub fn excess(&self) -> impl Iterator<Item = Full> {
        self.counts.excess()
    }

    /// The journal behind it.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Appends what was decided and applies it, under the lock of its shard.
    fn commit(
        &self,
        shard: &mut Shard,
        micros: i64,
        change: &Change<'_>,
        seen: &mut DependsOn,
    ) -> Result<(), AppendError> {
        let sequence = self.journal.append(micros, std::slice::from_ref(change))?;
        self.apply(shard, sequence, change);
        seen.note(shard.last);
        Ok(())
    }

    fn apply(&self, shard: &mut Shard, sequence: Sequence, change: &Change<'_>) {
        self.records.apply(shard, sequence, change).unwrap_or_else(contradicted);
    }

    fn lock(&self, shard: usize, seen: &mut DependsOn) -> MutexGuard<'_, Shard> {
        let shard = self.records.lock(shard);
        seen.note(shard.last);
        shard
    }

    /// Creates an event.
    pub fn create(
        &self,
        event: &NewEvent<'_>,
        micros: i64,
        seen: &mut DependsOn,
    ) -> Result<(), StateRejection> {
        let tag = event_tag(event.id);
        let mut shard = self.lock(self.records.shard_of_tag(tag), seen);
        if shard.event(event.id).is_some() {
            return Err(StateRejection::IdTaken);
        }
        let NewEvent { id, name, date, total, issued } = *event;
        let reserved = self.counts.events.reserve(1)?;
        let created = Change::EventCreated { tag, id, name, date, total, issued };
        self.commit(&mut shard, micros, &created, seen)?;
        reserved.keep();
        Ok(())
    }

    /// Gives `read` the event of this id, under its lock: read little.
    pub fn event<R>(&self, id: &str, seen: &mut DependsOn, read: impl FnOnce(&Event) -> R) -> Option<R> {
        let shard = self.lock(self.records.shard_of_tag(event_tag(id)), seen);
        shard.event(id).map(read)
    }

    /// Could so many tickets be sold at this moment?
    pub fn can_book(&self, id: &str, count: u32, seen: &mut DependsOn) -> Result<(), StateRejection> {
        let shard = self.lock(self.records.shard_of_tag(event_tag(id)), seen);
        let event = shard.event(id).ok_or(StateRejection::NoSuchEvent)?;
        event.sale.decide_booking(count)?;
        Ok(self.counts.tickets.has_room(count.into())?)
    }

    /// Sells these tickets, all or none, once their ids carry the event's tag. Says what is left.
    pub fn book(
        &self,
        id: &str,
        tickets: &mut [[u8; 16]],
        micros: i64,
        seen: &mut DependsOn,
    ) -> Result<u32, StateRejection> {
        let tag = event_tag(id);
        ticket_ids::stamp(tickets, tag);
        let mut shard = self.lock(self.records.shard_of_tag(tag), seen);
        let index = shard.index_of(id).ok_or(StateRejection::NoSuchEvent)?;
        let sale = shard.sale(index);
        let count = u32::try_from(tickets.len()).expect("a booking is bounded by the protocol's limits");
        sale.decide_booking(count)?;
        let reserved = self.counts.tickets.reserve(count.into())?;
        let event = EventKey { tag, number: sale.number };
        let sequence = self.journal.append(micros, &[Change::TicketsIssued { event, tickets }])?;
        reserved.keep();
        shard.issue(sequence, index, tickets).unwrap_or_else(contradicted);
        seen.note(shard.last);
        Ok(sale.available() - count)
    }

    /// The id of the event that issued a ticket, given to `read`.
    pub fn ticket<R>(
        &self,
        ticket: TicketId,
        seen: &mut DependsOn,
        read: impl FnOnce(&Event) -> R,
    ) -> Option<R> {
        let shard = self.lock(self.records.shard_of_tag(ticket.tag()), seen);
        shard.event_of_ticket(&ticket.0).map(read)
    }

    /// The places of up to `count` events behind `after`. What they stand for is read one by one.
    pub fn page(&self, after: Option<&Place>, count: usize, seen: &mut DependsOn) -> Vec<Place> {
        let listing = self.records.listing();
        seen.note(listing.last);
        listing.page(after, count)
    }

    /// Fills `who`'s slot by a block, or the slot of all its people by a meeting.
    pub fn take(
        &self,
        who: &str,
        slot: Slot,
        entry: &NewEntry<'_>,
        micros: i64,
        seen: &mut DependsOn,
    ) -> Result<(), StateRejection> {
        // Copied and counted before the lock is taken: a group may have 65 kB.
        let (made, hours) = (entry.made(who), entry.people(who).count() as u64);
        let mut shard = self.lock(self.records.shard_of_day(slot.date), seen);
        let busy = shard.hour(slot).map_or_else(Vec::new, |hour| hour.busy(entry.people(who), None));
        if !busy.is_empty() {
            drop(shard);
            return Err(Rejection::busy(&busy).into());
        }
        let reserved = self.counts.person_hours.reserve(hours)?;
        let sequence = self.journal.append(micros, &[entry.taken(who, slot)])?;
        reserved.keep();
        shard.take(sequence, slot, made).unwrap_or_else(contradicted);
        seen.note(shard.last);
        Ok(())
    }

    /// Frees `who`'s block, or the meeting that `who` hosts for everyone in it. Says which it was.
    pub fn free(
        &self,
        who: &str,
        slot: Slot,
        micros: i64,
        seen: &mut DependsOn,
    ) -> Result<Entry, StateRejection> {
        let mut shard = self.lock(self.records.shard_of_day(slot.date), seen);
        let hour = shard.hour(slot).ok_or(Rejection::NoEntry)?;
        let (number, entry) = hour.decide_freeing(who)?;
        let entry = entry.clone();
        let before = shard.person_hours;
        self.commit(&mut shard, micros, &Change::EntryFreed { slot, entry: number }, seen)?;
        self.counts.person_hours.give_back(before - shard.person_hours);
        Ok(entry)
    }

    /// Replaces an entry by another one in one commit: whatever is refused, the old one is there untouched. Says which it
    /// was, if `takes` agrees to its size.
    pub fn replace(
        &self,
        replacement: &Replacement<'_>,
        takes: impl FnOnce(&Entry) -> bool,
        micros: i64,
        seen: &mut DependsOn,
    ) -> Result<Entry, StateRejection> {
        let Replacement { who, old, new, ref entry } = *replacement;
        let (from, to) = (self.records.shard_of_day(old.date), self.records.shard_of_day(new.date));
        let (made, hours) = (entry.made(who), entry.people(who).count() as u64);
        // Ascending, so that two replacements in opposite directions never wait for each other.
        let mut low = self.lock(from.min(to), seen);
        let mut high = (from != to).then(|| self.lock(from.max(to), seen));
        let (source, target) = match &mut high {
            None => (&mut *low, None),
            Some(high) if from < to => (&mut *low, Some(&mut **high)),
            Some(high) => (&mut **high, Some(&mut *low)),
        };

        let (number, freed) = source.hour(old).ok_or(Rejection::NoEntry)?.decide_freeing(who)?;
        if !takes(freed) {
            return Err(StateRejection::TooLarge);
        }
        let freed = freed.clone();
        let hour = target.as_deref().unwrap_or(source).hour(new);
        let replaced = (old == new).then_some(number);
        let busy = hour.map_or_else(Vec::new, |hour| hour.busy(entry.people(who), replaced));
        if !busy.is_empty() {
            drop((low, high));
            return Err(Rejection::busy(&busy).into());
        }
        // What does not grow is allowed above the limit, too.
        let hours_freed = freed.people().count() as u64;
        let reserved = self.counts.person_hours.reserve(hours.saturating_sub(hours_freed))?;
        let changes = [Change::EntryFreed { slot: old, entry: number }, entry.taken(who, new)];
        let sequence = self.journal.append(micros, &changes)?;
        reserved.keep();
        self.apply(source, sequence, &changes[0]);
        target.unwrap_or(source).take(sequence, new, made).unwrap_or_else(contradicted);
        self.counts.person_hours.give_back(hours_freed.saturating_sub(hours));
        seen.note(sequence);
        Ok(freed)
    }

    /// What `who` has on a day, earliest first, as of one moment.
    pub fn day(&self, who: &str, date: Date, seen: &mut DependsOn) -> Vec<(Slot, Entry)> {
        let shard = self.lock(self.records.shard_of_day(date), seen);
        let taken = shard.hours(date).filter_map(|(hour, record)| {
            let (_, entry) = record.of(who)?;
            Some((Slot { date, hour }, entry.clone()))
        });
        taken.collect()
    }

    /// Meetings of an hour behind the entry `behind`, in the order they were made, as of one moment: as long as `fits`,
    /// which is told how many were taken, takes one more. With them comes the entry behind which to go on, if more may
    /// follow.
    pub fn meetings(
        &self,
        slot: Slot,
        behind: Option<EntryNumber>,
        mut fits: impl FnMut(usize, &Meeting) -> bool,
        seen: &mut DependsOn,
    ) -> (Vec<Arc<Meeting>>, Option<EntryNumber>) {
        let shard = self.lock(self.records.shard_of_day(slot.date), seen);
        let (mut meetings, mut last) = (Vec::new(), behind);
        let entries = shard.hour(slot).into_iter().flat_map(|hour| hour.entries(behind));
        for (looked_at, (number, entry)) in entries.enumerate() {
            match entry {
                _ if looked_at == ENTRIES_AT_ONCE => return (meetings, last),
                Entry::Meeting(meeting) if !fits(meetings.len(), meeting) => return (meetings, last),
                Entry::Meeting(meeting) => meetings.push(meeting.clone()),
                Entry::Block { .. } => {}
            }
            last = Some(number);
        }
        (meetings, None)
    }

    /// What there is in all. The locks of all shards are held together, taken in ascending order: shard by shard, what
    /// moves from one to another meanwhile would be counted twice or not at all.
    pub fn totals(&self, seen: &mut DependsOn) -> Totals {
        let mut totals = Totals::default();
        // Made before the first lock is taken: nothing is allocated under one.
        let mut shards = Vec::with_capacity(self.records.shards.len());
        for index in 0..self.records.shards.len() {
            let shard = self.lock(index, seen);
            totals.add(&shard);
            shards.push(shard);
        }
        // Nobody appends without the lock of a shard. Recovery may have read commits that left nothing in any.
        totals.sequence = self.journal.appended();
        seen.note(totals.sequence);
        debug_assert!(self.counts.agree_with(&totals), "{:?} are counted, there are {totals:?}", self.counts);
        totals
    }
}

/// What is on its way to disk cannot be taken back: there is no going on.
fn contradicted(contradiction: Contradiction) {
    crate::fatal(&format!("a decision contradicts the state it was made on: {contradiction}"))
}

impl NewEntry<'_> {
    /// Everyone whose slot it takes, each once.
    pub fn people<'a>(&'a self, who: &'a str) -> impl Iterator<Item = &'a str> {
        let (block, meeting) = match *self {
            NewEntry::Block => (Some(who), None),
            NewEntry::Meeting { host, group, .. } => (None, Some(attendees(who, host, group))),
        };
        block.into_iter().chain(meeting.into_iter().flatten())
    }

    /// The entry itself.
    fn made(&self, who: &str) -> Entry {
        match *self {
            NewEntry::Block => Entry::Block { who: who.into() },
            NewEntry::Meeting { title, group, host } => {
                let (who, host) = (who.into(), host.into());
                Entry::Meeting(Meeting { who, title: title.into(), group: group.into(), host }.into())
            }
        }
    }

    /// That it fills the slot.
    fn taken<'a>(&'a self, who: &'a str, slot: Slot) -> Change<'a> {
        match *self {
            NewEntry::Block => Change::BlockTaken { slot, who },
            NewEntry::Meeting { title, group, host } => {
                Change::MeetingTaken { slot, who, title, group, host }
            }
        }
    }
}
