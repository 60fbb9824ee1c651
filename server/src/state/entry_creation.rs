//! Creation of entries: one, or all of a series.

use bookline_protocol::limits::{CHANGE_PERSON_HOURS_MAX, COMMIT_BYTES_MAX};
use bookline_protocol::recurrence::OnConflict;
use bookline_protocol::reply::Clashes;
use bookline_protocol::{Period, SeriesId, Slot};

use super::calendar::HourView;
use super::clashes::ClashSearch;
use super::context::Context;
use super::error::Error;
use super::keyed::{Keyed, Recorded, record};
use super::locked_shards::LockedShards;
use super::new_entry::NewEntries;
use super::records::{Records, Shards};
use super::store::Store;
use crate::changes::{Change, Origin, Target, commit};
use crate::domain::calendar::{Entry, EntryContent, is_plain};
use crate::domain::{Busy, Contradiction, EntryNumber, TooLarge};

/// Entries that were created.
#[derive(Debug)]
pub struct CreatedEntries {
    /// The period of the first.
    pub first: Period,
    pub series: Option<SeriesId>,
    /// How many there are.
    pub occurrences: u32,
    /// Those that were left out, if that was asked for.
    pub skipped: Option<Box<Clashes>>,
}

impl Store {
    /// Creates entries, which fill the hours of all their people: all of them or none, unless those of a
    /// series that clash are to be skipped.
    pub fn create_entries(
        &self,
        context: &mut Context,
        new: &NewEntries<'_>,
        keyed: Option<Keyed<'_, '_, CreatedEntries>>,
    ) -> Result<CreatedEntries, Error<Busy>> {
        let NewEntries { who, ref entry, periods, series } = *new;
        // Copied and counted before the locks are acquired: a group may have 65 kB.
        let content = entry.content_of(who);
        if let ([period], None) = (periods, series)
            && is_plain(*period, None)
        {
            return self.create_plain_entry(context, new, period.start(), content, keyed);
        }
        let person_hours = check_person_hours(person_hours_of(&content, periods))?;
        context.person_hours = person_hours;
        let mut shards = self.lock_periods(context, periods);
        let mut search = ClashSearch::new(who, entry);
        let mut free = Vec::new();
        for (index, period) in periods.iter().enumerate() {
            let is_first_clash = !search.has_found();
            match search.is_free(|slot| self.hour(&shards, slot), *period, |_| false) {
                true if search.has_found() => free.push(*period),
                false if is_first_clash => free.extend_from_slice(&periods[..index]),
                _ => {}
            }
        }
        let has_clashes = search.has_found();
        let may_skip = series.is_some_and(|series| series.on_conflict == OnConflict::Skip);
        if has_clashes && (!may_skip || free.is_empty()) {
            drop(shards);
            return Err(Error::Rejected(search.into_busy()));
        }
        let taken = if has_clashes { &free[..] } else { periods };
        let reserved = self.usage.person_hours.reserve(person_hours_of(&content, taken))?;
        let series = series.map(|series| self.records.series().unused(series.id));
        let skipped = may_skip.then(|| search.into_clashes().into());
        let created = CreatedEntries { first: taken[0], series, occurrences: taken.len() as u32, skipped };
        let mut occurrences = Vec::new();
        let changes = [entry.change_of(who, series, taken, &mut occurrences)];
        let reply = record(keyed, &created)?;
        check_bytes(&changes, reply.as_ref())?;
        self.commit(context, &changes, reply, |origin| {
            create(&self.records, &mut shards, origin, &content, series, taken)
        })?;
        reserved.keep();
        Ok(created)
    }

    /// Creates an entry of one hour without a series: the most frequent, which needs one lock.
    fn create_plain_entry(
        &self,
        context: &mut Context,
        NewEntries { who, entry, periods, .. }: &NewEntries<'_>,
        slot: Slot,
        content: EntryContent,
        keyed: Option<Keyed<'_, '_, CreatedEntries>>,
    ) -> Result<CreatedEntries, Error<Busy>> {
        let person_hours = content.people_count() as u64;
        let mut shard = self.lock_to_decide(context, self.records.shard_of_day(slot.date));
        if let Some(hour) = shard.hour(slot)
            && entry.people(who).any(|person| hour.entry_number_of(person).is_some())
        {
            let mut search = ClashSearch::new(who, entry);
            search.is_free(|_| Some(hour), periods[0], |_| false);
            drop(shard);
            return Err(Error::Rejected(search.into_busy()));
        }
        let reserved = self.usage.person_hours.reserve(person_hours)?;
        let created = CreatedEntries { first: periods[0], series: None, occurrences: 1, skipped: None };
        let reply = record(keyed, &created)?;
        // With its reply it has half of the bytes that a commit may have.
        self.commit(context, &[entry.plain_change_of(who, slot)], reply, |Origin { sequence, .. }| {
            let entry = Entry { content, period: periods[0], series: None };
            shard.take(sequence, EntryNumber::first_of(sequence), periods[0].indices(), entry)
        })?;
        reserved.keep();
        Ok(created)
    }

    /// The hour of a locked day, if it has entries.
    pub(super) fn hour<'s>(&self, shards: &'s LockedShards<'_>, slot: Slot) -> Option<HourView<'s>> {
        shards[self.records.shard_of_day(slot.date)].hour(slot)
    }

    /// Locks the shards of periods to decide a change of them, and reads the time of the decision.
    fn lock_periods(&self, context: &mut Context, periods: &[Period]) -> LockedShards<'_> {
        let shards = periods.iter().flat_map(|period| self.records.shards_of(*period));
        self.lock_shards(context, shards.collect())
    }
}

/// Creates entries of a commit at these periods.
fn create(
    records: &Records,
    shards: &mut LockedShards<'_>,
    Origin { sequence, .. }: Origin,
    content: &EntryContent,
    series: Option<SeriesId>,
    periods: &[Period],
) -> Result<(), Contradiction> {
    let mut applier = records.applier(Shards::Locked(shards), sequence);
    for (index, period) in (0..).zip(periods) {
        let number = EntryNumber::new(sequence, index);
        let number = number.ok_or_else(|| Contradiction("a commit creates too many entries".to_owned()))?;
        applier.create_entry(number, Entry { content: content.clone(), period: *period, series })?;
    }
    Ok(())
}

/// The hours of entries, counted for each of their people.
pub(super) fn person_hours_of(content: &EntryContent, periods: &[Period]) -> u64 {
    let hours: u64 = periods.iter().map(|period| u64::from(period.hours().get())).sum();
    hours * content.people_count() as u64
}

/// Checks that a request may add or remove so many hours, counted for each of their people.
pub(super) fn check_person_hours(person_hours: u64) -> Result<u64, TooLarge> {
    if person_hours <= CHANGE_PERSON_HOURS_MAX {
        Ok(person_hours)
    } else {
        Err(TooLarge::PersonHours(person_hours))
    }
}

/// Checks the length of a commit with these changes and this reply, whoever makes it: its actor does not
/// count.
pub(super) fn check_bytes(changes: &[Change<'_>], reply: Option<&Recorded<'_, '_>>) -> Result<(), TooLarge> {
    let reply_bytes = reply.map_or(0, |reply| reply.change().encoded_len());
    let bytes = (commit::encoded_len(None, changes) + reply_bytes) as u64;
    if bytes <= COMMIT_BYTES_MAX { Ok(()) } else { Err(TooLarge::Bytes(bytes)) }
}
