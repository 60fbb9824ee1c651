//! A vector that grows and shrinks at its end, and never moves many elements at once.
//!
//! An ordinary vector of ten million elements takes tens of milliseconds to double, and all threads that need
//! its lock wait. This one is an ordinary vector while it is small. Then it is a list of chunks, and a full
//! chunk stays where it is.

use std::ops::{Index, IndexMut};

/// Elements of a chunk: to move as many of 24 bytes takes some 10 µs.
const CHUNK_ELEMENTS: usize = 4 << 10;

/// Invariant: all chunks but the last are full, and the last is not empty.
#[derive(Debug)]
pub struct ChunkedVec<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for ChunkedVec<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> ChunkedVec<T> {
    #[inline]
    pub fn len(&self) -> usize {
        match self.chunks.last() {
            None => 0,
            Some(last) => (self.chunks.len() - 1) * CHUNK_ELEMENTS + last.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub fn last(&self) -> Option<&T> {
        self.chunks.last()?.last()
    }

    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.chunks.last_mut()?.last_mut()
    }

    pub fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / CHUNK_ELEMENTS)?.get(index % CHUNK_ELEMENTS)
    }

    /// Adds an element, and returns its index.
    #[inline]
    pub fn push(&mut self, element: T) -> usize {
        let before = self.chunks.len();
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK_ELEMENTS => {
                last.push(element);
                (before - 1) * CHUNK_ELEMENTS + last.len() - 1
            }
            _ => {
                self.push_chunk(element);
                before * CHUNK_ELEMENTS
            }
        }
    }

    /// The first chunk grows as an ordinary vector, so that a small collection takes little memory. The
    /// others are allocated whole.
    #[cold]
    fn push_chunk(&mut self, element: T) {
        let mut chunk = if self.is_empty() { Vec::new() } else { Vec::with_capacity(CHUNK_ELEMENTS) };
        chunk.push(element);
        self.chunks.push(chunk);
    }

    /// Removes the last element. The memory of a chunk is freed with its last element.
    pub fn pop(&mut self) -> Option<T> {
        let last = self.chunks.last_mut()?;
        let element = last.pop();
        if last.is_empty() {
            self.chunks.pop();
        }
        element
    }

    /// The index of the first element for which `is_before` is false. It is true of all elements before that
    /// one, and of none after it.
    pub fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let Some((last, full)) = self.chunks.split_last() else { return 0 };
        let before = full.partition_point(|chunk| chunk.last().is_some_and(&is_before));
        let chunk = full.get(before).unwrap_or(last);
        before * CHUNK_ELEMENTS + chunk.partition_point(is_before)
    }
}

impl<T> Index<usize> for ChunkedVec<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        &self.chunks[index / CHUNK_ELEMENTS][index % CHUNK_ELEMENTS]
    }
}

impl<T> IndexMut<usize> for ChunkedVec<T> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.chunks[index / CHUNK_ELEMENTS][index % CHUNK_ELEMENTS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_index_and_popped_in_reverse_order() {
        let mut numbers = ChunkedVec::<usize>::default();
        assert_eq!((numbers.len(), numbers.pop()), (0, None));
        let count = 3 * CHUNK_ELEMENTS + 5;
        for n in 0..count {
            assert_eq!(numbers.len(), n);
            numbers.push(n);
        }
        for n in 0..count {
            assert_eq!((numbers[n], numbers.get(n)), (n, Some(&n)));
            assert_eq!(numbers.partition_point(|&element| element < n), n);
        }
        assert_eq!((numbers.get(count), numbers.partition_point(|_| true)), (None, count));
        numbers[CHUNK_ELEMENTS] = 7;
        assert_eq!(numbers[CHUNK_ELEMENTS], 7);
        for n in (CHUNK_ELEMENTS + 1..count).rev() {
            assert_eq!(numbers.last(), Some(&n));
            assert_eq!(numbers.pop(), Some(n));
            assert_eq!(numbers.len(), n);
        }
        assert_eq!(numbers.chunks.len(), 2, "memory of emptied chunks is freed");
    }

    #[test]
    fn push_never_moves_a_full_chunk() {
        let mut numbers = ChunkedVec::default();
        (0..CHUNK_ELEMENTS).for_each(|n| {
            numbers.push(n);
        });
        let first: *const usize = &numbers[0];
        (0..10 * CHUNK_ELEMENTS).for_each(|n| {
            numbers.push(n);
        });
        assert!(std::ptr::eq(first, &numbers[0]));
        assert!(numbers.chunks[1..].iter().all(|chunk| chunk.capacity() == CHUNK_ELEMENTS));
    }
}
