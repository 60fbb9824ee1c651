//! What a snapshot and the journal are read into.

use crate::codec::Sequence;
use crate::codec::commit::Commit;
use crate::domain::{Change, Contradiction};

/// State that is built from changes, in the order of their sequence numbers.
pub trait Replay {
    /// Applies a change of a snapshot. `number` is that of its event or entry.
    fn restore(&self, number: Sequence, change: &Change<'_>) -> Result<(), Contradiction>;

    /// Applies a commit of the journal.
    fn replay(&self, commit: Commit<'_>) -> Result<(), Contradiction>;
}
