//! Decisions against a request.

use thiserror::Error;

/// A decision against a request. It changes no state and appends nothing to the journal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rejection {
    #[error("{requested} tickets were requested, {available} are left")]
    SoldOut { available: u32, requested: u32 },
    /// The ids of the people whose slot is filled, separated by commas.
    #[error("busy: {0}")]
    Busy(String),
    /// The person has no entry in the slot.
    #[error("no entry in the slot")]
    NoEntry,
    /// The slot has a meeting with another host.
    #[error("the host is {host}")]
    NotHost { host: String },
}

impl Rejection {
    pub fn busy(who: &[&str]) -> Self {
        Self::Busy(who.join(","))
    }
}

/// A change does not fit the state that it is applied to. The rules never decide such a change: a journal
/// that contains one was not written by these rules.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Contradiction(pub String);
