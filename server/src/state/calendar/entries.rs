//! The entries of a calendar.

use crate::collections::extendible_hash_table::{ExtendibleHashTable, hash_of_number};
use crate::domain::EntryNumber;
use crate::domain::calendar::Entry;

/// Entries by their number.
#[derive(Debug, Default)]
pub struct Entries(ExtendibleHashTable<NumberedEntry>);

#[derive(Debug)]
struct NumberedEntry {
    number: EntryNumber,
    entry: Entry,
}

impl Entries {
    /// The entry that an hour refers to.
    pub fn get(&self, number: EntryNumber) -> &Entry {
        let found = self.0.find(hash_of_number(number.0), |entry| entry.number == number);
        &found.expect("an hour refers to entries that exist").entry
    }

    /// Adds an entry with a new number.
    pub fn insert(&mut self, number: EntryNumber, entry: Entry) {
        let hash_of = |entry: &NumberedEntry| hash_of_number(entry.number.0);
        self.0.insert(hash_of_number(number.0), NumberedEntry { number, entry }, hash_of);
    }

    pub fn remove(&mut self, number: EntryNumber) -> Option<Entry> {
        let hash_of = |entry: &NumberedEntry| hash_of_number(entry.number.0);
        let removed = self.0.remove(hash_of_number(number.0), |entry| entry.number == number, hash_of)?;
        Some(removed.entry)
    }
}
