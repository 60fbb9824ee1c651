//! Deletion of entries, and what it has in common with their replacement: finding them.

use std::iter;

use bookline_protocol::period::PeriodError;
use bookline_protocol::series::Scope;
use bookline_protocol::{Date, Hours, Period, Slot};

use super::context::Context;
use super::entry_creation::{check_bytes, check_person_hours};
use super::error::Error;
use super::keyed::{Keyed, record};
use super::locked_shards::LockedShards;
use super::records::{Records, Shards};
use super::shard::Shard;
use super::store::Store;
use crate::changes::{
    Change, EncodedEntry, EntriesEnded, EntryEnded, EntryTexts, Origin, Target, encode_entry,
};
use crate::domain::calendar::Entry;
use crate::domain::{Contradiction, EntryNumber, FreeingRejection, TooLarge};
use crate::sync::MutexGuard;

/// Entries that were deleted.
#[derive(Debug)]
pub struct DeletedEntries {
    /// The one that the request has named.
    pub named: Entry,
    /// How many there were.
    pub occurrences: u32,
}

/// Entries that a request may end, in the order of their start, and the locks of the shards that have them.
#[derive(Debug)]
pub(super) struct FoundEntries<'a> {
    pub shards: LockedShards<'a>,
    /// The one that the request has named.
    pub named: Entry,
    pub entries: Vec<(EntryNumber, Entry)>,
}

impl FoundEntries<'_> {
    /// The hours that the entries fill, counted for each of their people.
    pub fn person_hours(&self) -> Result<u64, TooLarge> {
        check_person_hours(self.entries.iter().map(|(_, entry)| entry.person_hours()).sum())
    }
}

impl Store {
    /// Deletes `who`'s block, or, for all its people, the meeting that `who` hosts. With a scope it deletes
    /// those occurrences of its series, if `who` may end each of them.
    pub fn delete_entries(
        &self,
        context: &mut Context,
        who: &str,
        slot: Slot,
        scope: Option<Scope>,
        keyed: Option<Keyed<'_, '_, DeletedEntries>>,
    ) -> Result<DeletedEntries, Error<FreeingRejection>> {
        if scope.is_none() {
            let shard = self.lock_to_decide(context, self.records.shard_of_day(slot.date));
            let (number, entry) = decide(&shard, who, slot)?;
            if has_own_end(number, &entry) {
                return self.delete_plain_entry(context, shard, number, entry, keyed);
            }
        }
        let found = self.find_entries(context, who, slot, scope, None)?;
        let person_hours = found.person_hours()?;
        context.person_hours = person_hours;
        let FoundEntries { mut shards, named, entries } = found;
        let deleted = DeletedEntries { named, occurrences: entries.len() as u32 };
        let mut encoded = Vec::new();
        let changes = endings(&entries, &mut encoded);
        let reply = record(keyed, &deleted)?;
        check_bytes(&changes, reply.as_ref())?;
        self.commit(context, &changes, reply, |origin| end(&self.records, &mut shards, origin, &entries))?;
        self.usage.person_hours.release(person_hours);
        Ok(deleted)
    }

    /// Deletes an entry of one hour without a series, the first of its commit: the most frequent, which needs
    /// one lock.
    fn delete_plain_entry(
        &self,
        context: &mut Context,
        mut shard: MutexGuard<'_, Shard>,
        number: EntryNumber,
        entry: Entry,
        keyed: Option<Keyed<'_, '_, DeletedEntries>>,
    ) -> Result<DeletedEntries, Error<FreeingRejection>> {
        let deleted = DeletedEntries { named: entry, occurrences: 1 };
        let Entry { content, period, .. } = &deleted.named;
        let ended = EntryEnded::of(number, &deleted.named);
        let reply = record(keyed, &deleted)?;
        self.commit(context, &[ended.into()], reply, |Origin { sequence, .. }| {
            shard.free(sequence, number, period.indices()).map(drop)
        })?;
        self.usage.person_hours.release(content.people_count() as u64);
        Ok(deleted)
    }

