//! Hashes of people's ids, which clients choose.

use std::hash::{BuildHasher, RandomState};

/// Two hashers, each with random keys.
#[derive(Debug, Default)]
pub struct PeopleHasher {
    /// foldhash. It need not resist clients who infer its key from the timing of replies: among few people,
    /// colliding ids cost some comparisons.
    few: foldhash::fast::RandomState,
    /// SipHash. A MEET looks up a thousand ids under one lock: ids that collide would make each lookup
    /// compare with all of them.
    many: RandomState,
}

impl PeopleHasher {
    /// The hash of an id in an hour with few people.
    pub fn hash_among_few(&self, id: &str) -> u32 {
        self.few.hash_one(id) as u32
    }

    /// The hash of an id in an hour with many people.
    pub fn hash_among_many(&self, id: &str) -> u32 {
        self.many.hash_one(id) as u32
    }
}
