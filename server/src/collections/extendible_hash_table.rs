//! A hash table that grows one bucket at a time.
//!
//! An ordinary table with ten million entries takes a second to double, and all threads that need its lock
//! wait. This one is an ordinary table while it is small. Then it is a directory of buckets (extendible
//! hashing): a full bucket is split in two, so that no insertion moves more than `BUCKET_ENTRIES_MAX`
//! entries.

use hashbrown::HashTable;

/// Entries of a bucket, which is split when it has as many: what 4,096 places hold at hashbrown's load of
/// 7/8. To move them takes some 50 µs.
const BUCKET_ENTRIES_MAX: usize = 3_584;

/// The directory is indexed by the bits of the hash from this one on. The bits below it place an entry within
/// its bucket, and hashbrown uses the top seven as its tag.
const DIRECTORY_INDEX_SHIFT: u32 = 20;

const _: () = assert!(BUCKET_ENTRIES_MAX < 1 << DIRECTORY_INDEX_SHIFT);

/// Directory entries per bucket, at the most. Well-distributed hashes need 2 to 4. Only equal hashes need
/// more, and no split separates those.
const DIRECTORY_ENTRIES_PER_BUCKET_MAX: usize = 16;

/// A bucket with fewer entries than its capacity divided by this shrinks to twice its entries. A directory
/// with fewer entries than one bucket divided by this turns into one small table. Both leave space, so that
/// insertions and removals in turn do not resize a table each time.
const SHRINK_DIVISOR: usize = 4;

/// Entries, found by hash and equality. The caller hashes, always in the same way.
#[derive(Debug)]
pub struct ExtendibleHashTable<T> {
    /// All entries, as long as they fit into one bucket.
    small: HashTable<T>,
    /// All entries, once they do not.
    large: Option<Box<Directory<T>>>,
}

/// Hashes small consecutive numbers: it spreads them over all bits (Fibonacci hashing, with the constant
/// 2^64 / φ). It is a bijection, so a client that chooses numbers cannot make them collide.
pub fn hash_of_number(number: u64) -> u64 {
    let product = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ product >> 32
}

#[derive(Debug)]
struct Directory<T> {
    /// 2^`depth` indices into `buckets`.
    indices: Vec<u32>,
    depth: u32,
    buckets: Vec<Bucket<T>>,
    /// Entries of all buckets.
    len: usize,
}

#[derive(Debug)]
struct Bucket<T> {
    /// Bits of the hash, from [`DIRECTORY_INDEX_SHIFT`] on, that all entries share.
    depth: u32,
    entries: HashTable<T>,
}

impl<T> Default for ExtendibleHashTable<T> {
    fn default() -> Self {
        Self { small: HashTable::new(), large: None }
    }
}

impl<T> ExtendibleHashTable<T> {
    /// Entries.
    #[expect(clippy::len_without_is_empty, reason = "nothing asks for it")]
    #[inline]
    pub fn len(&self) -> usize {
        self.large.as_ref().map_or(self.small.len(), |large| large.len)
    }

    /// The entry with this hash that `is_match` accepts.
    #[inline(always)]
    pub fn find(&self, hash: u64, is_match: impl FnMut(&T) -> bool) -> Option<&T> {
        let entries = match &self.large {
            None => &self.small,
            Some(large) => &large.buckets[large.bucket_of(hash)].entries,
        };
        entries.find(hash, is_match)
    }

    pub fn find_mut(&mut self, hash: u64, is_match: impl FnMut(&T) -> bool) -> Option<&mut T> {
        self.entries(hash).find_mut(hash, is_match)
    }

    /// Reserves space for `additional` entries where that saves work: a small table moves all entries each
    /// time that it doubles.
    pub fn reserve(&mut self, additional: usize, hash_of: impl Fn(&T) -> u64) {
        if self.large.is_none() {
            self.small.reserve(additional.min(BUCKET_ENTRIES_MAX - self.small.len()), hash_of);
        }
    }

    /// Adds an entry that the table does not contain, and returns it.
    #[inline(always)]
    pub fn insert(&mut self, hash: u64, value: T, hash_of: impl Fn(&T) -> u64) -> &mut T {
        if self.large.is_none() && self.small.len() >= BUCKET_ENTRIES_MAX {
            self.large = Some(Box::new(Directory::of(std::mem::take(&mut self.small))));
        }
        let entries = match &mut self.large {
            None => &mut self.small,
            Some(large) => {
                large.len += 1;
                large.bucket_with_space(hash, &hash_of)
            }
        };
        entries.insert_unique(hash, value, hash_of).into_mut()
    }

    /// Removes the entry with this hash that `is_match` accepts. A table that becomes nearly empty frees
    /// memory, so that what it takes is bounded by what it contains, and not by what it once contained.
    pub fn remove(
        &mut self,
        hash: u64,
        is_match: impl FnMut(&T) -> bool,
        hash_of: impl Fn(&T) -> u64,
    ) -> Option<T> {
        let entries = self.entries(hash);
        let value = entries.find_entry(hash, is_match).ok()?.remove().0;
        if entries.len() < entries.capacity() / SHRINK_DIVISOR {
            entries.shrink_to(2 * entries.len(), &hash_of);
        }
        if let Some(large) = &mut self.large {
            large.len -= 1;
            if large.len < BUCKET_ENTRIES_MAX / SHRINK_DIVISOR {
                let entries = self.large.take().into_iter().flat_map(|large| large.buckets);
                for value in entries.flat_map(|bucket| bucket.entries) {
                    self.small.insert_unique(hash_of(&value), value, &hash_of);
                }
            }
        }
        Some(value)
    }

