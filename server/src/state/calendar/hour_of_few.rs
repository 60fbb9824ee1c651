//! An hour with few people.

use super::busy_person::{BusyPerson, SlotFilled};
use super::entries::Entries;
use super::people_hasher::PeopleHasher;
use crate::domain::EntryNumber;
use crate::domain::calendar::EntryContent;

/// People of an hour whose list is scanned: 1 KiB. A scan takes five instructions for each, 320 at the most.
/// A table takes some 220, for SipHash and a probe, and turning into one reads every entry.
const PEOPLE_MAX: usize = 64;

/// People in one allocation, in the order of their entries' creation.
#[derive(Debug, Default)]
pub struct HourOfFew(Vec<BusyPerson>);

impl HourOfFew {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it has space for the people of `entry`.
    pub fn fits(&self, entry: &EntryContent) -> bool {
        self.0.len() + entry.people_count() <= PEOPLE_MAX
    }

    pub fn people(&self) -> &[BusyPerson] {
        &self.0
    }

    pub fn entry_of(&self, who: &str, entries: &Entries, hasher: &PeopleHasher) -> Option<EntryNumber> {
        let found = find(&self.0, hasher.hash_among_few(who), who, entries)?;
        Some(found.entry)
    }

    /// The entries after `after`, or all entries, in the order of their creation.
    pub fn entries(&self, after: Option<EntryNumber>) -> impl Iterator<Item = EntryNumber> {
        let mut last = after;
        self.0.iter().map(|person| person.entry).filter(move |&entry| {
            let is_new = last < Some(entry);
            last = last.max(Some(entry));
            is_new
        })
    }

    /// Adds the people of an entry that fits.
    pub fn take<'a>(
        &mut self,
        number: EntryNumber,
        entry: &'a EntryContent,
        entries: &Entries,
        hasher: &PeopleHasher,
    ) -> Result<(), SlotFilled<'a>> {
        let others = self.0.len();
        self.0.reserve(entry.people_count());
        for (id, who) in entry.located_people() {
            let hash = hasher.hash_among_few(who);
            // The people of one entry are distinct.
            if find(&self.0[..others], hash, who, entries).is_some() {
                return Err(SlotFilled { who });
            }
            self.0.push(BusyPerson { entry: number, hash, id });
        }
        if others > 0 && self.0[others - 1].entry > number {
            self.put_in_order(others);
        }
        Ok(())
    }

    /// Puts the people from `first` on, of an entry that was moved here, before those of later entries.
    #[cold]
    fn put_in_order(&mut self, first: usize) {
        let (others, moved) = self.0.split_at(first);
        let place = others.partition_point(|person| person.entry < moved[0].entry);
        let count = moved.len();
        self.0[place..].rotate_right(count);
    }

    /// Removes the people of an entry. Returns their number.
    pub fn free(&mut self, number: EntryNumber) -> usize {
        let before = self.0.len();
        self.0.retain(|person| person.entry != number);
        before - self.0.len()
    }
}

fn find<'a>(people: &'a [BusyPerson], hash: u32, who: &str, entries: &Entries) -> Option<&'a BusyPerson> {
    people.iter().find(|person| person.hash == hash && person.id(entries) == who)
}
