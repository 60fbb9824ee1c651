//! How much there may be of what clients can grow. It is judged before anything is appended, and never in replay: what
//! is there already stays, also above a limit that was lowered.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

use thiserror::Error;

use super::totals::Totals;
use crate::sync::AtomicU64;

/// Bytes of memory that a ticket takes at the most: its id and the number of its event, in a table that is not full. This
/// and the next two are measured by the example `figures`, part `memory`.
pub const TICKET_BYTES: u64 = 48;

/// Bytes that an event takes at the most: with a name of 200 characters that are all escaped in its JSON, an id of 64,
/// its place in the listing, and what the collections have to preallocated segment.
pub const EVENT_BYTES: u64 = 4 << 10;

/// Bytes that an hour of one person takes at the most: as a meeting with oneself, under a title of 200 characters of four
/// bytes, on a day of its own.
pub const PERSON_HOUR_BYTES: u64 = 5 << 9;

/// Where nothing else is said, tickets, events and person-hours may each take up to one part in so many of the memory.
/// Two parts are left for buffers, connections, the journal and the system.
const SHARE: u64 = 5;

/// The most that there may be of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateLimits {
    /// Events.
    pub events: u64,
    /// Tickets whose ids are known. Those that were sold before their events came here take no memory.
    pub tickets: u64,
    /// Hours that entries fill, counted for each of their people.
    pub person_hours: u64,
}

impl StateLimits {
    /// None: for state that nobody grows but its owner.
    pub const NONE: Self = Self { events: u64::MAX, tickets: u64::MAX, person_hours: u64::MAX };

    /// What fits into so many bytes of memory, whatever clients make of it.
    pub fn for_memory(bytes: u64) -> Self {
        let share = bytes / SHARE;
        Self {
            events: share / EVENT_BYTES,
            tickets: share / TICKET_BYTES,
            person_hours: share / PERSON_HOUR_BYTES,
        }
    }
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// By `--max-events`.
    Events,
    /// By `--max-tickets`.
    Tickets,
    /// By `--max-person-hours`.
    PersonHours,
}

impl Limited {
    /// Who can do what about it.
    fn advice(self) -> &'static str {
        match self {
            Self::Events => "whoever runs it can raise --max-events",
            Self::Tickets => "whoever runs it can raise --max-tickets",
            Self::PersonHours => {
                "DELETE what is not needed any more, or whoever runs it can raise --max-person-hours"
            }
        }
    }
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Events => "events",
            Self::Tickets => "tickets",
            Self::PersonHours => "person-hours",
        })
    }
}

/// There would be more than there may be. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the server may hold {limit} {what} and holds {used}, {requested} more asked for: {}", what.advice())]
pub struct Full {
    /// Of what.
    pub what: Limited,
    /// The most.
    pub limit: u64,
    /// What there is.
    pub used: u64,
    /// How many more were asked for.
    pub requested: u64,
}

/// What there is of everything limited. Each count changes under the lock of the shard whose state it counts, and is
/// what all shards hold together whenever all of their locks are held.
#[derive(Debug)]
pub(super) struct Counts {
    pub events: Count,
    pub tickets: Count,
    pub person_hours: Count,
}

/// What there is of one kind. Alone on its two lines of the cache: who books does not wait for who meets.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Count {
    what: Limited,
    limit: u64,
    used: AtomicU64,
}

impl Counts {
    /// Of a state that is there.
    pub fn of(totals: &Totals, limits: StateLimits) -> Self {
        let count = |what, limit, used| Count { what, limit, used: AtomicU64::new(used) };
        Self {
            events: count(Limited::Events, limits.events, totals.events),
            tickets: count(Limited::Tickets, limits.tickets, totals.ticket_ids),
            person_hours: count(Limited::PersonHours, limits.person_hours, totals.person_hours),
        }
    }

    /// The most that there may be.
    pub fn limits(&self) -> StateLimits {
        StateLimits {
            events: self.events.limit,
            tickets: self.tickets.limit,
            person_hours: self.person_hours.limit,
        }
    }

    /// Of what there is more than there may be.
    pub fn excess(&self) -> impl Iterator<Item = Full> {
        let used = |count: &Count| count.used.load(Relaxed);
        let counts = [&self.events, &self.tickets, &self.person_hours].into_iter();
        counts.filter(move |count| used(count) > count.limit).map(move |count| count.full(used(count), 0))
    }

    /// Are these what is counted?
    pub fn agree_with(&self, totals: &Totals) -> bool {
        let counted = [&self.events, &self.tickets, &self.person_hours].map(|count| count.used.load(Relaxed));
        counted == [totals.events, totals.ticket_ids, totals.person_hours]
    }
}

impl Count {
    /// Counts so many more before they are there: however many ask at once, there are never more than there may be. To
    /// ask for none is no growth, and always granted.
    #[inline]
    pub fn reserve(&self, requested: u64) -> Result<Reserved<'_>, Full> {
        let add = |used: u64| (requested <= self.limit.saturating_sub(used)).then(|| used + requested);
        match self.used.fetch_update(Relaxed, Relaxed, add) {
            Ok(_) => Ok(Reserved { count: self, requested }),
            Err(used) => Err(self.full(used, requested)),
        }
    }

    /// Could so many more be reserved at this moment?
    pub fn has_room(&self, requested: u64) -> Result<(), Full> {
        let used = self.used.load(Relaxed);
        if requested <= self.limit.saturating_sub(used) { Ok(()) } else { Err(self.full(used, requested)) }
    }

    /// So many are not there any more.
    pub fn give_back(&self, count: u64) {
        self.used.fetch_sub(count, Relaxed);
    }

    #[cold]
    fn full(&self, used: u64, requested: u64) -> Full {
        Full { what: self.what, limit: self.limit, used, requested }
    }
}

/// Counted and not there yet: given back unless it is kept.
#[derive(Debug)]
#[must_use]
pub(super) struct Reserved<'a> {
    count: &'a Count,
    requested: u64,
}

impl Reserved<'_> {
    /// It is there now.
    pub fn keep(mut self) {
        self.requested = 0;
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if self.requested > 0 {
            self.count.give_back(self.requested);
        }
    }
}