    /// Locks the entries that `who` may end: the one in a slot, or those of its series in this scope. Also
    /// locks the days of entries that begin at `new` and are as long as these.
    pub(super) fn find_entries(
        &self,
        context: &mut Context,
        who: &str,
        slot: Slot,
        scope: Option<Scope>,
        new: Option<NewStart>,
    ) -> Result<FoundEntries<'_>, FreeingRejection> {
        if let Some(scope @ (Scope::Following | Scope::All)) = scope {
            // The days of a series are not known before it is found, and are mostly those of all shards.
            let shards = self.lock_shards(context, (0..self.records.shards.len()).collect());
            return find_series(&self.records, shards, who, slot, scope);
        }
        let shard_of = |date| self.records.shard_of_day(date);
        let days = iter::once(slot.date).chain(new.map(|new| new.slot.date));
        let mut shards = self.lock_shards(context, days.map(shard_of).collect());
        let (mut number, mut named) = decide(&shards[shard_of(slot.date)], who, slot)?;
        let target = new.and_then(|new| new.period(named.period).ok());
        let mut needed =
            iter::once(named.period).chain(target).flat_map(|period| self.records.shards_of(period));
        if !needed.all(|shard| shards.contains(shard)) {
            // Whatever is in the slot when these are locked is on its day and at most one day beside it.
            drop(shards);
            let days = around(slot.date, 1).chain(new.into_iter().flat_map(|new| around(new.slot.date, 0)));
            shards = self.lock_shards(context, days.map(shard_of).collect());
            (number, named) = decide(&shards[shard_of(slot.date)], who, slot)?;
        }
        if scope.is_some() && named.series.is_none() {
            return Err(FreeingRejection::NotInSeries);
        }
        Ok(FoundEntries { shards, entries: vec![(number, named.clone())], named })
    }

    /// Locks shards to decide a change of them, and reads the time of the decision.
    pub(super) fn lock_shards(&self, context: &mut Context, mut shards: Vec<usize>) -> LockedShards<'_> {
        let shards = self.lock_all(context, &mut shards);
        context.now = self.clock.now();
        shards
    }
}

/// Where entries are moved to.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewStart {
    /// The first hour of the named entry.
    pub slot: Slot,
    /// As many as before, unless given.
    pub hours: Option<Hours>,
}

impl NewStart {
    /// The new period of an entry that now has this one.
    pub fn period(self, now: Period) -> Result<Period, PeriodError> {
        Period::new(self.slot, self.hours.unwrap_or(now.hours()))
    }
}

/// The dates from so many days before `date` to the day after it.
fn around(date: Date, days_before: u32) -> impl Iterator<Item = Date> {
    let number = date.day_number();
    (number - days_before..=number + 1).filter_map(Date::from_day_number)
}

/// The entry in a slot that `who` may end.
fn decide(shard: &Shard, who: &str, slot: Slot) -> Result<(EntryNumber, Entry), FreeingRejection> {
    let hour = shard.hour(slot).ok_or(FreeingRejection::NoEntry)?;
    let (number, entry) = hour.decide_freeing(who)?;
    Ok((number, entry.clone()))
}

/// The occurrences of the series of the entry in a slot, each of which `who` may end. All shards are locked.
fn find_series<'a>(
    records: &Records,
    shards: LockedShards<'a>,
    who: &str,
    slot: Slot,
    scope: Scope,
) -> Result<FoundEntries<'a>, FreeingRejection> {
    let (_, named) = decide(&shards[records.shard_of_day(slot.date)], who, slot)?;
    let series = named.series.ok_or(FreeingRejection::NotInSeries)?;
    let from = (scope == Scope::Following).then(|| named.period.start());
    let index = records.series();
    let occurrences = index.occurrences(series, from).map(|(start, number)| {
        let entry = shards[records.shard_of_day(start.date)].entry(number);
        entry.decide_freeing(who)?;
        Ok((number, entry.clone()))
    });
    let entries = occurrences.collect::<Result<_, _>>()?;
    drop(index);
    Ok(FoundEntries { shards, named, entries })
}

/// Whether the end of an entry is an [`EntryEnded`]. An occurrence that has left its series may have one
/// hour, but is mostly not the first of its commit.
fn has_own_end(number: EntryNumber, entry: &Entry) -> bool {
    entry.is_plain() && number.is_first()
}

/// The end of these entries as changes: one for those with the same texts, which are mostly all of a series.
/// `encoded` has space for each of them.
pub(super) fn endings<'a>(
    entries: &'a [(EntryNumber, Entry)],
    encoded: &'a mut Vec<Vec<EncodedEntry>>,
) -> Vec<Change<'a>> {
    if let [(number, entry)] = entries
        && has_own_end(*number, entry)
    {
        return vec![EntryEnded::of(*number, entry).into()];
    }
    let mut different: Vec<&Entry> = Vec::new();
    for (number, entry) in entries {
        let position = different.iter().position(|other| other.content == entry.content);
        let position = position.unwrap_or_else(|| {
            different.push(entry);
            encoded.push(Vec::new());
            different.len() - 1
        });
        encoded[position].push(encode_entry(*number, entry.period));
    }
    let ended = different.into_iter().zip(&*encoded).map(|(entry, entries)| {
        EntriesEnded { series: entry.series, texts: EntryTexts::of(&entry.content), entries }.into()
    });
    ended.collect()
}

/// Ends entries.
pub(super) fn end(
    records: &Records,
    shards: &mut LockedShards<'_>,
    Origin { sequence, .. }: Origin,
    entries: &[(EntryNumber, Entry)],
) -> Result<(), Contradiction> {
    let mut applier = records.applier(Shards::Locked(shards), sequence);
    entries.iter().try_for_each(|(number, entry)| applier.end_entry(*number, entry.period).map(drop))
}
