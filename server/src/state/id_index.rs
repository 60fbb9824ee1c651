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

/// Finds tickets or holds of a shard by their ids, without keeping the ids.
#[derive(Debug, Default)]
pub struct IdIndex(ExtendibleHashTable<Entry>);

/// 12 bytes, because there may be one for every ticket.
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
    pub fn find(&self, id: &[u8; 16], is_there: impl Fn(Location) -> bool) -> Option<Location> {
        let hash = hash_of(id);
        let is_match = |entry: &Entry| entry.hash == hash && is_there(entry.location);
        self.0.find(hash_of_number(hash.into()), is_match).map(|entry| entry.location)
    }

    /// Adds an id that the index does not contain: it has 62 random bits at least.
    pub fn insert(&mut self, id: &[u8; 16], location: Location) {
        let entry = Entry { hash: hash_of(id), location };
        self.0.insert(entry.table_hash(), entry, Entry::table_hash);
    }

    /// Removes an id, if the index contains it.
    pub fn remove(&mut self, id: &[u8; 16], location: Location) {
        let hash = hash_of(id);
        let is_match = |entry: &Entry| entry.hash == hash && entry.location == location;
        self.0.remove(hash_of_number(hash.into()), is_match, Entry::table_hash);
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
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
        const COUNT: u32 = 100_000;
        let event = Events::first_index();
        let mut index = IdIndex::default();
        let find = |index: &IdIndex, n| index.find(&id(n), |at| at.position == n);
        for position in 0..COUNT {
            index.insert(&id(position), Location { event, position });
        }
        assert_eq!(index.len(), COUNT as usize);
        for position in 0..COUNT {
            assert_eq!(find(&index, position), Some(Location { event, position }));
        }
        assert_eq!(find(&index, COUNT), None);
        for position in (0..COUNT).rev() {
            index.remove(&id(position), Location { event, position });
            assert_eq!(find(&index, position), None);
        }
        assert_eq!(index.len(), 0);
    }
}
