//! The rules that hold in every schedule.

use std::fmt;

/// A rule that holds in every schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// What a server has applied is the beginning of what the stream has, and the log never breaks.
    OneHistory,
    /// An acknowledged commit is in the log at its place.
    NoAcknowledgedLoss,
    /// A read shows everything that was acknowledged before it began.
    NoStaleRead,
    /// A commit is acknowledged within a bound when all faults are over, and so somebody leads.
    Progress,
    /// If only the stream fails, and recovers, the leader stays.
    NoHealthyLeaderDeposed,
}

/// A rule that does not hold in a schedule.
#[derive(Debug)]
pub struct Broken {
    pub rule: Rule,
    pub what: String,
    /// The last that has happened before, if it was recorded.
    pub transcript: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is broken: {}\n{}", self.rule, self.what, self.transcript)
    }
}
