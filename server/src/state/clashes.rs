//! Who is busy when entries are to be created.

use bookline_protocol::reply::Clashes;
use bookline_protocol::{Period, Slot};

use super::calendar::HourView;
use super::new_entry::NewEntry;
use crate::domain::{Busy, EntryNumber};

/// The people of a new entry, and the hours that they do not have.
#[derive(Debug)]
pub(super) struct ClashSearch<'p> {
    who: &'p str,
    entry: &'p NewEntry<'p>,
    /// Who is busy at any time.
    busy: Marks,
    clashes: Clashes,
}

/// A set of people, by their position. The empty one needs no memory.
#[derive(Debug, Default)]
struct Marks(Vec<bool>);

impl Marks {
    fn add(&mut self, position: usize) {
        if self.0.len() <= position {
            self.0.resize(position + 1, false);
        }
        self.0[position] = true;
    }

    fn contains(&self, position: usize) -> bool {
        self.0.get(position).is_some_and(|marked| *marked)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'p> ClashSearch<'p> {
    pub fn new(who: &'p str, entry: &'p NewEntry<'p>) -> Self {
        Self { who, entry, busy: Marks::default(), clashes: Clashes::default() }
    }

    /// Whether all people are free in a period, apart from the entries that `ignored` accepts. `hour_of`
    /// gives an hour of it, if that has entries.
    pub fn is_free<'h>(
        &mut self,
        hour_of: impl Fn(Slot) -> Option<HourView<'h>>,
        period: Period,
        ignored: impl Fn(EntryNumber) -> bool,
    ) -> bool {
        let mut busy = Marks::default();
        for slot in period.slots() {
            let Some(hour) = hour_of(slot) else { continue };
            for (position, person) in self.entry.people(self.who).enumerate() {
                if hour.entry_number_of(person).is_some_and(|entry| !ignored(entry)) {
                    busy.add(position);
                }
            }
        }
        let is_free = busy.is_empty();
        if !is_free {
            self.add(period, |position| busy.contains(position));
        }
        is_free
    }

    /// Nobody has this period, because it overlaps another new entry.
    pub fn overlaps(&mut self, period: Period) {
        self.add(period, |_| true);
    }

    fn add(&mut self, period: Period, is_busy: impl Fn(usize) -> bool) {
        let people = || self.entry.people(self.who).enumerate().filter(|(position, _)| is_busy(*position));
        people().for_each(|(position, _)| self.busy.add(position));
        self.clashes.push(period.start(), people().map(|(_, person)| person));
    }

    pub fn has_found(&self) -> bool {
        self.clashes.count() > 0
    }

    /// The clashes that were found.
    pub fn into_clashes(self) -> Clashes {
        self.clashes
    }

    /// What was found, as a rejection. Joining the ids takes long, so no lock is held any more.
    pub fn into_busy(self) -> Busy {
        let people = self.entry.people(self.who).enumerate();
        let busy: Vec<_> = people.filter(|(at, _)| self.busy.contains(*at)).map(|(_, who)| who).collect();
        Busy { people: busy.join(","), clashes: self.clashes.into() }
    }
}
