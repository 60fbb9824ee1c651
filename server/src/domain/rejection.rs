//! Why a rule said no.

use thiserror::Error;

use super::InvalidChange;

/// A decision against a request. Nothing has changed and nothing reaches the journal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejection {
    /// The event has fewer tickets left than were asked for.
    #[error("{requested} tickets were asked for, {available} are left")]
    SoldOut {
        /// What is left.
        available: u32,
        /// What was asked.
        requested: u32,
    },
    /// The slot of these people is filled: their ids, joined by commas.
    #[error("busy: {0}")]
    Busy(String),
    /// The person has nothing in the slot.
    #[error("nothing there")]
    NothingThere,
    /// The slot holds a meeting whose host is somebody else.
    #[error("the host is {host}")]
    NotTheHost {
        /// Who may change it.
        host: String,
    },
}

impl Rejection {
    /// The slot of these people is filled.
    pub fn busy(who: &[&str]) -> Self {
        Self::Busy(who.join(","))
    }
}

/// A change that does not fit the state it is applied to. The rules never decide one; a journal that holds one was not
/// written by these rules.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Contradiction(pub String);

impl From<InvalidChange> for Contradiction {
    fn from(invalid: InvalidChange) -> Self {
        Self(invalid.to_string())
    }
}
