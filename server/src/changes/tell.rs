//! The lines of a commit.

use super::commit::Commit;
use super::listener::{Listener, TellError};
use super::moves::Moves;

impl Commit<'_> {
    /// Tells its lines, in order. They are complete without the state and without other commits.
    ///
    /// # Errors
    ///
    /// [`TellError`] for the first change that cannot be told.
    pub fn tell(&self, listener: &mut impl Listener) -> Result<(), TellError> {
        let origin = self.origin();
        let mut moves = None;
        for change in self.changes() {
            let change = change?;
            let Some(existing) = change.existing() else {
                change.tell(origin, listener)?;
                continue;
            };
            let moves = match &mut moves {
                Some(moves) => moves,
                none => {
                    let changes = self.changes();
                    let lists =
                        changes.filter_map(|change| change.map(|change| change.existing()).transpose());
                    none.insert(Moves::of(lists)?)
                }
            };
            moves.tell(existing, origin, listener)?;
        }
        Ok(())
    }
}
