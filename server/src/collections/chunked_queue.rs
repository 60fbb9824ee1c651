//! A queue that never moves many elements at once.
//!
//! An ordinary queue of millions of elements takes milliseconds to double, and all threads that need its lock
//! wait. This one is a list of chunks, and an element stays where it is.

use std::collections::VecDeque;

/// Elements of a chunk. The first and the last chunk of a queue may be nearly empty.
const CHUNK_ELEMENTS: usize = 64;

/// Invariants: every chunk but the last has got all its elements, and no chunk is empty.
#[derive(Debug)]
pub struct ChunkedQueue<T> {
    chunks: VecDeque<VecDeque<T>>,
    /// Elements of the first chunk that were removed.
    removed: usize,
    len: usize,
}

impl<T> Default for ChunkedQueue<T> {
    fn default() -> Self {
        Self { chunks: VecDeque::new(), removed: 0, len: 0 }
    }
}

impl<T> ChunkedQueue<T> {
    #[expect(clippy::len_without_is_empty, reason = "nothing asks for it")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The element at this index, counted from the front.
    pub fn get(&self, index: usize) -> Option<&T> {
        let place = index + self.removed;
        let before = if place < CHUNK_ELEMENTS { self.removed } else { 0 };
        self.chunks.get(place / CHUNK_ELEMENTS)?.get(place % CHUNK_ELEMENTS - before)
    }

    pub fn front(&self) -> Option<&T> {
        self.chunks.front()?.front()
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    pub fn push_back(&mut self, element: T) {
        if (self.removed + self.len).is_multiple_of(CHUNK_ELEMENTS) {
            // The only chunk grows as an ordinary queue, so that a small collection takes little memory.
            let capacity = if self.chunks.is_empty() { 0 } else { CHUNK_ELEMENTS };
            self.chunks.push_back(VecDeque::with_capacity(capacity));
        }
        self.chunks.back_mut().expect("a chunk with space").push_back(element);
        self.len += 1;
    }

    /// Removes the first element. The memory of a chunk is freed with its last element.
    pub fn pop_front(&mut self) -> Option<T> {
        let first = self.chunks.front_mut()?;
        let element = first.pop_front();
        self.len -= 1;
        self.removed += 1;
        if first.is_empty() {
            self.chunks.pop_front();
            self.removed = 0;
        }
        element
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_index_and_removed_in_order() {
        let mut queue = ChunkedQueue::default();
        assert_eq!((queue.len(), queue.front()), (0, None));
        assert_eq!(queue.pop_front(), None);
        // Two are added for each that is removed, then none.
        let (mut added, mut removed) = (0, 0);
        while removed < 5 * CHUNK_ELEMENTS {
            if added < 8 * CHUNK_ELEMENTS {
                queue.push_back(added);
                queue.push_back(added + 1);
                added += 2;
            }
            assert_eq!(queue.pop_front(), Some(removed));
            removed += 1;
            assert_eq!(queue.len(), added - removed);
            assert_eq!(queue.front(), Some(&removed));
            assert!(queue.iter().copied().eq(removed..added), "after {removed} of {added}");
            for index in 0..queue.len() {
                assert_eq!(queue.get(index), Some(&(removed + index)));
            }
            assert_eq!(queue.get(queue.len()), None);
        }
    }

    #[test]
    fn emptied_queue_is_as_a_new_one() {
        let mut queue = ChunkedQueue::default();
        for round in 0..3 {
            (0..CHUNK_ELEMENTS + 7).for_each(|n| queue.push_back(n));
            assert_eq!(queue.get(CHUNK_ELEMENTS), Some(&CHUNK_ELEMENTS), "round {round}");
            for n in 0..CHUNK_ELEMENTS + 7 {
                assert_eq!(queue.pop_front(), Some(n), "round {round}");
            }
            assert_eq!((queue.len(), queue.chunks.len()), (0, 0), "round {round}");
        }
    }
}
