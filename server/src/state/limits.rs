//! Limits of what clients can make the state contain. They are checked before a change is appended, and never
//! in replay: existing records stay, also above a limit that was lowered.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::Ordering::Relaxed;

use bookline_protocol::limits::{ID_BYTES_MAX, KEY_BYTES_MAX};
use bookline_protocol::reply::KEYED_REPLY_BYTES_MAX;
use thiserror::Error;

use super::keys::key_bytes;
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

/// Keys of requests that are remembered by default, if their memory suffices.
const DEFAULT_KEYS: u64 = 1_000_000;

/// Bytes of memory of keys and their replies by default: those of a million bookings of one ticket.
const DEFAULT_KEY_BYTES: u64 = 256 << 20;

/// The oldest keys are forgotten when fewer bytes are left: the largest replies of sixteen threads.
const SPARE_KEY_BYTES: u64 = 16 * key_bytes(ID_BYTES_MAX, KEY_BYTES_MAX, KEYED_REPLY_BYTES_MAX);

/// The smallest `--max-key-bytes`.
pub const KEY_BYTES_LIMIT_MIN: u64 = 16 << 20;

const _: () = assert!(KEY_BYTES_LIMIT_MIN >= 4 * SPARE_KEY_BYTES);

/// Accounts by default: those of a large organization. Each takes about a kibibyte, so that all of them take
/// 10 MiB of the last part of the memory.
const DEFAULT_ACCOUNTS: u64 = 10_000;

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
    /// Keys of requests. If there are as many, the oldest is forgotten for a new one, unless it is young.
    pub keys: u64,
    /// Bytes of memory of keys and their replies, likewise.
    pub key_bytes: u64,
    pub accounts: u64,
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
        keys: u64::MAX,
        key_bytes: u64::MAX,
        accounts: u64::MAX,
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
            keys: DEFAULT_KEYS,
            // A quarter of the last part.
            key_bytes: (share / 4).min(DEFAULT_KEY_BYTES),
            accounts: DEFAULT_ACCOUNTS,
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
    /// By `--max-keys`.
    Keys,
    /// By `--max-key-bytes`.
    KeyBytes,
    /// By `--max-accounts`.
    Accounts,
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
            Self::Keys => {
                "none is older than a minute, so none is forgotten for it: wait a moment, leave key= out, or \
                 whoever runs it can raise --max-keys"
            }
            Self::KeyBytes => {
                "none is older than a minute, so none is forgotten for it: wait a moment, leave key= out, or \
                 whoever runs it can raise --max-key-bytes"
            }
            Self::Accounts => {
                "ACCOUNT DROP what is not needed any more, or whoever runs it can raise --max-accounts"
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
            Self::Keys => "keys",
            Self::KeyBytes => "key-bytes",
            Self::Accounts => "accounts",
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
/// of the shard or table whose records it counts, so that it equals their sum whenever all locks are held.
#[derive(Debug)]
pub(super) struct Usage {
    pub events: OwnLines<UsageCounter>,
    pub tickets: OwnLines<UsageCounter>,
    pub person_hours: OwnLines<UsageCounter>,
    pub holds: OwnLines<UsageCounter>,
    pub ended_holds: OwnLines<UsageCounter>,
    pub name_bytes: OwnLines<UsageCounter>,
    /// Keys of requests and their bytes, which change together.
    pub keys: OwnLines<KeyUsage>,
    pub accounts: OwnLines<UsageCounter>,
}

/// The counters of keys.
#[derive(Debug)]
pub(super) struct KeyUsage {
    pub count: UsageCounter,
    pub bytes: UsageCounter,
}

/// Counters with two cache lines of their own, so that bookings and meetings do not contend for one.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct OwnLines<T>(T);

impl<T> Deref for OwnLines<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A counter and its limit.
#[derive(Debug)]
pub(super) struct UsageCounter {
    what: Limited,
    limit: u64,
    used: AtomicU64,
}

impl Usage {
    pub fn of(totals: &Totals, limits: StateLimits) -> Self {
        let counter = |what, limit, used| UsageCounter { what, limit, used: AtomicU64::new(used) };
        let counts = &totals.counts;
        Self {
            events: OwnLines(counter(Limited::Events, limits.events, totals.events)),
            tickets: OwnLines(counter(Limited::Tickets, limits.tickets, counts.ticket_ids)),
            person_hours: OwnLines(counter(Limited::PersonHours, limits.person_hours, counts.person_hours)),
            holds: OwnLines(counter(Limited::Holds, limits.holds, counts.holds)),
            ended_holds: OwnLines(counter(Limited::EndedHolds, limits.ended_holds, counts.ended_holds)),
            name_bytes: OwnLines(counter(Limited::NameBytes, limits.name_bytes, counts.name_bytes)),
            keys: OwnLines(KeyUsage {
                count: counter(Limited::Keys, limits.keys, totals.keys),
                bytes: counter(Limited::KeyBytes, limits.key_bytes, totals.key_bytes),
            }),
            accounts: OwnLines(counter(Limited::Accounts, limits.accounts, totals.accounts)),
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
            keys: self.keys.count.limit,
            key_bytes: self.keys.bytes.limit,
            accounts: self.accounts.limit,
        }
    }

    /// The limits that are exceeded. Of ended holds and keys the oldest are forgotten instead.
    pub fn exceeded_limits(&self) -> impl Iterator<Item = Full> {
        let used = |counter: &UsageCounter| counter.used.load(Relaxed);
        let forgotten = [Limited::EndedHolds, Limited::Keys, Limited::KeyBytes];
        let refused = self.counters().into_iter().filter(move |counter| !forgotten.contains(&counter.what));
        refused
            .filter(move |counter| used(counter) > counter.limit)
            .map(move |counter| counter.full(used(counter), 0))
    }

    pub fn equals(&self, totals: &Totals) -> bool {
        self.counters().map(|counter| counter.used.load(Relaxed)) == counted(totals)
    }

    /// Begins anew with these totals, while nothing is changed.
    pub fn recount(&self, totals: &Totals) {
        for (counter, used) in self.counters().into_iter().zip(counted(totals)) {
            counter.used.store(used, Relaxed);
        }
    }

    /// Counts active holds as ended, whose names took so much memory.
    pub fn end_holds(&self, count: u64, name_bytes: u64) {
        if count > 0 {
            self.holds.release(count);
            self.ended_holds.add(count);
            self.name_bytes.release(name_bytes);
        }
    }

    fn counters(&self) -> [&UsageCounter; 9] {
        let Self { events, tickets, person_hours, holds, ended_holds, name_bytes, keys, accounts } = self;
        [events, tickets, person_hours, holds, ended_holds, name_bytes, &keys.count, &keys.bytes, accounts]
    }
}

/// What [`Usage::counters`] count.
fn counted(totals: &Totals) -> [u64; 9] {
    let Counts { ticket_ids, person_hours, holds, ended_holds, name_bytes, .. } = totals.counts;
    let Totals { events, keys, key_bytes, accounts, .. } = *totals;
    [events, ticket_ids, person_hours, holds, ended_holds, name_bytes, keys, key_bytes, accounts]
}

impl KeyUsage {
    /// Whether there are bytes for the replies of other threads, too. If not, it is time to forget keys: how
    /// long a reply is shows only when it is written.
    pub fn has_spare_bytes(&self) -> bool {
        self.bytes.check_limit(SPARE_KEY_BYTES).is_ok()
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
