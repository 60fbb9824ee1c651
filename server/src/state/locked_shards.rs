//! Shards that are locked together.

use std::ops::{Index, IndexMut};

use super::shard::Shard;
use crate::sync::MutexGuard;

const LOCKED: &str = "the shard was locked";

/// Shards that are locked together, by their indices. They were locked in ascending order, so that two
/// threads that need the same shards do not deadlock. Up to two need no allocation.
#[derive(Debug)]
pub struct LockedShards<'a> {
    two: [Option<LockedShard<'a>>; 2],
    others: Vec<LockedShard<'a>>,
}

#[derive(Debug)]
struct LockedShard<'a> {
    index: usize,
    guard: MutexGuard<'a, Shard>,
}

impl<'a> LockedShards<'a> {
    /// Locks the shards with these indices by `lock`, each once.
    pub fn lock(indices: &mut [usize], mut lock: impl FnMut(usize) -> MutexGuard<'a, Shard>) -> Self {
        indices.sort_unstable();
        // Allocated before the first lock is acquired.
        let others = Vec::with_capacity(indices.len().saturating_sub(2));
        let mut locked = Self { two: [None, None], others };
        for same in indices.chunk_by(usize::eq) {
            let index = same[0];
            let shard = LockedShard { index, guard: lock(index) };
            match locked.two.iter_mut().find(|shard| shard.is_none()) {
                Some(free) => *free = Some(shard),
                None => locked.others.push(shard),
            }
        }
        locked
    }

    /// Whether the shard with this index is locked.
    pub fn contains(&self, index: usize) -> bool {
        self.find(index).is_some()
    }

    fn find(&self, index: usize) -> Option<&LockedShard<'a>> {
        let mut two = self.two.iter().flatten();
        two.find(|shard| shard.index == index).or_else(|| {
            let others = self.others.binary_search_by_key(&index, |shard| shard.index);
            others.ok().map(|position| &self.others[position])
        })
    }

    /// The shards in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = &Shard> {
        self.two.iter().flatten().chain(&self.others).map(|shard| &*shard.guard)
    }
}

impl Index<usize> for LockedShards<'_> {
    type Output = Shard;

    fn index(&self, index: usize) -> &Shard {
        &self.find(index).expect(LOCKED).guard
    }
}

impl IndexMut<usize> for LockedShards<'_> {
    fn index_mut(&mut self, index: usize) -> &mut Shard {
        let mut two = self.two.iter_mut().flatten();
        if let Some(shard) = two.find(|shard| shard.index == index) {
            return &mut shard.guard;
        }
        let others = self.others.binary_search_by_key(&index, |shard| shard.index);
        &mut self.others[others.expect(LOCKED)].guard
    }
}

#[cfg(test)]
mod tests {
    use std::iter::repeat_with;

    use super::*;
    use crate::codec::Sequence;
    use crate::sync::{self, Mutex};

    #[test]
    fn shards_are_locked_in_ascending_order_and_each_once() {
        sync::test(|| {
            for (indices, ascending) in
                [(vec![3, 1], vec![1, 3]), (vec![2, 2], vec![2]), (vec![4, 0, 3, 0, 1], vec![0, 1, 3, 4])]
            {
                let shards: Vec<Mutex<Shard>> = repeat_with(Mutex::default).take(5).collect();
                let mut order = Vec::new();
                let mut locked = LockedShards::lock(&mut indices.clone(), |index| {
                    order.push(index);
                    shards[index].lock().expect("no thread panics")
                });
                assert_eq!(order, ascending, "{indices:?}");
                for &index in &ascending {
                    locked[index].last = Sequence(index as u64);
                }
                let numbers: Vec<_> = locked.iter().map(|shard| shard.last.0 as usize).collect();
                assert_eq!(numbers, ascending, "{indices:?}");
                drop(locked);
                assert!(shards.iter().all(|shard| shard.try_lock().is_ok()), "{indices:?}");
            }
        });
    }
}
