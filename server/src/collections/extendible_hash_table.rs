//! A hash table that grows a piece at a time.
//!
//! An ordinary table that doubles at ten million entries stands still for a second, and whoever holds its lock with
//! it. This one is an ordinary table while it is small. Then it is a directory of small tables (extendible hashing):
//! one that is full is split in two, so that no insert ever moves more than [`FULL`] entries.

use hashbrown::HashTable;

/// A small table is split at this many entries: the most that fit into 4,096 places at hashbrown's load of 7/8. To
/// move them takes some 50 µs.
const FULL: usize = 3_584;

/// The directory is indexed by the hash from this bit on: below it are the bits that place an entry within a small
/// table, and the top seven are hashbrown's own tag.
const SHIFT: u32 = 20;

/// The directory is at most so many times longer than there are small tables. Hashes worth the name need 2 to 4;
/// only equal ones would need more, and no split helps those.
const SPARSE: usize = 16;

/// A small table is made smaller, to twice what is in it, when it has fewer than one in so many of the entries that it
/// takes; and so is a directory, to one small table. Whoever fills and empties it does not meet this again at once.
const SHRINK: usize = 4;

/// Values found by a hash and a test for equality; the caller hashes, always in the same way.
#[derive(Debug)]
pub struct Table<T> {
    /// All entries, until they are too many.
    small: HashTable<T>,
    /// All entries, once they were.
    large: Option<Box<Directory<T>>>,
}

#[derive(Debug)]
struct Directory<T> {
    /// 2^depth indices into `parts`.
    indices: Vec<u32>,
    depth: u32,
    parts: Vec<Part<T>>,
    /// Entries in all.
    len: usize,
}

#[derive(Debug)]
struct Part<T> {
    /// How many bits of the hash all entries share.
    depth: u32,
    entries: HashTable<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { small: HashTable::new(), large: None }
    }
}

impl<T> Table<T> {
    /// Entries in all.
    #[expect(clippy::len_without_is_empty, reason = "only tests count")]
    pub fn len(&self) -> usize {
        self.large.as_ref().map_or(self.small.len(), |large| large.len)
    }

    /// The entry of this hash that is the one.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<&T> {
        let entries = match &self.large {
            None => &self.small,
            Some(large) => &large.parts[large.part_of(hash)].entries,
        };
        entries.find(hash, is_it)
    }

    /// The same, to be changed.
    pub fn find_mut(&mut self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<&mut T> {
        self.entries(hash).find_mut(hash, is_it)
    }

    /// Makes room for so many more at once, where it is cheaper than piece by piece: a small table is moved each time
    /// that it doubles.
    pub fn reserve(&mut self, more: usize, hash_of: impl Fn(&T) -> u64) {
        if self.large.is_none() {
            self.small.reserve(more.min(FULL - self.small.len()), hash_of);
        }
    }

    /// Adds an entry that is not there yet.
    pub fn insert(&mut self, hash: u64, value: T, hash_of: impl Fn(&T) -> u64) {
        if let Some(large) = &mut self.large {
            large.make_room(hash, &hash_of);
        } else if self.small.len() >= FULL {
            let mut large = Directory::of(std::mem::take(&mut self.small));
            large.make_room(hash, &hash_of);
            self.large = Some(Box::new(large));
        }
        self.entries(hash).insert_unique(hash, value, hash_of);
        if let Some(large) = &mut self.large {
            large.len += 1;
        }
    }

    /// Takes an entry out. A table that was large and is nearly empty gives its memory back: what it takes is bounded by
    /// what is in it, and not by what once was.
    pub fn remove(
        &mut self,
        hash: u64,
        is_it: impl FnMut(&T) -> bool,
        hash_of: impl Fn(&T) -> u64,
    ) -> Option<T> {
        let entries = self.entries(hash);
        let value = entries.find_entry(hash, is_it).ok()?.remove().0;
        if entries.len() < entries.capacity() / SHRINK {
            entries.shrink_to(2 * entries.len(), &hash_of);
        }
        if let Some(large) = &mut self.large {
            large.len -= 1;
            if large.len < FULL / SHRINK {
                let entries = self.large.take().into_iter().flat_map(|large| large.parts);
                for value in entries.flat_map(|part| part.entries) {
                    self.small.insert_unique(hash_of(&value), value, &hash_of);
                }
            }
        }
        Some(value)
    }

    /// Where an entry of this hash is, or goes.
    fn entries(&mut self, hash: u64) -> &mut HashTable<T> {
        match &mut self.large {
            None => &mut self.small,
            Some(large) => {
                let part = large.part_of(hash);
                &mut large.parts[part].entries
            }
        }
    }
}