    /// The table that an entry with this hash belongs to.
    fn entries(&mut self, hash: u64) -> &mut HashTable<T> {
        match &mut self.large {
            None => &mut self.small,
            Some(large) => {
                let bucket = large.bucket_of(hash);
                &mut large.buckets[bucket].entries
            }
        }
    }
}

impl<T> Directory<T> {
    /// A directory of one bucket.
    fn of(entries: HashTable<T>) -> Self {
        let len = entries.len();
        Self { indices: vec![0], depth: 0, buckets: vec![Bucket { depth: 0, entries }], len }
    }

    fn bucket_of(&self, hash: u64) -> usize {
        let index = (hash >> DIRECTORY_INDEX_SHIFT) as usize & (self.indices.len() - 1);
        self.indices[index] as usize
    }

    /// The bucket for a new entry with this hash. A full one is split.
    #[inline]
    fn bucket_with_space(&mut self, hash: u64, hash_of: &impl Fn(&T) -> u64) -> &mut HashTable<T> {
        let mut bucket = self.bucket_of(hash);
        if self.buckets[bucket].entries.len() >= BUCKET_ENTRIES_MAX
            && self.indices.len() <= DIRECTORY_ENTRIES_PER_BUCKET_MAX * self.buckets.len()
        {
            self.split(hash, hash_of);
            bucket = self.bucket_of(hash);
        }
        &mut self.buckets[bucket].entries
    }

    /// Splits the bucket that an entry with this hash belongs to in two: the entries whose next bit of the
    /// hash is set get a new bucket.
    #[cold]
    fn split(&mut self, hash: u64, hash_of: &impl Fn(&T) -> u64) {
        let bucket = self.bucket_of(hash);
        let bit = self.buckets[bucket].depth;
        if bit == self.depth {
            self.indices.extend_from_within(..);
            self.depth += 1;
        }
        let upper = |hash: u64| hash >> (DIRECTORY_INDEX_SHIFT + bit) & 1 == 1;
        let old = &mut self.buckets[bucket];
        old.depth += 1;
        let mut entries = HashTable::with_capacity(BUCKET_ENTRIES_MAX);
        // The old table would keep tombstones of what is removed from it, and double before it is full again.
        let lower = HashTable::with_capacity(BUCKET_ENTRIES_MAX);
        for value in std::mem::replace(&mut old.entries, lower) {
            let hash = hash_of(&value);
            let entries = if upper(hash) { &mut entries } else { &mut old.entries };
            entries.insert_unique(hash, value, hash_of);
        }
        let depth = old.depth;
        let new = u32::try_from(self.buckets.len())
            .expect("2^32 buckets of thousands of entries exceed any memory");
        self.buckets.push(Bucket { depth, entries });
        // The indices of the new bucket share the lower bits of the hash, and have the next one set.
        let lower = (hash >> DIRECTORY_INDEX_SHIFT) as usize & ((1 << bit) - 1);
        for index in self.indices[lower | 1 << bit..].iter_mut().step_by(2 << bit) {
            *index = new;
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
    fn find_returns_every_inserted_entry_and_no_other() {
        let mut table = ExtendibleHashTable::default();
        for n in 0..100_000u64 {
            table.insert(mix(n), n, |&n| mix(n));
        }
        assert_eq!(table.len(), 100_000);
        let buckets = &table.large.as_ref().expect("it is large").buckets;
        assert!(
            buckets.len() > 16 && buckets.iter().all(|bucket| bucket.entries.len() <= BUCKET_ENTRIES_MAX)
        );
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
    fn bucket_that_was_split_keeps_its_capacity_until_the_next_split() {
        let mut table = ExtendibleHashTable::default();
        for n in 0..300_000u64 {
            table.insert(mix(n), n, |&n| mix(n));
        }
        let buckets = &table.large.as_ref().expect("it is large").buckets;
        let larger = buckets.iter().filter(|bucket| bucket.entries.capacity() > BUCKET_ENTRIES_MAX).count();
        assert_eq!(larger, 0, "of {} buckets", buckets.len());
    }

    #[test]
    fn remove_of_most_entries_frees_their_memory() {
        let remove = |table: &mut ExtendibleHashTable<u64>, numbers: std::ops::Range<u64>| {
            for n in numbers {
                assert_eq!(table.remove(mix(n), |&found| found == n, |&n| mix(n)), Some(n));
            }
        };
        let mut table = ExtendibleHashTable::default();
        for n in 0..100_000 {
            table.insert(mix(n), n, |&n| mix(n));
        }
        remove(&mut table, 1_000..100_000);
        let buckets = &table.large.as_ref().expect("it is large").buckets;
        let capacity: usize = buckets.iter().map(|bucket| bucket.entries.capacity()).sum();
        assert!(
            capacity <= SHRINK_DIVISOR * 1_000 + 14 * buckets.len(),
            "capacity of {capacity} for a thousand entries"
        );

        remove(&mut table, 1..1_000);
        assert!(
            table.large.is_none() && table.small.capacity() < 2 * SHRINK_DIVISOR,
            "{}",
            table.small.capacity()
        );
        assert_eq!((table.find(mix(0), |&found| found == 0), table.len()), (Some(&0), 1));
    }

    #[test]
    fn equal_hashes_do_not_grow_the_directory_without_bound() {
        let mut table = ExtendibleHashTable::default();
        for n in 0..BUCKET_ENTRIES_MAX + 1_000 {
            table.insert(7, n, |_| 7);
        }
        let large = table.large.as_ref().expect("it is large");
        assert!(
            large.indices.len() <= 2 * DIRECTORY_ENTRIES_PER_BUCKET_MAX * large.buckets.len(),
            "{}",
            large.indices.len()
        );
        assert_eq!(table.find(7, |&n| n == BUCKET_ENTRIES_MAX + 999), Some(&(BUCKET_ENTRIES_MAX + 999)));
    }
}
