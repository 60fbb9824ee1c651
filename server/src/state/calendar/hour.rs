//! One hour of all calendars.

use super::busy_person::SlotFilled;
use super::entries::Entries;
use super::hour_of_few::HourOfFew;
use super::hour_of_many::HourOfMany;
use super::people_hasher::PeopleHasher;
use crate::domain::calendar::{Entry, EntryContent};
use crate::domain::{Contradiction, EntryNumber};

/// The people whose slot is filled, and the entries that fill them.
///
/// An hour that once had many people keeps their table until it is empty. To turn back at a threshold would
/// save some bytes of an hour that was left by most of its people, and cost a second hysteresis beside the
/// table's own.
#[derive(Debug)]
pub enum CalendarHour {
    Few(HourOfFew),
    Many(Box<HourOfMany>),
}

impl Default for CalendarHour {
    fn default() -> Self {
        Self::Few(HourOfFew::default())
    }
}

impl CalendarHour {
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Few(few) => few.is_empty(),
            Self::Many(many) => many.is_empty(),
        }
    }

    pub fn entry_of(&self, who: &str, entries: &Entries, hasher: &PeopleHasher) -> Option<EntryNumber> {
        match self {
            Self::Few(few) => few.entry_of(who, entries, hasher),
            Self::Many(many) => many.entry_of(who, entries, hasher),
        }
    }

    /// The meetings after the entry `after`, or all meetings, in the order of their creation.
    pub fn meetings<'a>(
        &'a self,
        after: Option<EntryNumber>,
        entries: &'a Entries,
    ) -> impl Iterator<Item = (EntryNumber, &'a Entry)> {
        let (few, many) = match self {
            Self::Few(few) => (Some(few.entries(after)), None),
            Self::Many(many) => (None, Some(many.meetings(after))),
        };
        let numbers = few.into_iter().flatten().chain(many.into_iter().flatten());
        let listed = numbers.map(|number| (number, entries.get(number)));
        listed.filter(|(_, entry)| entry.content.is_meeting())
    }

    /// Fills the slot of all people of an entry that is not in `entries` yet. Its number is the largest,
    /// unless the entry was moved here.
    pub fn take(
        &mut self,
        number: EntryNumber,
        entry: &EntryContent,
        entries: &Entries,
        hasher: &PeopleHasher,
    ) -> Result<(), Contradiction> {
        if let Self::Few(few) = self
            && !few.fits(entry)
        {
            *self = Self::Many(Box::new(HourOfMany::of(few, entries, hasher)));
        }
        let taken = match self {
            Self::Few(few) => few.take(number, entry, entries, hasher),
            Self::Many(many) => many.take(number, entry, entries, hasher),
        };
        taken.map_err(|SlotFilled { who }| {
            let commit = number.commit().0;
            Contradiction(format!("an entry of commit {commit} takes an hour that {who} has filled"))
        })
    }

    /// Frees the slot of all people of an entry. Returns their number.
    pub fn free(&mut self, number: EntryNumber, entry: &EntryContent, hasher: &PeopleHasher) -> usize {
        match self {
            Self::Few(few) => few.free(number),
            Self::Many(many) => many.free(number, entry, hasher),
        }
    }
}
