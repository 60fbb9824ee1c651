//! The store: decides requests under the locks of their records.

use std::sync::Arc;

use bookline_protocol::{Date, Slot, event_tag};
use compact_str::CompactString;

use super::context::Context;
use super::due_holds::DueHolds;
use super::error::{Error, IdTaken, UpdateRejection};
use super::events::{Event, UpdatedEvent};
use super::keyed::{Keyed, Recorded, record};
use super::limits::{Full, StateLimits, Usage};
use super::listing::ListingKey;
use super::lock_waits::LockWaits;
use super::locked_shards::LockedShards;
use super::records::Records;
use super::shard::Shard;
use super::ticket_place::PlaceCipher;
use super::totals::Totals;
use crate::changes::{Change, EventAdded, EventAfter, EventUpdated, HOLDS_ENDED_MAX, Origin};
use crate::codec::Sequence;
use crate::domain::account::Actor;
use crate::domain::calendar::Entry;
use crate::domain::sale::Sale;
use crate::domain::{BelowSold, Contradiction, EntryNumber, EventKey, EventUpdate, EventValues};
use crate::storage::log::{AppendError, Appended, Log};
use crate::sync::MutexGuard;
use crate::time::clock::Clock;

/// A handle of the state and its log, cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) records: Arc<Records>,
    pub(super) usage: Arc<Usage>,
    pub(super) log: Arc<dyn Log>,
    pub(super) clock: Arc<Clock>,
}

impl Store {
    /// A store of the state that replay built. Changes go through `log` from now on, with the time of
    /// `clock`.
    pub fn new(records: Records, limits: StateLimits, log: Arc<dyn Log>, clock: Arc<Clock>) -> Self {
        let mut totals = Totals::default();
        records.keys.lock_all().iter().for_each(|keys| totals.add_keys(keys));
        totals.add_accounts(&records.accounts.lock());
        (0..records.shards.len()).for_each(|shard| totals.add(&records.lock(shard)));
        Self { records: Arc::new(records), usage: Usage::of(&totals, limits).into(), log, clock }
    }

    pub fn limits(&self) -> StateLimits {
        self.usage.limits()
    }

    /// The limits that are exceeded, as after a start with lower ones.
    pub fn exceeded_limits(&self) -> impl Iterator<Item = Full> {
        self.usage.exceeded_limits()
    }

    /// Encrypts the places in the ids of tickets.
    pub fn place_cipher(&self) -> &PlaceCipher {
        &self.records.place_cipher
    }

    pub fn log(&self) -> &dyn Log {
        &*self.log
    }

    /// The waits for the locks of shards.
    pub fn lock_waits(&self) -> &LockWaits {
        &self.records.lock_waits
    }

    /// The log, for those who follow it.
    pub fn shared_log(&self) -> Arc<dyn Log> {
        self.log.clone()
    }

