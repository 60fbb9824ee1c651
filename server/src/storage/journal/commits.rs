//! Reads commits back from a journal that is open, or was checked.

use std::io;

pub use super::walk::Unreadable;

use super::disk::Disk;
use super::reader::READ_BYTES_MAX;
use super::walk::{Position, Step};
use crate::changes::commit::{self, Commit};
use crate::codec::Sequence;
use crate::codec::frame::Kind;

/// Reads the commits from `from` to `to`, and passes them to `each`. The journal must hold them, and must not
/// trim them meanwhile. `throttle` is called with the bytes of each frame, and may sleep, or end the reading.
///
/// # Errors
///
/// [`Unreadable`] if a commit is missing or corrupt, an error of the disk, or that of `each` or `throttle`.
pub fn read_commits<E: From<io::Error> + From<Unreadable>>(
    journal: &dyn Disk,
    from: Sequence,
    to: Sequence,
    throttle: &mut dyn FnMut(u64) -> Result<(), E>,
    each: &mut dyn FnMut(Commit<'_>) -> Result<(), E>,
) -> Result<(), E> {
    if from > to {
        return Ok(());
    }
    let mut position = Position::in_segment_of::<E>(from, journal)?;
    position.walk(journal, READ_BYTES_MAX, &mut |found| {
        throttle(found.bytes())?;
        if found.frame.header.kind != Kind::Commits {
            return Ok(Step::On);
        }
        for commit in commit::decode(found.frame.payload, found.frame.header.first) {
            let commit = commit.map_err(|error| found.malformed(&error))?;
            if (from..=to).contains(&commit.sequence) {
                each(commit)?;
            }
            if commit.sequence >= to {
                return Ok(Step::EndAfter);
            }
        }
        Ok(Step::On)
    })
}
