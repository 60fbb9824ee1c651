//! An index of tickets or holds by their ids.

use hashbrown::HashTable;

use super::events::EventIndex;
use crate::collections::extendible_hash_table::{DIRECTORY_INDEX_SHIFT, ExtendibleHashTable, hash_of_number};

/// Where a ticket or a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub event: EventIndex,
    /// Its position among those of the event.
    pub position: u32,
}

/// Finds the tickets or the holds of a shard by their ids, without keeping the ids. To look one up takes a
/// search in two small tables, however many there are.
///
/// A table of millions of entries is not in the processor's cache, so that each insertion would wait for the
/// memory several times. The last entries are in tables that are. When one of these is full, its entries are
/// moved together: they belong to few buckets, and the waits for them overlap. With ten million tickets, a
/// booking took four times as long without them.
#[derive(Debug, Default)]
pub struct IdIndex {
    entries: ExtendibleHashTable<Entry>,
    /// The last entries, by the buckets that they belong to. There are none as long as `entries` is small.
    recent: Box<[HashTable<Entry>]>,
}

/// Entries of the large table from which on others are added to recent ones first: fewer stay in the cache.
const LARGE_ENTRIES_MIN: usize = 60_000;

/// Tables of recent entries. Together they take 850 kB, which fit into the cache of a processor's core.
const RECENT_TABLES: usize = 64;

/// Entries of a table of recent ones, what 1,024 places hold at hashbrown's load of 7/8. To move them takes
/// some 50 µs.
const RECENT_TABLE_ENTRIES_MAX: usize = 896;

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

/// The table of recent entries for a hash: all entries of one belong to the same 64th of the buckets.
fn recent_table(table_hash: u64) -> usize {
    (table_hash >> DIRECTORY_INDEX_SHIFT) as usize % RECENT_TABLES
}

impl IdIndex {
    /// The location with this id. `is_there` says whether what is at a location has the id.
    pub fn find(&self, id: &[u8; 16], is_there: impl Fn(Location) -> bool) -> Option<Location> {
        let hash = hash_of(id);
        let table_hash = hash_of_number(hash.into());
        let is_match = |entry: &Entry| entry.hash == hash && is_there(entry.location);
        let recent = self.recent.get(recent_table(table_hash));
        let found = recent.and_then(|recent| recent.find(table_hash, is_match));
        found.or_else(|| self.entries.find(table_hash, is_match)).map(|entry| entry.location)
    }

    /// Adds an id that the index does not contain: it has 106 random bits.
    #[inline]
    pub fn insert(&mut self, id: &[u8; 16], location: Location) {
        let entry = Entry { hash: hash_of(id), location };
        if self.entries.len() < LARGE_ENTRIES_MIN {
            self.entries.insert(entry.table_hash(), entry, Entry::table_hash);
        } else {
            self.insert_recent(entry);
        }
    }

    fn insert_recent(&mut self, entry: Entry) {
        if self.recent.is_empty() {
            self.recent = (0..RECENT_TABLES).map(|_| HashTable::new()).collect();
        }
        let table_hash = entry.table_hash();
        let recent = &mut self.recent[recent_table(table_hash)];
        if recent.len() >= RECENT_TABLE_ENTRIES_MAX {
            for entry in recent.drain() {
                self.entries.insert(entry.table_hash(), entry, Entry::table_hash);
            }
        }
        recent.insert_unique(table_hash, entry, Entry::table_hash);
    }

    pub fn remove(&mut self, id: &[u8; 16], location: Location) {
        let hash = hash_of(id);
        let table_hash = hash_of_number(hash.into());
        let is_match = |entry: &Entry| entry.hash == hash && entry.location == location;
        let recent = self.recent.get_mut(recent_table(table_hash));
        if let Some(Ok(entry)) = recent.map(|recent| recent.find_entry(table_hash, is_match)) {
            entry.remove();
            return;
        }
        self.entries.remove(table_hash, is_match, Entry::table_hash);
        if self.entries.len() == 0 {
            self.free_if_empty();
        }
    }

    /// Frees the tables of recent entries, if they have none.
    fn free_if_empty(&mut self) {
        if self.recent.iter().all(HashTable::is_empty) {
            self.recent = Box::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::events::Events;

    /// SplitMix64, twice.
    fn id(number: u32) -> [u8; 16] {
        let half = |number: u64| {
            let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ z >> 31).to_le_bytes()
        };
        let mut id = [0; 16];
        id[..8].copy_from_slice(&half(2 * u64::from(number) + 1));
        id[8..].copy_from_slice(&half(2 * u64::from(number) + 2));
        id
    }

    #[test]
    fn ids_are_found_at_their_locations_until_they_are_removed() {
        const COUNT: u32 = 2 * LARGE_ENTRIES_MIN as u32;
        let event = Events::first_index();
        let mut index = IdIndex::default();
        let find = |index: &IdIndex, n| index.find(&id(n), |at| at.position == n);
        for position in 0..COUNT {
            index.insert(&id(position), Location { event, position });
        }
        let recent: usize = index.recent.iter().map(HashTable::len).sum();
        assert!(recent > 0 && index.entries.len() > LARGE_ENTRIES_MIN, "{recent} recent entries");
        assert_eq!(recent + index.entries.len(), COUNT as usize);
        for position in 0..COUNT {
            assert_eq!(find(&index, position), Some(Location { event, position }));
        }
        assert_eq!(find(&index, COUNT), None);
        for position in (0..COUNT).rev() {
            index.remove(&id(position), Location { event, position });
            assert_eq!(find(&index, position), None);
        }
        assert!(index.recent.is_empty() && index.entries.len() == 0, "the memory is freed");
    }
}
