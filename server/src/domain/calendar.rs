//! One hour of everybody's calendar: a person has at most one thing in it, and a meeting has all its people or none.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use compact_str::CompactString;
use foldhash::fast::RandomState;

use super::{Contradiction, EntryNumber, Refused};
use crate::table::Table;

/// What fills a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// One person keeps the hour free of meetings.
    Block {
        /// The person.
        who: CompactString,
    },
    /// A meeting, shared: who reads it takes a handle and leaves the lock before writing it out.
    Meeting(Arc<Meeting>),
}

/// A meeting. Its slot is taken for `who`, `host` and every member of `group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// Who asked for it.
    pub who: CompactString,
    /// What it is about.
    pub title: Box<str>,
    /// Its members, comma-separated, without repetition.
    pub group: Box<str>,
    /// Who may delete or replace it.
    pub host: CompactString,
}

/// Everyone whose slot a meeting takes: `who`, `host` and the comma-separated `group`, each possibly more than once.
pub fn attendees<'a>(who: &'a str, host: &'a str, group: &'a str) -> impl Iterator<Item = &'a str> {
    [who, host].into_iter().chain(group.split(','))
}

impl Entry {
    /// Everyone whose slot this entry takes, each possibly more than once.
    pub fn people(&self) -> impl Iterator<Item = &str> {
        let (who, meeting) = match self {
            Entry::Block { who } => (Some(who.as_str()), None),
            Entry::Meeting(m) => (None, Some(attendees(&m.who, &m.host, &m.group))),
        };
        who.into_iter().chain(meeting.into_iter().flatten())
    }
}

/// One hour. Invariant: `people` names, for every entry, exactly its people, and nobody else. Both grow a piece at a
/// time: a popular hour never stalls its shard while a table of everybody is copied.
#[derive(Debug, Default)]
pub struct Hour {
    people: Table<Busy>,
    entries: BTreeMap<EntryNumber, Entry>,
    /// Ids come from clients, who must not be able to choose collisions.
    hasher: RandomState,
}

/// A person who has something in this hour.
#[derive(Debug)]
struct Busy {
    who: CompactString,
    with: EntryNumber,
}

impl Hour {
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

    /// The meetings of this hour, in the order they were made.
    pub fn meetings(&self) -> impl Iterator<Item = &Arc<Meeting>> {
        self.entries.values().filter_map(|entry| match entry {
            Entry::Meeting(meeting) => Some(meeting),
            Entry::Block { .. } => None,
        })
    }

    /// May these people be given something new in this hour, when the entry `replaced` goes away? All who are busy
    /// are named, in the order given, each once.
    pub fn decide_taking<'a>(
        &self,
        people: impl Iterator<Item = &'a str>,
        replaced: Option<EntryNumber>,
    ) -> Result<(), Refused> {
        let mut busy: Vec<String> = Vec::new();
        for who in people {
            let held = self.busy_with(who);
            if held.is_some() && held != replaced && !busy.iter().any(|b| b == who) {
                busy.push(who.to_owned());
            }
        }
        if busy.is_empty() { Ok(()) } else { Err(Refused::Busy(busy)) }
    }

    /// Which entry goes when `who` asks to free this hour: their block, or the meeting they host.
    pub fn decide_freeing(&self, who: &str) -> Result<(EntryNumber, &Entry), Refused> {
        let (number, entry) = self.of(who).ok_or(Refused::NothingThere)?;
        match entry {
            Entry::Meeting(meeting) if meeting.host != who => {
                Err(Refused::NotTheHost { host: meeting.host.to_string() })
            }
            _ => Ok((number, entry)),
        }
    }

    /// Fills the slot of all people of `entry`.
    pub fn take(&mut self, number: EntryNumber, entry: Entry) -> Result<(), Contradiction> {
        let Hour { people, hasher, .. } = self;
        for who in entry.people() {
            let hash = hasher.hash_one(who);
            match people.find(hash, |busy| busy.who == who) {
                None => {
                    let busy = Busy { who: who.into(), with: number };
                    people.insert(hash, busy, |busy| hasher.hash_one(busy.who.as_str()));
                }
                // Who is in it twice.
                Some(busy) if busy.with == number => {}
                Some(_) => {
                    return Err(Contradiction(format!(
                        "entry {} takes an hour that {who} has filled",
                        number.0
                    )));
                }
            }
        }
        self.entries.insert(number, entry);
        Ok(())
    }

    /// Empties the slot of all people of the entry.
    pub fn free(&mut self, number: EntryNumber) -> Result<(), Contradiction> {
        let entry = self
            .entries
            .remove(&number)
            .ok_or_else(|| Contradiction(format!("entry {} is freed and is not there", number.0)))?;
        for who in entry.people() {
            self.people.remove(self.hasher.hash_one(who), |busy| busy.who == who);
        }
        Ok(())
    }

    /// Entries in this hour.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut hour = Hour::default();
        hour.take(EntryNumber(7), meeting("F1", "F2,F3", "F4")).unwrap();
        for who in ["F1", "F2", "F3", "F4"] {
            assert_eq!(hour.of(who).map(|(n, _)| n), Some(EntryNumber(7)), "{who}");
        }
        assert_eq!(hour.decide_freeing("F1"), Err(Refused::NotTheHost { host: "F4".into() }));
        hour.free(EntryNumber(7)).unwrap();
        assert!(hour.is_empty() && hour.people.len() == 0);
    }

    #[test]
    fn all_who_are_busy_are_named_once() {
        let mut hour = Hour::default();
        hour.take(EntryNumber(1), Entry::Block { who: "F2".into() }).unwrap();
        hour.take(EntryNumber(2), Entry::Block { who: "F3".into() }).unwrap();
        let asked = attendees("F1", "F3", "F2,F3,F5");
        assert_eq!(hour.decide_taking(asked, None), Err(Refused::Busy(vec!["F3".into(), "F2".into()])));
        assert_eq!(hour.len(), 2, "a refusal changes nothing");
    }

    #[test]
    fn the_replaced_entry_does_not_count_as_busy() {
        let mut hour = Hour::default();
        hour.take(EntryNumber(1), meeting("F1", "F2", "F1")).unwrap();
        assert_eq!(hour.decide_taking(attendees("F1", "F1", "F2,F3"), Some(EntryNumber(1))), Ok(()));
        hour.take(EntryNumber(2), Entry::Block { who: "F3".into() }).unwrap();
        let refused = hour.decide_taking(attendees("F1", "F1", "F2,F3"), Some(EntryNumber(1)));
        assert_eq!(refused, Err(Refused::Busy(vec!["F3".into()])));
    }
}
