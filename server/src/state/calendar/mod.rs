//! The calendar of a shard: entries, and the hours whose slots they fill. A person has at most one entry in
//! an hour, and a meeting fills the slots of all its people or of none.
//!
//! An entry is stored once, found by its number. Hours refer to entries, and have no text of their own. An
//! entry across midnight is in the calendars of both days, and its text in memory once.

mod busy_person;
mod entries;
mod hour;
mod hour_of_few;
mod hour_of_many;
mod people_hasher;

use std::ops::Range;

use bookline_protocol::{Date, Hour as HourOfDay, Slot};

use self::entries::Entries;
use self::hour::CalendarHour;
use self::people_hasher::PeopleHasher;
use crate::collections::extendible_hash_table::{ExtendibleHashTable, hash_of_number};
use crate::domain::calendar::Entry;
use crate::domain::{Contradiction, EntryNumber, FreeingRejection};

/// All its collections grow by a bounded piece at a time, so that it never stalls its shard.
#[derive(Debug, Default)]
pub struct Calendar {
    entries: Entries,
    /// The hours that have entries.
    hours: ExtendibleHashTable<SlotHour>,
    hasher: PeopleHasher,
}

#[derive(Debug)]
struct SlotHour {
    /// The index of the slot.
    slot: u32,
    hour: CalendarHour,
}

fn hash_of_slot(slot: u32) -> u64 {
    hash_of_number(slot.into())
}

impl Calendar {
    /// The hour, if it has entries.
    pub fn hour(&self, slot: Slot) -> Option<HourView<'_>> {
        let slot = slot.index();
        let found = self.hours.find(hash_of_slot(slot), |hour| hour.slot == slot)?;
        Some(HourView { hour: &found.hour, calendar: self })
    }

    /// The hours of a day that have entries, earliest first.
    pub fn hours(&self, date: Date) -> impl Iterator<Item = (HourOfDay, HourView<'_>)> {
        let hours = (0..).map_while(HourOfDay::new);
        hours.filter_map(move |hour| Some((hour, self.hour(Slot { date, hour })?)))
    }

    /// The entry with this number.
    pub fn entry(&self, number: EntryNumber) -> &Entry {
        self.entries.get(number)
    }

    /// Fills those hours of an entry that are in this calendar, by the indices of their slots.
    pub fn take(
        &mut self,
        number: EntryNumber,
        slots: Range<u32>,
        entry: Entry,
    ) -> Result<(), Contradiction> {
        let Self { entries, hours, hasher } = self;
        for slot in slots {
            let hash = hash_of_slot(slot);
            let found = match hours.find_mut(hash, |hour| hour.slot == slot) {
                Some(found) => found,
                None => {
                    let empty = SlotHour { slot, hour: CalendarHour::default() };
                    hours.insert(hash, empty, |hour| hash_of_slot(hour.slot))
                }
            };
            found.hour.take(number, &entry.content, entries, hasher)?;
        }
        match entries.insert(number, entry) {
            None => Ok(()),
            Some(_) => Err(is_there_twice(number)),
        }
    }

    /// Frees those hours of an entry that are in this calendar, by the indices of their slots. Returns the
    /// entry.
    pub fn free(&mut self, number: EntryNumber, slots: Range<u32>) -> Result<Entry, Contradiction> {
        let missing = || {
            let commit = number.commit().0;
            Contradiction(format!("an entry of commit {commit} is freed in an hour without it"))
        };
        let entry = self.entries.remove(number).ok_or_else(missing)?;
        for slot in slots {
            let hash = hash_of_slot(slot);
            let found = self.hours.find_mut(hash, |hour| hour.slot == slot).ok_or_else(missing)?;
            if found.hour.free(number, &entry.content, &self.hasher) != entry.content.people_count() {
                return Err(missing());
            }
            if found.hour.is_empty() {
                self.hours.remove(hash, |hour| hour.slot == slot, |hour| hash_of_slot(hour.slot));
            }
        }
        Ok(entry)
    }
}

#[cold]
fn is_there_twice(number: EntryNumber) -> Contradiction {
    let commit = number.commit().0;
    Contradiction(format!("an entry of commit {commit} begins and has not ended before"))
}

/// An hour that has entries.
#[derive(Debug, Clone, Copy)]
pub struct HourView<'a> {
    hour: &'a CalendarHour,
    calendar: &'a Calendar,
}

impl<'a> HourView<'a> {
    pub fn entry_of(self, who: &str) -> Option<(EntryNumber, &'a Entry)> {
        let number = self.entry_number_of(who)?;
        Some((number, self.calendar.entries.get(number)))
    }

    /// Whether `who`'s slot is filled.
    pub fn is_busy(self, who: &str) -> bool {
        self.entry_number_of(who).is_some()
    }

    /// The meetings after the entry `after`, or all meetings, in the order of their creation.
    pub fn meetings(self, after: Option<EntryNumber>) -> impl Iterator<Item = (EntryNumber, &'a Entry)> {
        self.hour.meetings(after, &self.calendar.entries)
    }

    /// The number of the entry that fills `who`'s slot.
    pub fn entry_number_of(self, who: &str) -> Option<EntryNumber> {
        self.hour.entry_of(who, &self.calendar.entries, &self.calendar.hasher)
    }

    /// Decides which entry `who` may free in this hour.
    pub fn decide_freeing(self, who: &str) -> Result<(EntryNumber, &'a Entry), FreeingRejection> {
        let (number, entry) = self.entry_of(who).ok_or(FreeingRejection::NoEntry)?;
        entry.decide_freeing(who)?;
        Ok((number, entry))
    }
}

#[cfg(test)]
mod tests;
