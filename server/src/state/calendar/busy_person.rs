//! People whose slot is filled.

use super::entries::Entries;
use crate::domain::EntryNumber;
use crate::domain::calendar::IdRange;

/// A person whose slot is filled. Their id is in the entry's text.
#[derive(Debug, Clone, Copy)]
pub struct BusyPerson {
    pub entry: EntryNumber,
    /// The hash of the id, by the hasher of the hour's size.
    pub hash: u32,
    pub id: IdRange,
}

const _: () = assert!(size_of::<BusyPerson>() == 16);

impl BusyPerson {
    pub fn id<'a>(&self, entries: &'a Entries) -> &'a str {
        entries.get(self.entry).content.id(self.id)
    }
}

/// The slot of a person of a new entry is filled already.
#[derive(Debug)]
pub struct SlotFilled<'a> {
    pub who: &'a str,
}
