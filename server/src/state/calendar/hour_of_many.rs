//! An hour with many people.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::busy_person::{BusyPerson, SlotFilled};
use super::entries::Entries;
use super::hour_of_few::HourOfFew;
use super::people_hasher::PeopleHasher;
use crate::collections::extendible_hash_table::{ExtendibleHashTable, hash_of_number};
use crate::domain::EntryNumber;
use crate::domain::calendar::EntryContent;

#[derive(Debug, Default)]
pub struct HourOfMany {
    people: ExtendibleHashTable<BusyPerson>,
    /// The meetings in the order of their creation, which is that of their numbers. Nothing lists blocks.
    meetings: BTreeSet<EntryNumber>,
}

/// Each bit that the table uses depends on the hash, which has 32 bits.
fn table_hash(hash: u32) -> u64 {
    hash_of_number(hash.into())
}

fn hash_of(person: &BusyPerson) -> u64 {
    table_hash(person.hash)
}

impl HourOfMany {
    pub fn of(few: &HourOfFew, entries: &Entries, hasher: &PeopleHasher) -> Self {
        let mut many = Self::default();
        many.people.reserve(few.people().len(), hash_of);
        // An entry is looked up once: its memory is rarely in the processor's cache.
        for people in few.people().chunk_by(|one, other| one.entry == other.entry) {
            let number = people[0].entry;
            let entry = &entries.get(number).content;
            for person in people {
                let hash = hasher.hash_among_many(entry.id(person.id));
                many.people.insert(table_hash(hash), BusyPerson { hash, ..*person }, hash_of);
            }
            if entry.is_meeting() {
                many.meetings.insert(number);
            }
        }
        many
    }

    pub fn is_empty(&self) -> bool {
        self.people.len() == 0
    }

    pub fn entry_of(&self, who: &str, entries: &Entries, hasher: &PeopleHasher) -> Option<EntryNumber> {
        let hash = hasher.hash_among_many(who);
        let is_match = |person: &BusyPerson| person.hash == hash && person.id(entries) == who;
        self.people.find(table_hash(hash), is_match).map(|person| person.entry)
    }

    /// The meetings after the entry `after`, or all meetings, in the order of their creation.
    pub fn meetings(&self, after: Option<EntryNumber>) -> impl Iterator<Item = EntryNumber> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.meetings.range((from, Bound::Unbounded)).copied()
    }

    /// Adds the people of an entry.
    pub fn take<'a>(
        &mut self,
        number: EntryNumber,
        entry: &'a EntryContent,
        entries: &Entries,
        hasher: &PeopleHasher,
    ) -> Result<(), SlotFilled<'a>> {
        self.people.reserve(entry.people_count(), hash_of);
        for (id, who) in entry.located_people() {
            let hash = hasher.hash_among_many(who);
            // The people of one entry are distinct.
            let is_match = |person: &BusyPerson| {
                person.hash == hash && person.entry != number && person.id(entries) == who
            };
            if self.people.find(table_hash(hash), is_match).is_some() {
                return Err(SlotFilled { who });
            }
            self.people.insert(table_hash(hash), BusyPerson { entry: number, hash, id }, hash_of);
        }
        if entry.is_meeting() {
            self.meetings.insert(number);
        }
        Ok(())
    }

    /// Removes the people of an entry. Returns their number.
    pub fn free(&mut self, number: EntryNumber, entry: &EntryContent, hasher: &PeopleHasher) -> usize {
        self.meetings.remove(&number);
        let mut freed = 0;
        for (id, who) in entry.located_people() {
            let hash = hasher.hash_among_many(who);
            let is_match = |person: &BusyPerson| person.entry == number && person.id == id;
            freed += usize::from(self.people.remove(table_hash(hash), is_match, hash_of).is_some());
        }
        freed
    }
}
