//! All events in the order in which they are listed: by date, then name, then id, bytewise.

use std::collections::BTreeSet;
use std::ops::Bound;

use bookline_protocol::Date;
use compact_str::CompactString;

use crate::codec::Sequence;

/// An event's place in the order. None of its parts ever changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The event's date.
    pub date: Date,
    /// Its name.
    pub name: CompactString,
    /// Its id.
    pub id: CompactString,
}

/// The index behind `GET`. An ordered set, which grows a node at a time.
#[derive(Debug, Default)]
pub struct Listing {
    /// The last commit that created an event. A page shows that there are events, and that more follow: what may be
    /// told of either waits for it.
    pub last: Sequence,
    places: BTreeSet<Place>,
}

impl Listing {
    /// Takes note of a new event. Events of different shards may come in another order than that of their commits.
    pub fn insert(&mut self, sequence: Sequence, place: Place) {
        self.last = self.last.max(sequence);
        self.places.insert(place);
    }

    /// Up to `count` places behind `after`, in order.
    pub fn page(&self, after: Option<&Place>, count: usize) -> Vec<Place> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.places.range((from, Bound::Unbounded)).take(count).cloned().collect()
    }
}
