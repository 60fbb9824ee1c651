//! All events in the order of listings: by date, then name, then id, bytewise.

use std::collections::BTreeSet;
use std::ops::Bound;

use bookline_protocol::Date;
use compact_str::CompactString;

use crate::codec::Sequence;
use crate::domain::EventValues;

/// The sort key of an event. An update of the name or the date replaces it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListingKey {
    pub date: Date,
    pub name: CompactString,
    pub id: CompactString,
}

impl ListingKey {
    /// The key of an event with these values.
    pub fn of(event: &EventValues<'_>) -> Self {
        let EventValues { id, name, date, .. } = *event;
        Self { date, name: name.into(), id: id.into() }
    }
}

/// The index that GET reads. A B-tree grows by one node at a time, so that no insertion holds the lock for
/// long.
#[derive(Debug, Default)]
pub struct Listing {
    /// The newest commit that created or deleted an event or replaced its key. A page reveals which events
    /// exist, in which order, and whether more follow, so a reply that uses it depends on this commit.
    pub last: Sequence,
    keys: BTreeSet<ListingKey>,
}

impl Listing {
    /// Adds an event. Events of different shards may arrive in another order than that of their commits.
    pub fn insert(&mut self, sequence: Sequence, key: ListingKey) {
        self.last = self.last.max(sequence);
        self.keys.insert(key);
    }

    /// Moves an event to another key. Listings in pages are not disturbed: they continue after the last key,
    /// whether it is still there or not.
    pub fn replace(&mut self, sequence: Sequence, old: &ListingKey, new: ListingKey) {
        self.keys.remove(old);
        self.insert(sequence, new);
    }

    /// Removes a deleted event.
    pub fn remove(&mut self, sequence: Sequence, key: &ListingKey) {
        self.last = self.last.max(sequence);
        self.keys.remove(key);
    }

    /// The keys of up to `count` events after `after`, in order.
    pub fn page(&self, after: Option<&ListingKey>, count: usize) -> Vec<ListingKey> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.keys.range((from, Bound::Unbounded)).take(count).cloned().collect()
    }
}
