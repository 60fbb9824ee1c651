//! The entries of a calendar.

use std::collections::BTreeMap;

use crate::domain::EntryNumber;
use crate::domain::calendar::Entry;

/// Entries by their number.
///
/// Numbers ascend, so an entry that is created goes into the last leaf of the tree, which is in the
/// processor's cache. In a hash table it went to a random place, and waiting for the memory took a tenth of a
/// BLOCK. An entry that is moved keeps its number, and goes anywhere.
#[derive(Debug, Default)]
pub struct Entries(BTreeMap<EntryNumber, Entry>);

impl Entries {
    /// The entry that an hour refers to.
    pub fn get(&self, number: EntryNumber) -> &Entry {
        &self.0[&number]
    }

    /// Adds an entry. Returns the one that had its number before, if there was one.
    pub fn insert(&mut self, number: EntryNumber, entry: Entry) -> Option<Entry> {
        self.0.insert(number, entry)
    }

    pub fn remove(&mut self, number: EntryNumber) -> Option<Entry> {
        self.0.remove(&number)
    }
}
