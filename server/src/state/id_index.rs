//! An index of tickets or holds by their ids.

use super::events::EventIndex;
use crate::collections::extendible_hash_table::{ExtendibleHashTable, hash_of_number};

/// Where a ticket or a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub event: EventIndex,
    /// Its position among those of the event.
    pub position: u32,
}

/// Finds the tickets or the holds of a shard by their ids, without keeping the ids. To look one up takes one
/// search in one small table, however many there are.
#[derive(Debug, Default)]
pub struct IdIndex {
    entries: ExtendibleHashTable<Entry>,
}

/// 12 bytes, because there is one for every ticket.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The hash of the id, so that the table need not look at the ticket when it moves an entry.
    hash: u32,
    location: Location,
}

const _: () = assert!(size_of::<Entry>() == 12);

impl Entry {
    fn table_hash(&self) -> u64 {
        hash_of_number(self.hash.into())
    }
}

/// The server draws the ids, so no client can choose ids that collide. These bytes have neither the tag, nor
/// the version, nor the variant. With 32 million ids in one shard, one in 130 shares its hash with another.
#[inline]
fn hash_of(id: &[u8; 16]) -> u32 {
    u32::from_le_bytes([id[9], id[10], id[11], id[12]])
}

impl IdIndex {
    /// The location with this id. `is_there` says whether what is at a location has the id.
    #[inline]
    pub fn find(&self, id: &[u8; 16], is_there: impl Fn(Location) -> bool) -> Option<Location> {
        let hash = hash_of(id);
        let found = self
            .entries
            .find(hash_of_number(hash.into()), |entry| entry.hash == hash && is_there(entry.location));
        found.map(|entry| entry.location)
    }

    /// Adds an id that the index does not contain: it has 106 random bits.
    #[inline]
    pub fn insert(&mut self, id: &[u8; 16], location: Location) {
        let entry = Entry { hash: hash_of(id), location };
        self.entries.insert(entry.table_hash(), entry, Entry::table_hash);
    }

    pub fn remove(&mut self, id: &[u8; 16], location: Location) {
        let hash = hash_of(id);
        let is_match = |entry: &Entry| entry.hash == hash && entry.location == location;
        self.entries.remove(hash_of_number(hash.into()), is_match, Entry::table_hash);
    }
}
