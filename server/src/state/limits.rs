//! Limits of what clients can make the state contain. They are checked before a change is appended, and never
//! in replay: existing records stay, also above a limit that was lowered.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

use thiserror::Error;

use super::totals::Totals;
use crate::sync::AtomicU64;

/// Bytes of memory per ticket: its id and the index of its event, in a table that is not full. The example
/// `figures`, part `memory`, measures this and the next two.
pub const TICKET_BYTES_MAX: u64 = 48;

/// Bytes of memory per event: with a name of 200 characters that JSON escapes, an id of 64, its key in the
/// listing, and the free capacity of the collections.
pub const EVENT_BYTES_MAX: u64 = 4 << 10;

/// Bytes of memory per person-hour: a meeting of one person under a title of 200 characters of four bytes, on
/// a day without other entries. The example measures 1,333 bytes. The list of an hour that most of its people
/// have left takes 1 KiB more.
pub const PERSON_HOUR_BYTES_MAX: u64 = 5 << 9;

/// By default, tickets, events and person-hours may each take one part in so many of the memory. The other
/// parts are for buffers, connections, the journal and the system.
const MEMORY_PARTS: u64 = 5;

const _: () = assert!(MEMORY_PARTS > 3);

/// The most that the state may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateLimits {
    pub events: u64,
    /// Tickets whose ids are known. Tickets that another system issued before an import take no memory.
    pub tickets: u64,
    /// Hours that entries fill, counted for each of their people.
    pub person_hours: u64,
}

impl StateLimits {
    /// No limits, for state that no client grows.
    pub const NONE: Self = Self { events: u64::MAX, tickets: u64::MAX, person_hours: u64::MAX };

    /// Limits under which the state fits into `bytes` of memory, whatever clients put into it.
    pub fn for_memory(bytes: u64) -> Self {
        let share = bytes / MEMORY_PARTS;
        Self {
            events: share / EVENT_BYTES_MAX,
            tickets: share / TICKET_BYTES_MAX,
            person_hours: share / PERSON_HOUR_BYTES_MAX,
        }
    }
}

/// What a limit counts.
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

/// A change would exceed a limit. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the server may hold {limit} {what} and holds {used}, {requested} more asked for: {}", what.advice())]
pub struct Full {
    pub what: Limited,
    pub limit: u64,
    pub used: u64,
    /// How many more were requested.
    pub requested: u64,
}

/// What the state contains of everything that is limited. Invariant: each counter changes only under the lock
/// of the shard whose records it counts, so that it equals the sum over all shards whenever all locks are
/// held.
#[derive(Debug)]
pub(super) struct Usage {
    pub events: UsageCounter,
    pub tickets: UsageCounter,
    pub person_hours: UsageCounter,
}

/// A counter and its limit. It has two cache lines of its own, so that bookings and meetings do not contend
/// for one.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct UsageCounter {
    what: Limited,
    limit: u64,
    used: AtomicU64,
}

impl Usage {
    pub fn of(totals: &Totals, limits: StateLimits) -> Self {
        let counter = |what, limit, used| UsageCounter { what, limit, used: AtomicU64::new(used) };
        Self {
            events: counter(Limited::Events, limits.events, totals.events),
            tickets: counter(Limited::Tickets, limits.tickets, totals.ticket_ids),
            person_hours: counter(Limited::PersonHours, limits.person_hours, totals.person_hours),
        }
    }

    pub fn limits(&self) -> StateLimits {
        StateLimits {
            events: self.events.limit,
            tickets: self.tickets.limit,
            person_hours: self.person_hours.limit,
        }
    }

    /// The limits that are exceeded.
    pub fn exceeded_limits(&self) -> impl Iterator<Item = Full> {
        let used = |counter: &UsageCounter| counter.used.load(Relaxed);
        let counters = [&self.events, &self.tickets, &self.person_hours].into_iter();
        counters
            .filter(move |counter| used(counter) > counter.limit)
            .map(move |counter| counter.full(used(counter), 0))
    }

    pub fn equals(&self, totals: &Totals) -> bool {
        let used =
            [&self.events, &self.tickets, &self.person_hours].map(|counter| counter.used.load(Relaxed));
        used == [totals.events, totals.ticket_ids, totals.person_hours]
    }
}

impl UsageCounter {
    /// Counts `requested` more before they exist, so that concurrent requests never exceed the limit
    /// together. A request for none always succeeds, also above the limit.
    #[inline]
    pub fn reserve(&self, requested: u64) -> Result<Reservation<'_>, Full> {
        let add = |used: u64| (requested <= self.limit.saturating_sub(used)).then(|| used + requested);
        match self.used.fetch_update(Relaxed, Relaxed, add) {
            Ok(_) => Ok(Reservation { counter: self, requested }),
            Err(used) => Err(self.full(used, requested)),
        }
    }

    /// Whether `requested` more could be reserved at this moment.
    pub fn check_limit(&self, requested: u64) -> Result<(), Full> {
        let used = self.used.load(Relaxed);
        if requested <= self.limit.saturating_sub(used) { Ok(()) } else { Err(self.full(used, requested)) }
    }

    pub fn release(&self, released: u64) {
        self.used.fetch_sub(released, Relaxed);
    }

    #[cold]
    fn full(&self, used: u64, requested: u64) -> Full {
        Full { what: self.what, limit: self.limit, used, requested }
    }
}

/// Usage that was counted in advance. It is released unless it is kept.
#[derive(Debug)]
#[must_use]
pub(super) struct Reservation<'a> {
    counter: &'a UsageCounter,
    requested: u64,
}

impl Reservation<'_> {
    /// What was reserved exists now.
    pub fn keep(mut self) {
        self.requested = 0;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if self.requested > 0 {
            self.counter.release(self.requested);
        }
    }
}