impl<T> Directory<T> {
    /// One part, of all that there is.
    fn of(entries: HashTable<T>) -> Self {
        let len = entries.len();
        Self { indices: vec![0], depth: 0, parts: vec![Part { depth: 0, entries }], len }
    }

    fn part_of(&self, hash: u64) -> usize {
        let index = (hash >> SHIFT) as usize & (self.indices.len() - 1);
        self.indices[index] as usize
    }

    /// Splits the part where an entry of this hash goes, if it is full.
    fn make_room(&mut self, hash: u64, hash_of: &impl Fn(&T) -> u64) {
        let part = self.part_of(hash);
        if self.parts[part].entries.len() >= FULL && self.indices.len() <= SPARSE * self.parts.len() {
            self.split(part, hash_of);
        }
    }

    /// Moves half of a part's entries, by one more bit of their hash, into a new part.
    fn split(&mut self, part: usize, hash_of: &impl Fn(&T) -> u64) {
        let bit = self.parts[part].depth;
        if bit == self.depth {
            self.indices.extend_from_within(..);
            self.depth += 1;
        }
        let upper = |hash: u64| hash >> (SHIFT + bit) & 1 == 1;
        let old = &mut self.parts[part];
        old.depth += 1;
        let mut entries = HashTable::with_capacity(FULL);
        for value in old.entries.extract_if(|value| upper(hash_of(value))) {
            entries.insert_unique(hash_of(&value), value, hash_of);
        }
        let depth = old.depth;
        let new =
            u32::try_from(self.parts.len()).expect("2^32 parts of thousands of entries fit into no memory");
        self.parts.push(Part { depth, entries });
        for (index, to) in self.indices.iter_mut().enumerate() {
            if *to as usize == part && index >> bit & 1 == 1 {
                *to = new;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64: every bit of the result depends on every bit of the number.
    fn mix(number: u64) -> u64 {
        let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    #[test]
    fn everything_put_in_is_found_and_nothing_else() {
        let mut table = Table::default();
        for n in 0..100_000u64 {
            table.insert(mix(n), n, |&n| mix(n));
        }
        assert_eq!(table.len(), 100_000);
        let parts = &table.large.as_ref().expect("it is large").parts;
        assert!(parts.len() > 16 && parts.iter().all(|part| part.entries.len() <= FULL));
        assert!(table.small.is_empty());
        for n in 0..100_000 {
            assert_eq!(table.find(mix(n), |&found| found == n), Some(&n));
        }
        assert_eq!(table.find(mix(100_000), |&found| found == 100_000), None);
        assert_eq!(table.remove(mix(77), |&found| found == 77, |&n| mix(n)), Some(77));
        assert_eq!(table.find(mix(77), |&found| found == 77), None);
        assert_eq!(table.len(), 99_999);
    }

    #[test]
    fn what_is_taken_out_gives_its_memory_back() {
        let take_out = |table: &mut Table<u64>, numbers: std::ops::Range<u64>| {
            for n in numbers {
                assert_eq!(table.remove(mix(n), |&found| found == n, |&n| mix(n)), Some(n));
            }
        };
        let mut table = Table::default();
        for n in 0..100_000 {
            table.insert(mix(n), n, |&n| mix(n));
        }
        take_out(&mut table, 1_000..100_000);
        let parts = &table.large.as_ref().expect("it is large").parts;
        let places: usize = parts.iter().map(|part| part.entries.capacity()).sum();
        assert!(places <= SHRINK * 1_000 + 14 * parts.len(), "{places} places for a thousand entries");

        take_out(&mut table, 1..1_000);
        assert!(table.large.is_none() && table.small.capacity() < 2 * SHRINK, "{}", table.small.capacity());
        assert_eq!((table.find(mix(0), |&found| found == 0), table.len()), (Some(&0), 1));
    }

    #[test]
    fn equal_hashes_do_not_grow_the_directory_without_end() {
        let mut table = Table::default();
        for n in 0..FULL + 1_000 {
            table.insert(7, n, |_| 7);
        }
        let large = table.large.as_ref().expect("it is large");
        assert!(large.indices.len() <= 2 * SPARSE * large.parts.len(), "{}", large.indices.len());
        assert_eq!(table.find(7, |&n| n == FULL + 999), Some(&(FULL + 999)));
    }
}
