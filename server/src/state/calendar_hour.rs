//! One hour of everybody's calendar: a person has at most one entry in it, and a meeting has all its people or none.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound;

use compact_str::CompactString;

use crate::collections::extendible_hash_table::ExtendibleHashTable;
use crate::domain::calendar::Entry;
use crate::domain::{Contradiction, EntryNumber, Rejection};

/// One hour. Invariant: `people` names, for every entry, exactly its people, and nobody else. Both grow a piece at a
/// time: a popular hour never stalls its shard while a table of everybody is copied.
#[derive(Debug, Default)]
pub struct CalendarHour {
    people: ExtendibleHashTable<BusyPerson>,
    entries: BTreeMap<EntryNumber, Entry>,
    /// SipHash, with keys that nobody knows: ids come from clients, and a MEET looks up a thousand of them under one lock.
    /// Whoever could choose ids that collide would have each of these compared with each of theirs.
    hasher: RandomState,
}

/// A person who has something in this hour.
#[derive(Debug)]
struct BusyPerson {
    who: CompactString,
    with: EntryNumber,
}

impl CalendarHour {
    /// Is nothing in this hour?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What `who` has in this hour.
    pub fn of(&self, who: &str) -> Option<(EntryNumber, &Entry)> {
        let number = self.busy_with(who)?;
        Some((number, &self.entries[&number]))
    }

    fn busy_with(&self, who: &str) -> Option<EntryNumber> {
        self.people.find(self.hasher.hash_one(who), |busy| busy.who == who).map(|busy| busy.with)
    }

    /// The entries of this hour behind one, or all, in the order they were made.
    pub fn entries(&self, behind: Option<EntryNumber>) -> impl Iterator<Item = (EntryNumber, &Entry)> {
        let from = behind.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries.range((from, Bound::Unbounded)).map(|(&number, entry)| (number, entry))
    }

    /// Who of these people cannot be given something new in this hour, when the entry `replaced` goes away? In the
    /// order given. The names are not copied here: this runs under a lock.
    pub fn busy<'a>(
        &self,
        people: impl Iterator<Item = &'a str>,
        replaced: Option<EntryNumber>,
    ) -> Vec<&'a str> {
        let is_busy = |who: &&str| self.busy_with(who).is_some_and(|held| Some(held) != replaced);
        people.filter(is_busy).collect()
    }

    /// The entry that ends when `who` frees this hour.
    pub fn decide_freeing(&self, who: &str) -> Result<(EntryNumber, &Entry), Rejection> {
        let (number, entry) = self.of(who).ok_or(Rejection::NoEntry)?;
        entry.decide_freeing(who)?;
        Ok((number, entry))
    }

    /// Fills the slot of all people of `entry`. Says how many they are.
    pub fn take(&mut self, number: EntryNumber, entry: Entry) -> Result<u64, Contradiction> {
        let Self { people, hasher, .. } = self;
        let hash_of = |busy: &BusyPerson| hasher.hash_one(busy.who.as_str());
        let count = entry.people().count();
        people.reserve(count, hash_of);
        for who in entry.people() {
            let hash = hasher.hash_one(who);
            if people.find(hash, |busy| busy.who == who).is_some() {
                let number = number.0;
                return Err(Contradiction(format!("entry {number} takes an hour that {who} has filled")));
            }
            people.insert(hash, BusyPerson { who: who.into(), with: number }, hash_of);
        }
        self.entries.insert(number, entry);
        Ok(count as u64)
    }

    /// Empties the slot of all people of the entry. Says how many they are.
    pub fn free(&mut self, number: EntryNumber) -> Result<u64, Contradiction> {
        let entry = self
            .entries
            .remove(&number)
            .ok_or_else(|| Contradiction(format!("entry {} is freed and is not there", number.0)))?;
        let Self { people, hasher, .. } = self;
        let hash_of = |busy: &BusyPerson| hasher.hash_one(busy.who.as_str());
        let mut count = 0;
        for who in entry.people() {
            people.remove(hasher.hash_one(who), |busy| busy.who == who, hash_of);
            count += 1;
        }
        Ok(count)
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
    fn a_meeting_takes_the_slot_of_who_host_and_every_member() {
        let mut hour = CalendarHour::default();
        hour.take(EntryNumber(7), meeting("F1", "F2,F3", "F4")).unwrap();
        for who in ["F1", "F2", "F3", "F4"] {
            assert_eq!(hour.of(who).map(|(n, _)| n), Some(EntryNumber(7)), "{who}");
        }
        assert_eq!(hour.decide_freeing("F1"), Err(Rejection::NotHost { host: "F4".into() }));
        hour.free(EntryNumber(7)).unwrap();
        assert!(hour.is_empty() && hour.people.len() == 0);
    }

    #[test]
    fn all_who_are_busy_are_named_once() {
        let mut hour = CalendarHour::default();
        hour.take(EntryNumber(1), Entry::Block { who: "F2".into() }).unwrap();
        hour.take(EntryNumber(2), Entry::Block { who: "F3".into() }).unwrap();
        assert_eq!(hour.busy(attendees("F1", "F3", "F2,F3,F5"), None), ["F3", "F2"]);
        assert_eq!(hour.busy(attendees("F2", "F2", "F2,F3"), None), ["F2", "F3"]);
        assert_eq!(hour.entries(None).count(), 2, "looking changes nothing");
    }

    #[test]
    fn the_replaced_entry_does_not_count_as_busy() {
        let mut hour = CalendarHour::default();
        hour.take(EntryNumber(1), meeting("F1", "F2", "F1")).unwrap();
        assert!(hour.busy(attendees("F1", "F1", "F2,F3"), Some(EntryNumber(1))).is_empty());
        hour.take(EntryNumber(2), Entry::Block { who: "F3".into() }).unwrap();
        assert_eq!(hour.busy(attendees("F1", "F1", "F2,F3"), Some(EntryNumber(1))), ["F3"]);
    }
}
