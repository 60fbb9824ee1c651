//! Where a change comes from.

use crate::codec::Sequence;
use crate::domain::Contradiction;

/// The commit that a change is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The sequence number of the commit. That of a change in a snapshot is the number of its event, entry,
    /// account or key, or the commit that moved its entries.
    pub sequence: Sequence,
    /// The time of the commit, in microseconds since 1970 (UTC). It is not known of changes in a snapshot,
    /// which hold the times that matter.
    pub micros: Option<i64>,
}

impl Origin {
    /// The time of the decision, in microseconds since 1970 (UTC).
    pub(super) fn decided_at(self) -> Result<i64, Contradiction> {
        let unknown = || Contradiction("a snapshot holds no change that depends on its time".to_owned());
        self.micros.ok_or_else(unknown)
    }
}
