//! Who hears the lines of changes.

use bookline_protocol::reply::ChangeKind;
use thiserror::Error;

use super::entry_people::EntryPeople;
use super::line::Line;
use crate::codec::DecodeError;

/// Hears the lines of a commit, in order.
pub trait Listener {
    /// A line about the event with this id. `write` writes its object, in place of what the [`Line`] had; it
    /// is called only if the line is wanted.
    fn event(&mut self, id: &str, write: &dyn Fn(&mut Line));

    /// A line about an entry of calendars.
    fn entry(&mut self, people: EntryPeople<'_>, write: &dyn Fn(&mut Line));

    /// A line about the account of this name. No watcher is told it.
    fn account(&mut self, _name: &str, _write: &dyn Fn(&mut Line)) {}

    /// What no watcher is told: keys, forgotten holds, the contents of snapshots. Only `dump` shows it.
    fn internal(&mut self, _write: &dyn Fn(&mut Line)) {}

    /// A change of an earlier version, which lacks what a line of its kind has. Only `dump` shows it.
    ///
    /// # Errors
    ///
    /// [`TellError::Incomplete`] unless the listener shows it nevertheless.
    fn incomplete(&mut self, kind: ChangeKind, _write: &dyn Fn(&mut Line)) -> Result<(), TellError> {
        Err(TellError::Incomplete { kind })
    }
}

/// Why the lines of a commit cannot be told. Those before the change in question were told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TellError {
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    #[error("an earlier version has appended a change without all that a line of the kind {kind} has")]
    Incomplete { kind: ChangeKind },
    #[error("entry {entry} of commit {commit} moves in a commit that does not end it")]
    MoveWithoutEnd { commit: u64, entry: u16 },
}
