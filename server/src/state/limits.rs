//! Limits of what clients can make the state contain. They are checked before a change is appended, and never
//! in replay: existing records stay, also above a limit that was lowered.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

use thiserror::Error;

use super::shard::Counts;
use super::totals::Totals;
use crate::sync::AtomicU64;

/// Bytes of memory per ticket: its id and state among the tickets of its event, and its entry in an index.
/// The example `figures`, part `memory`, measures this and the next two.
pub const TICKET_BYTES_MAX: u64 = 64;

/// Bytes of memory per event: with a name of 200 characters that JSON escapes, an id of 64, its key in the
/// listing, and the free capacity of the collections, those of its first ticket and its first hold included.
/// The example measures 4,750 bytes.
pub const EVENT_BYTES_MAX: u64 = 5 << 10;

/// Bytes of memory per person-hour: a meeting of one person under a title of 200 characters of four bytes, on
/// a day without other entries. The example measures 1,333 bytes. The list of an hour that most of its people
/// have left takes 1 KiB more.
pub const PERSON_HOUR_BYTES_MAX: u64 = 5 << 9;

/// Bytes of memory per hold, without the name of its attendee: itself, its entry in the index, and those in
/// the orders of deadlines or of ends.
pub const HOLD_BYTES_MAX: u64 = 256;

/// Holds that may be active by default, and holds that may be remembered after their end.
const HOLDS_MAX: u64 = 1_000_000;

/// By default, tickets, events, person-hours, and holds with the names of attendees may each take one part
/// in so many of the memory. The last part is for buffers, connections, the journal and the system.
const MEMORY_PARTS: u64 = 5;

const _: () = assert!(MEMORY_PARTS > 4);

/// The most that the state may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateLimits {
    pub events: u64,
    /// Tickets whose ids are known, cancelled or not. Tickets that another system issued before an import
    /// take no memory.
    pub tickets: u64,
    /// Hours that entries fill, counted for each of their people.
    pub person_hours: u64,
    /// Active holds.
    pub holds: u64,
    /// Holds that ended and are remembered. More are no reason to refuse a request: the oldest are forgotten.
    pub ended_holds: u64,
    /// Bytes of memory of the names of attendees, of tickets and of active holds.
    pub name_bytes: u64,
}

impl StateLimits {
    /// No limits, for state that no client grows.
    pub const NONE: Self = Self {
        events: u64::MAX,
        tickets: u64::MAX,
        person_hours: u64::MAX,
        holds: u64::MAX,
        ended_holds: u64::MAX,
        name_bytes: u64::MAX,
    };

    /// Limits under which the state fits into `bytes` of memory, whatever clients put into it.
    pub fn for_memory(bytes: u64) -> Self {
        let share = bytes / MEMORY_PARTS;
        // Half of the share is for names, and a quarter each for active and for ended holds.
        let holds = (share / 4 / HOLD_BYTES_MAX).min(HOLDS_MAX);
        Self {
            events: share / EVENT_BYTES_MAX,
            tickets: share / TICKET_BYTES_MAX,
            person_hours: share / PERSON_HOUR_BYTES_MAX,
            holds,
            ended_holds: holds,
            name_bytes: share / 2,
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
    /// By `--max-holds`.
    Holds,
    /// By `--max-ended-holds`.
    EndedHolds,
    /// By `--max-name-bytes`.
    NameBytes,
}

impl Limited {
    fn advice(self) -> &'static str {
        match self {
            Self::Events => "DELETE what is over, or whoever runs it can raise --max-events",
            Self::Tickets => "DELETE events that are over, or whoever runs it can raise --max-tickets",
            Self::PersonHours => {
                "DELETE what is not needed any more, or whoever runs it can raise --max-person-hours"
            }
            Self::Holds => {
                "CONFIRM or RELEASE holds, wait until some expire, or whoever runs it can raise --max-holds"
            }
            Self::EndedHolds => "whoever runs it can raise --max-ended-holds",
            Self::NameBytes => {
                "leave for= out, DELETE events that are over, or whoever runs it can raise --max-name-bytes"
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
            Self::Holds => "holds",
            Self::EndedHolds => "ended-holds",
            Self::NameBytes => "name-bytes",
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
    pub holds: UsageCounter,
    pub ended_holds: UsageCounter,
    pub name_bytes: UsageCounter,
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
            tickets: counter(Limited::Tickets, limits.tickets, totals.counts.ticket_ids),
            person_hours: counter(Limited::PersonHours, limits.person_hours, totals.counts.person_hours),
            holds: counter(Limited::Holds, limits.holds, totals.counts.holds),
            ended_holds: counter(Limited::EndedHolds, limits.ended_holds, totals.counts.ended_holds),
            name_bytes: counter(Limited::NameBytes, limits.name_bytes, totals.counts.name_bytes),
        }
    }

    pub fn limits(&self) -> StateLimits {
        StateLimits {
            events: self.events.limit,
            tickets: self.tickets.limit,
            person_hours: self.person_hours.limit,
            holds: self.holds.limit,
            ended_holds: self.ended_holds.limit,
            name_bytes: self.name_bytes.limit,
        }
    }

    /// The limits that are exceeded. Of ended holds the oldest are forgotten instead.
    pub fn exceeded_limits(&self) -> impl Iterator<Item = Full> {
        let used = |counter: &UsageCounter| counter.used.load(Relaxed);
        let refused = self.counters().into_iter().filter(|counter| counter.what != Limited::EndedHolds);
        refused
            .filter(move |counter| used(counter) > counter.limit)
            .map(move |counter| counter.full(used(counter), 0))
    }

    pub fn equals(&self, totals: &Totals) -> bool {
        let used = self.counters().map(|counter| counter.used.load(Relaxed));
        let Counts { ticket_ids, person_hours, holds, ended_holds, name_bytes, .. } = totals.counts;
        used == [totals.events, ticket_ids, person_hours, holds, ended_holds, name_bytes]
    }

    /// Counts active holds as ended, whose names took so much memory.
    pub fn end_holds(&self, count: u64, name_bytes: u64) {
        if count > 0 {
            self.holds.release(count);
            self.ended_holds.add(count);
            self.name_bytes.release(name_bytes);
        }
    }

    fn counters(&self) -> [&UsageCounter; 6] {
        let Self { events, tickets, person_hours, holds, ended_holds, name_bytes } = self;
        [events, tickets, person_hours, holds, ended_holds, name_bytes]
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

    /// Counts more, which no limit refuses.
    pub fn add(&self, added: u64) {
        self.used.fetch_add(added, Relaxed);
    }

    /// How many there are above the limit.
    pub fn excess(&self) -> u64 {
        self.used.load(Relaxed).saturating_sub(self.limit)
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
