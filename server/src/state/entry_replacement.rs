//! Replacement of entries by others, in one commit. They keep their numbers.

use bookline_protocol::period::PeriodError;
use bookline_protocol::series::Scope;
use bookline_protocol::{Period, SeriesId};

use super::clashes::ClashSearch;
use super::context::Context;
use super::entry_creation::{check_bytes, check_person_hours, person_hours_of};
use super::entry_ending::{FoundEntries, NewStart, end, endings};
use super::error::{Error, NoShare, ReplacementRejection};
use super::keyed::{Keyed, record};
use super::locked_shards::LockedShards;
use super::new_entry::Replacement;
use super::records::{Records, Shards};
use super::store::Store;
use crate::changes::{EntriesMoved, Origin, Target, encode_entry};
use crate::domain::calendar::{Entry, EntryContent};
use crate::domain::{Contradiction, EntryNumber};

/// Entries that were replaced.
#[derive(Debug)]
pub struct ReplacedEntries {
    /// The old entry that the request has named.
    pub named: Entry,
    /// The new period of that entry.
    pub period: Period,
    /// The series of the new entries.
    pub series: Option<SeriesId>,
    /// How many there are.
    pub occurrences: u32,
}

impl Store {
    /// Replaces entries in one commit: a rejection leaves the old ones unchanged. Each occurrence of a series
    /// moves by as much as the named one. If there may be no memory to reply with the old entry, `accept`
    /// says so. It is called under the locks, so it must be short.
    pub fn replace_entries(
        &self,
        context: &mut Context,
        replacement: &Replacement<'_>,
        accept: impl FnOnce(&Entry) -> Result<(), NoShare>,
        keyed: Option<Keyed<'_, '_, ReplacedEntries>>,
    ) -> Result<ReplacedEntries, Error<ReplacementRejection>> {
        let Replacement { who, old, new, hours, ref entry, scope } = *replacement;
        let content = entry.content_of(who);
        let new = NewStart { slot: new, hours };
        let found = self.find_entries(context, who, old, scope, Some(new))?;
        let hours_freed = found.person_hours()?;
        let FoundEntries { mut shards, named, entries } = found;
        let period = new.period(named.period)?;
        let periods = moved(&entries, named.period, new)?;
        let hours_filled = check_person_hours(person_hours_of(&content, &periods))?;
        context.person_hours = hours_freed.max(hours_filled);
        let mut search = ClashSearch::new(who, entry);
        let mut replaced: Vec<EntryNumber> = entries.iter().map(|(number, _)| *number).collect();
        replaced.sort_unstable();
        let is_replaced = |number| replaced.binary_search(&number).is_ok();
        let mut end_before = 0;
        for period in &periods {
            let indices = period.indices();
            if indices.start < end_before {
                search.overlaps(*period);
            } else {
                search.is_free(|slot| self.hour(&shards, slot), *period, is_replaced);
            }
            end_before = end_before.max(indices.end);
        }
        if search.has_found() {
            drop(shards);
            let busy = search.into_busy();
            let rejection = ReplacementRejection::Busy { period, occurrences: periods.len(), busy };
            return Err(Error::Rejected(rejection));
        }
        // A replacement that does not grow the state is allowed above the limit, too.
        let reserved = self.usage.person_hours.reserve(hours_filled.saturating_sub(hours_freed))?;
        // With a new host it can no longer be changed together with the others.
        let has_same_host = || named.content.texts().2 == content.texts().2;
        let is_moved_alone = matches!(scope, None | Some(Scope::This));
        let series = named.series.filter(|_| !is_moved_alone || has_same_host());
        let mut ended = Vec::new();
        let mut changes = endings(&entries, &mut ended);
        let encoded =
            entries.iter().zip(&periods).map(|((number, _), period)| encode_entry(*number, *period));
        let encoded: Vec<_> = encoded.collect();
        changes.push(EntriesMoved { series, texts: entry.texts_of(who), entries: &encoded }.into());
        accept(&named)?;
        let replaced = ReplacedEntries { named, period, series, occurrences: periods.len() as u32 };
        let reply = record(keyed, &replaced)?;
        check_bytes(&changes, reply.as_ref())?;
        self.commit(context, &changes, reply, |origin| {
            end(&self.records, &mut shards, origin, &entries)?;
            let moved = entries.iter().map(|(number, _)| *number).zip(periods);
            begin_again(&self.records, &mut shards, origin, &content, series, moved)
        })?;
        reserved.keep();
        self.usage.person_hours.release(hours_freed.saturating_sub(hours_filled));
        Ok(replaced)
    }
}

/// Begins entries again that have ended, at these periods.
fn begin_again(
    records: &Records,
    shards: &mut LockedShards<'_>,
    Origin { sequence, .. }: Origin,
    content: &EntryContent,
    series: Option<SeriesId>,
    mut entries: impl Iterator<Item = (EntryNumber, Period)>,
) -> Result<(), Contradiction> {
    let mut applier = records.applier(Shards::Locked(shards), sequence);
    entries.try_for_each(|(number, period)| {
        applier.create_entry(number, Entry { content: content.clone(), period, series })
    })
}

/// The new periods of entries, of which the one at `named` moves to `new`.
fn moved(entries: &[(EntryNumber, Entry)], named: Period, new: NewStart) -> Result<Vec<Period>, PeriodError> {
    let shift = i64::from(new.slot.index()) - i64::from(named.start().index());
    let periods = entries.iter().map(|(_, Entry { period, .. })| {
        let slot = period.start().shifted(shift).ok_or(PeriodError)?;
        NewStart { slot, ..new }.period(*period)
    });
    periods.collect()
}
