//! Compaction: the changes of the previous snapshot and of the journal since, as a new snapshot, in which
//! every event, ticket, hold, entry, key and account is as the last change left it.

use std::io;

use super::error::CompactionError;
use super::later_changes::{Buffers, LaterChanges};
use super::read::Snapshot;
use super::ticket_runs::TicketRuns;
use super::write::Writer;
use crate::changes::commit::Commit;
use crate::changes::{Change, Origin};
use crate::codec::DecodeError;
use crate::codec::Sequence;
use crate::storage::journal::commits::read_commits;
use crate::storage::journal::disk::Disk;

/// Called with the number of bytes that were read or written since the last call. It may sleep, or stop the
/// compaction by an error.
pub type Throttle<'a> = &'a mut dyn FnMut(u64) -> Result<(), CompactionError>;

/// Writes the snapshot of `to`: the changes in effect of the snapshot `previous` and of the journal since.
/// Returns its length in bytes.
///
/// # Errors
///
/// [`CompactionError`]; no snapshot was made.
pub fn compact_journal(
    previous: Option<&Snapshot>,
    journal: &dyn Disk,
    writer: Writer<'_>,
    to: Sequence,
    throttle: Throttle<'_>,
) -> Result<u64, CompactionError> {
    let from = previous.map_or(Sequence(0), Snapshot::sequence).next();
    let mut of_journal =
        |throttle: Throttle<'_>, each: EachCommit<'_>| read_commits(journal, from, to, throttle, each);
    compact(previous, &mut of_journal, writer, throttle)
}

/// Called with each commit.
pub type EachCommit<'a> = &'a mut dyn FnMut(Commit<'_>) -> Result<(), CompactionError>;

/// Passes the commits after the previous snapshot to a function, in order. It is called twice, and passes the
/// same ones.
pub type ReadCommits<'a> = &'a mut dyn FnMut(Throttle<'_>, EachCommit<'_>) -> Result<(), CompactionError>;

/// Writes a snapshot: the changes in effect of the snapshot `previous` and of the commits since. Returns its
/// length in bytes. The same snapshot and commits always make the same content.
///
/// # Errors
///
/// [`CompactionError`]; no snapshot was made.
pub fn compact(
    previous: Option<&Snapshot>,
    read_commits: ReadCommits<'_>,
    mut writer: Writer<'_>,
    throttle: Throttle<'_>,
) -> Result<u64, CompactionError> {
    let mut later = LaterChanges::default();
    read_commits(throttle, &mut |commit| later.add(&commit).map_err(malformed))?;
    if let Some(previous) = previous {
        copy(previous, &later, &mut writer, throttle)?;
    }
    let (mut runs, mut buffers) = (TicketRuns::default(), Buffers::default());
    read_commits(throttle, &mut |commit| {
        for change in commit.changes() {
            let change = change.map_err(malformed)?;
            match later.kept(&change, commit.origin(), &mut buffers) {
                Some(Change::TicketsKept(kept)) => runs.add(&kept, &mut writer)?,
                Some(kept) => {
                    writer.push(kept.number(commit.sequence), &kept)?;
                }
                None => {}
            }
        }
        Ok(())
    })?;
    runs.flush(&mut writer)?;
    writer.finish()
}

/// Writes the changes of a snapshot as they are after these later changes.
fn copy(
    previous: &Snapshot,
    later: &LaterChanges,
    writer: &mut Writer<'_>,
    throttle: Throttle<'_>,
) -> Result<(), CompactionError> {
    // The closure can return a `Contradiction` only, so an error of the writer is kept here.
    let mut write_error = None;
    let mut buffers = Buffers::default();
    let read = previous.read(&mut |number, change| {
        let origin = Origin { sequence: Sequence(number), micros: None };
        if write_error.is_none()
            && let Some(kept) = later.kept(change, origin, &mut buffers)
        {
            write_error = writer.push(number, &kept).and_then(&mut *throttle).err();
        }
        Ok(())
    });
    match write_error {
        Some(error) => Err(error),
        None => Ok(read?),
    }
}

fn malformed(error: DecodeError) -> CompactionError {
    CompactionError::Io(io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}
