//! One hour of all calendars. A person has at most one entry in it, and a meeting fills the slots of all its
//! people or of none.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound;

use compact_str::CompactString;

use crate::collections::extendible_hash_table::ExtendibleHashTable;
use crate::domain::calendar::Entry;
use crate::domain::{Contradiction, EntryNumber, Rejection};

/// One hour. Invariant: `people` has exactly the people of all `entries`.
///
/// Both collections grow by a bounded piece at a time, so that an hour with many entries never stalls its
/// shard.
#[derive(Debug, Default)]
pub struct CalendarHour {
    people: ExtendibleHashTable<BusyPerson>,
    entries: BTreeMap<EntryNumber, Entry>,
    /// SipHash with random keys. Clients choose the ids, and a MEET looks up a thousand of them under one
    /// lock: ids that collide would make each lookup compare with all of them.
    hasher: RandomState,
}

/// A person whose slot is filled.
#[derive(Debug)]
struct BusyPerson {
    id: CompactString,
    entry: EntryNumber,
}

impl CalendarHour {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn entry_of(&self, who: &str) -> Option<(EntryNumber, &Entry)> {
        let number = self.entry_number_of(who)?;
        Some((number, &self.entries[&number]))
    }

    fn entry_number_of(&self, who: &str) -> Option<EntryNumber> {
        self.people.find(self.hasher.hash_one(who), |person| person.id == who).map(|person| person.entry)
    }

    /// The entries after `after`, or all entries, in the order of their creation.
    pub fn entries(&self, after: Option<EntryNumber>) -> impl Iterator<Item = (EntryNumber, &Entry)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries.range((from, Bound::Unbounded)).map(|(&number, entry)| (number, entry))
    }

    /// Those of `people` whose slot is filled by another entry than `replaced`, in the given order. The ids
    /// are borrowed: this runs under a lock.
    pub fn busy<'a>(
        &self,
        people: impl Iterator<Item = &'a str>,
        replaced: Option<EntryNumber>,
    ) -> Vec<&'a str> {
        let is_busy = |who: &&str| self.entry_number_of(who).is_some_and(|entry| Some(entry) != replaced);
        people.filter(is_busy).collect()
    }

    /// Decides which entry `who` may free in this hour.
    pub fn decide_freeing(&self, who: &str) -> Result<(EntryNumber, &Entry), Rejection> {
        let (number, entry) = self.entry_of(who).ok_or(Rejection::NoEntry)?;
        entry.decide_freeing(who)?;
        Ok((number, entry))
    }

    /// Fills the slot of all people of `entry`. Returns their number.
    pub fn take(&mut self, number: EntryNumber, entry: Entry) -> Result<u64, Contradiction> {
        let Self { people, hasher, .. } = self;
        let hash_of = |person: &BusyPerson| hasher.hash_one(person.id.as_str());
        let count = entry.people().count();
        people.reserve(count, hash_of);
        for who in entry.people() {
            let hash = hasher.hash_one(who);
            if people.find(hash, |person| person.id == who).is_some() {
                let number = number.0;
                return Err(Contradiction(format!("entry {number} takes an hour that {who} has filled")));
            }
            people.insert(hash, BusyPerson { id: who.into(), entry: number }, hash_of);
        }
        self.entries.insert(number, entry);
        Ok(count as u64)
    }

    /// Frees the slot of all people of the entry. Returns the entry and the number of its people.
    pub fn free(&mut self, number: EntryNumber) -> Result<(Entry, u64), Contradiction> {
        let entry = self
            .entries
            .remove(&number)
            .ok_or_else(|| Contradiction(format!("entry {} is freed and does not exist", number.0)))?;
        let Self { people, hasher, .. } = self;
        let hash_of = |person: &BusyPerson| hasher.hash_one(person.id.as_str());
        let mut count = 0;
        for who in entry.people() {
            people.remove(hasher.hash_one(who), |person| person.id == who, hash_of);
            count += 1;
        }
        Ok((entry, count))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::calendar::{Meeting, attendees};

    fn meeting(who: &str, group: &str, host: &str) -> Entry {
        Entry::Meeting(Arc::new(Meeting {
            who: who.into(),
            title: "t".into(),
            group: group.into(),
            host: host.into(),
        }))
    }

    #[test]
    fn meeting_fills_the_slot_of_who_host_and_every_member() {
        let mut hour = CalendarHour::default();
        hour.take(EntryNumber(7), meeting("F1", "F2,F3", "F4")).unwrap();
        for who in ["F1", "F2", "F3", "F4"] {
            assert_eq!(hour.entry_of(who).map(|(n, _)| n), Some(EntryNumber(7)), "{who}");
        }
        assert_eq!(hour.decide_freeing("F1"), Err(Rejection::NotHost { host: "F4".into() }));
        hour.free(EntryNumber(7)).unwrap();
        assert!(hour.is_empty() && hour.people.len() == 0);
    }

    #[test]
    fn busy_people_are_listed_once_in_the_given_order() {
        let mut hour = CalendarHour::default();
        hour.take(EntryNumber(1), Entry::Block { who: "F2".into() }).unwrap();
        hour.take(EntryNumber(2), Entry::Block { who: "F3".into() }).unwrap();
        assert_eq!(hour.busy(attendees("F1", "F3", "F2,F3,F5"), None), ["F3", "F2"]);
        assert_eq!(hour.busy(attendees("F2", "F2", "F2,F3"), None), ["F2", "F3"]);
        assert_eq!(hour.entries(None).count(), 2, "busy changes nothing");
    }

    #[test]
    fn people_of_the_replaced_entry_are_not_busy() {
        let mut hour = CalendarHour::default();
        hour.take(EntryNumber(1), meeting("F1", "F2", "F1")).unwrap();
        assert!(hour.busy(attendees("F1", "F1", "F2,F3"), Some(EntryNumber(1))).is_empty());
        hour.take(EntryNumber(2), Entry::Block { who: "F3".into() }).unwrap();
        assert_eq!(hour.busy(attendees("F1", "F1", "F2,F3"), Some(EntryNumber(1))), ["F3"]);
    }
}
