//! Which schedule a simulation runs.

use bookline_server::storage::replicated::member::Bug;

/// What fails in a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Faults {
    /// The stream, servers, and the network between them.
    OfAll,
    /// The stream alone, and only as long as a healthy leader survives it.
    OfStream,
}

/// A bug that a schedule is to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    Member(Bug),
    /// A leader sends the next append before the one in flight is decided.
    TwoInFlight,
}

/// A schedule. It is the same one whenever it is run.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    pub seed: u64,
    pub faults: Faults,
    pub planted: Option<Planted>,
}
