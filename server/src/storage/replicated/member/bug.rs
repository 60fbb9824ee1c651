//! Bugs that a simulation plants.

/// A bug that a simulation plants, to show that it would be found. Release builds have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The lease is counted from the acknowledgment of an append instead of from its sending.
    LeaseFromAcknowledgment,
    /// Time in which the stream does not answer counts as quiet.
    OutageCountsAsQuiet,
    /// A refusal of the place of an append counts as its failure, without a look at what is there.
    RefusalDecides,
    /// A leader that resigns relies on its lease until the end.
    ResignedLease,
}
