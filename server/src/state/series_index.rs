//! The occurrences of all series.

use std::collections::BTreeSet;

use bookline_protocol::{SeriesId, Slot};

use crate::codec::Sequence;
use crate::domain::EntryNumber;

/// The entries of each series in the order of their start, which is the index of a slot. A B-tree grows by one node at a time, so that no
/// insertion holds the lock for long.
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
