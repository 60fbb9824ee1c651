//! The occurrences of all series.

use std::collections::BTreeSet;

use bookline_protocol::{SeriesId, Slot};

use crate::codec::Sequence;
use crate::domain::EntryNumber;

/// The entries of each series in the order of their start, which is the index of a slot. A B-tree grows by
/// one node at a time, so that no insertion holds the lock for long.
///
/// Invariant: it changes under the lock of the shard where the entry begins, so whoever holds the locks of
/// all shards sees a series as it is.
#[derive(Debug, Default)]
pub struct SeriesIndex(BTreeSet<(SeriesId, u32, EntryNumber)>);

impl SeriesIndex {
    pub fn insert(&mut self, series: SeriesId, start: Slot, number: EntryNumber) {
        self.0.insert((series, start.index(), number));
    }

    pub fn remove(&mut self, series: SeriesId, start: Slot, number: EntryNumber) {
        self.0.remove(&(series, start.index(), number));
    }

    /// The occurrences of a series that start at `from` or later, or all, earliest first.
    pub fn occurrences(
        &self,
        series: SeriesId,
        from: Option<Slot>,
    ) -> impl Iterator<Item = (Slot, EntryNumber)> {
        let first = (series, from.map_or(0, Slot::index), EntryNumber::first_of(Sequence(0)));
        let of_series = self.0.range(first..).take_while(move |(other, ..)| *other == series);
        of_series.filter_map(|&(_, start, number)| Some((Slot::from_index(start)?, number)))
    }

    /// An id that no series has: this one, or one near it.
    pub fn unused(&self, drawn: SeriesId) -> SeriesId {
        let mut id = drawn;
        while self.occurrences(id, None).next().is_some() {
            id = SeriesId(id.0.checked_add(1).unwrap_or(std::num::NonZeroU64::MIN));
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    fn series(id: u64) -> SeriesId {
        SeriesId(NonZeroU64::new(id).unwrap())
    }

    fn slot(hour: u32) -> Slot {
        Slot::from_index(17_760_000 + hour).unwrap()
    }

    fn number(commit: u64) -> EntryNumber {
        EntryNumber::first_of(Sequence(commit))
    }

    fn occurrences(index: &SeriesIndex, id: u64, from: Option<u32>) -> Vec<(Slot, EntryNumber)> {
        index.occurrences(series(id), from.map(slot)).collect()
    }

    #[test]
    fn occurrences_are_those_of_one_series_in_the_order_of_their_start() {
        let mut index = SeriesIndex::default();
        for (id, hour, commit) in
            [(2, 30, 1), (2, 10, 3), (2, 20, 2), (1, 15, 4), (3, 5, 5), (u64::MAX, 1, 6)]
        {
            index.insert(series(id), slot(hour), number(commit));
        }
        let expected = [(10, 3), (20, 2), (30, 1)].map(|(hour, commit)| (slot(hour), number(commit)));
        assert_eq!(occurrences(&index, 2, None), expected);
        assert_eq!(occurrences(&index, 2, Some(10)), expected);
        assert_eq!(occurrences(&index, 2, Some(11)), expected[1..]);
        assert_eq!(occurrences(&index, 2, Some(31)), []);
        assert_eq!(occurrences(&index, u64::MAX, None).len(), 1);
        index.remove(series(2), slot(20), number(2));
        assert_eq!(occurrences(&index, 2, None), [expected[0], expected[2]]);
    }

    #[test]
    fn unused_id_is_the_drawn_one_or_the_next_that_no_series_has() {
        let mut index = SeriesIndex::default();
        assert_eq!(index.unused(series(7)), series(7));
        for id in [7, 8, u64::MAX] {
            index.insert(series(id), slot(1), number(1));
        }
        assert_eq!(index.unused(series(7)), series(9));
        assert_eq!(index.unused(series(u64::MAX)), series(1));
        index.remove(series(7), slot(1), number(1));
        assert_eq!(index.unused(series(7)), series(7));
    }
}
