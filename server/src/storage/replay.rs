//! The interface through which recovery builds the state.

use crate::changes::Change;
use crate::changes::commit::Commit;
use crate::codec::Sequence;
use crate::domain::Contradiction;

/// State that recovery builds: from the changes of a snapshot, then from the commits of the journal.
pub trait Replay {
    /// Applies a change of a snapshot. `number` is that of its event, entry, account or key.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] if it contradicts the changes before it.
    fn restore(&mut self, number: Sequence, change: &Change<'_>) -> Result<(), Contradiction>;

    /// Applies a commit of the journal.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] if it contradicts the changes before it.
    fn replay(&mut self, commit: Commit<'_>) -> Result<(), Contradiction>;
}
