//! How much of a log is read.

/// How much of a log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The newest snapshot that can be used, and the log since.
    State,
    /// The newest two snapshots, and the log as far back as it reaches.
    Everything,
}
