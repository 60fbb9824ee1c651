//! Decisions against a request. They change no state and append nothing to the log.

use bookline_protocol::Slot;
use bookline_protocol::reply::Clashes;
use thiserror::Error;

/// Fewer tickets are left than were requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoldOut {
    pub available: u32,
    /// Tickets that holds put aside.
    pub held: u32,
    pub requested: u32,
}

/// Why tickets are not issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaleRejection {
    /// The event is not on sale.
    Closed,
    AboveLimit(AboveLimit),
    SoldOut(SoldOut),
}

/// One booking may not have so many tickets of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AboveLimit {
    pub limit: u32,
    pub requested: u32,
}

/// An event would have fewer tickets than are issued and held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BelowSold {
    pub issued: u32,
    pub held: u32,
    pub requested: u32,
}

/// Some people of new entries are busy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// The ids of all who are busy at any time, separated by commas.
    pub people: String,
    /// The entries that cannot be created.
    pub clashes: Box<Clashes>,
}

/// A change that one request may not make, because it is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooLarge {
    /// It would add or remove so many hours, counted for each of their people.
    PersonHours(u64),
    /// Its commit would have so many bytes.
    Bytes(u64),
}

/// Why a person may not free a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FreeingRejection {
    /// The person has no entry in the slot.
    NoEntry,
    /// The request is about a series, and the entry is in none.
    NotInSeries,
    /// It is a meeting with another host, which begins at `start`.
    NotHost { host: String, start: Slot },
    /// An occurrence of the series is a block of this other person, which begins at `start`.
    OthersBlock { who: String, start: Slot },
}

/// A change does not fit the state that it is applied to. The rules never decide such a change: a journal
/// that contains one was not written by these rules.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Contradiction(pub String);