    /// Appends the changes of a decision, by the account of the request if it has one, and applies them.
    /// Nothing else does. The caller holds the locks of their records; [`Self::totals`] relies on it that an
    /// append needs the lock of a shard of records or keys, or that of the accounts. `apply` applies the
    /// changes of the commit, by [`Records::apply`], or with what the caller has looked up or built before.
    /// If the request has a key, the commit stores its reply.
    #[inline]
    pub(super) fn commit(
        &self,
        context: &mut Context,
        changes: &[Change<'_>],
        reply: Option<Recorded<'_, '_>>,
        apply: impl FnOnce(Origin) -> Result<(), Contradiction>,
    ) -> Result<(), AppendError> {
        let actor = context.identity.actor();
        let Appended { sequence, micros } = match &reply {
            None => self.log.append(context.now, actor, changes)?,
            Some(reply) => self.append_with_key(context.now, actor, changes, reply.change())?,
        };
        let origin = Origin { sequence, micros: Some(micros) };
        apply(origin).unwrap_or_else(end_on_contradiction);
        if let Some(reply) = reply {
            reply.mark_used(sequence, micros);
        }
        context.depends_on.include(sequence);
        context.committed.add(context.now);
        Ok(())
    }

    /// Appends changes and the use of a key.
    fn append_with_key(
        &self,
        now: i64,
        actor: Option<Actor<'_>>,
        changes: &[Change<'_>],
        key: Change<'_>,
    ) -> Result<Appended, AppendError> {
        match *changes {
            // The most frequent number needs no allocation.
            [change] => self.log.append(now, actor, &[change, key]),
            _ => self.log.append(now, actor, &[changes, &[key]].concat()),
        }
    }

    /// Commits changes of one shard.
    pub(super) fn commit_to(
        &self,
        context: &mut Context,
        shard: &mut Shard,
        changes: &[Change<'_>],
        reply: Option<Recorded<'_, '_>>,
    ) -> Result<(), AppendError> {
        self.commit(context, changes, reply, |origin| {
            changes.iter().try_for_each(|change| self.records.apply(shard, origin, change))
        })
    }

    /// Commits changes, each with the index of its shard.
    pub(super) fn commit_in(
        &self,
        context: &mut Context,
        shards: &mut LockedShards<'_>,
        changes: &[(usize, Change<'_>)],
        reply: Option<Recorded<'_, '_>>,
    ) -> Result<(), AppendError> {
        let appended: Vec<_> = changes.iter().map(|(_, change)| *change).collect();
        self.commit(context, &appended, reply, |origin| {
            let mut changes = changes.iter();
            changes.try_for_each(|(shard, change)| self.records.apply(&mut shards[*shard], origin, change))
        })
    }

    /// Locks a shard to read it.
    pub(super) fn lock(&self, context: &mut Context, shard: usize) -> MutexGuard<'_, Shard> {
        let shard = self.records.lock(shard);
        context.depends_on.include(shard.last);
        shard
    }

    /// Locks a shard to decide a change of it, and reads the time of the decision.
    #[inline(always)]
    pub(super) fn lock_to_decide(&self, context: &mut Context, shard: usize) -> MutexGuard<'_, Shard> {
        let shard = self.lock(context, shard);
        context.now = self.clock.now();
        shard
    }

    /// Locks several shards, each once.
    pub(super) fn lock_all(&self, context: &mut Context, indices: &mut [usize]) -> LockedShards<'_> {
        LockedShards::lock(indices, |index| self.lock(context, index))
    }

    /// The last commit. A reply that shows it waits until it is durable.
    pub fn last(&self, context: &mut Context) -> Sequence {
        let last = self.log.appended();
        context.depends_on.include(last);
        last
    }

    /// Creates an event.
    pub fn create(
        &self,
        context: &mut Context,
        event: &EventValues<'_>,
        keyed: Option<Keyed<'_, '_, ()>>,
    ) -> Result<(), Error<IdTaken>> {
        let tag = event_tag(event.id);
        let mut shard = self.lock_to_decide(context, self.records.shard_of_tag(tag));
        if shard.event(event.id).is_some() {
            return Err(Error::Rejected(IdTaken));
        }
        let reserved = self.usage.events.reserve(1)?;
        let reply = record(keyed, &())?;
        self.commit_to(context, &mut shard, &[EventAdded { tag, values: *event }.into()], reply)?;
        reserved.keep();
        Ok(())
    }

    /// Updates an event.
    pub fn update(
        &self,
        context: &mut Context,
        id: &str,
        update: &EventUpdate<'_>,
        keyed: Option<Keyed<'_, '_, UpdatedEvent>>,
    ) -> Result<UpdatedEvent, Error<UpdateRejection>> {
        let tag = event_tag(id);
        let mut shard = self.lock_to_decide(context, self.records.shard_of_tag(tag));
        let index = shard.index_of(id).ok_or(UpdateRejection::NoSuchEvent)?;
        let (sale, due) = decide_update(shard.event_at(index), update, context.now)?;
        let current = shard.event_at(index).listing_key();
        let name = update.name.map_or(current.name, CompactString::from);
        let updated = UpdatedEvent { name, date: update.date.unwrap_or(current.date), sale };
        let Sale { number, total, issued, held, terms } = sale;
        let values = EventValues { id, name: &updated.name, date: updated.date, total, issued, terms };
        let key = EventKey { tag, number };
        let mut changes = Vec::with_capacity(2);
        if !due.is_empty() {
            let total = shard.sale(index).total;
            changes.push(due.change(EventAfter { key, id, total, issued, held }));
        }
        changes.push(EventUpdated { event: key, held, values }.into());
        let reply = record(keyed, &updated)?;
        self.commit_to(context, &mut shard, &changes, reply)?;
        self.usage.end_holds(due.count(), due.name_bytes());
        Ok(updated)
    }

    /// Calls `read` with the event under the lock of its shard, so `read` must be short.
    pub fn event<R>(&self, context: &mut Context, id: &str, read: impl FnOnce(&Event) -> R) -> Option<R> {
        let shard = self.lock(context, self.records.shard_of_tag(event_tag(id)));
        shard.event(id).map(read)
    }

    /// The keys of up to `count` events after `after`. The caller reads each event on its own.
    pub fn page(&self, context: &mut Context, after: Option<&ListingKey>, count: usize) -> Vec<ListingKey> {
        let listing = self.records.listing();
        context.depends_on.include(listing.last);
        listing.page(after, count)
    }

    /// `who`'s entries of a day at one moment, earliest first.
    pub fn day(&self, context: &mut Context, who: &str, date: Date) -> Vec<(Slot, Entry)> {
        let shard = self.lock(context, self.records.shard_of_day(date));
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
        context: &mut Context,
        slot: Slot,
        after: Option<EntryNumber>,
        mut fits: impl FnMut(usize, &Entry) -> bool,
    ) -> (Vec<Entry>, Option<EntryNumber>) {
        let shard = self.lock(context, self.records.shard_of_day(slot.date));
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

    /// Totals at one moment. It holds the locks of all shards together, those of keys and that of the
    /// accounts included: an entry that moved from one shard to another in between would be counted twice or
    /// not at all.
    pub fn totals(&self, context: &mut Context) -> Totals {
        let mut totals = Totals::default();
        let keys = self.records.keys.lock_all();
        keys.iter().for_each(|keys| totals.add_keys(keys));
        let accounts = self.lock_accounts(context);
        totals.add_accounts(&accounts);
        let mut indices: Vec<_> = (0..self.records.shards.len()).collect();
        let shards = self.lock_all(context, &mut indices);
        shards.iter().for_each(|shard| totals.add(shard));
        // An append needs the lock of a shard or of the accounts, and all are held. Recovery may have read
        // commits that left no record.
        totals.sequence = self.log.appended();
        context.depends_on.include(totals.sequence);
        debug_assert!(
            !self.log.leads() || self.usage.equals(&totals),
            "usage is {:?}, totals are {totals:?}",
            self.usage
        );
        totals
    }
}

/// Decides an update of an event, and ends due holds if that makes it possible. Returns the sale after both,
/// and the holds.
fn decide_update(event: &Event, update: &EventUpdate<'_>, now: i64) -> Result<(Sale, DueHolds), BelowSold> {
    let below = match event.sale.decide_update(update) {
        Ok(sale) => return Ok((sale, DueHolds::default())),
        Err(below) => below,
    };
    let wanted = below.issued + below.held - below.requested;
    let due = DueHolds::of(event, now, wanted, HOLDS_ENDED_MAX);
    if due.tickets() < wanted {
        return Err(below);
    }
    let released = Sale { held: event.sale.held - due.tickets(), ..event.sale };
    Ok((released.decide_update(update)?, due))
}

/// The change is appended already and cannot be taken back, so the process ends.
fn end_on_contradiction(contradiction: Contradiction) {
    crate::fatal(&format!("a decision contradicts the state it was made on: {contradiction}"))
}
