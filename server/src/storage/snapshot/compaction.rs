//! Compaction: the changes of the previous snapshot and of the journal since, without freed entries, as a new
//! snapshot.

use std::collections::{HashMap, HashSet};
use std::io;

use super::error::CompactionError;
use super::read::Snapshot;
use super::write::Writer;
use crate::changes::commit;
use crate::changes::{Change, Compaction, TicketsIssued};
use crate::codec::DecodeError;
use crate::codec::Sequence;
use crate::domain::{EventKey, EventNumber};
use crate::storage::journal::commits::read_commits;
use crate::storage::journal::disk::Disk;

/// The tickets of the journal are grouped by event, this many at a time (64 MiB of ids). One change for each
/// ticket would double the bytes and the time to read them.
pub const GROUPED_TICKETS_MAX: usize = 4 << 20;

/// The tickets in one change of a snapshot: 64 KiB of ids.
const CHANGE_TICKETS_MAX: usize = 4 << 10;

/// No change of grouped tickets is larger than a booking, the largest commit.
const _: () = assert!(CHANGE_TICKETS_MAX * 16 <= commit::BYTES_MAX);

/// Called with the number of bytes that were read or written since the last call. It may sleep, or stop the
/// compaction by an error.
pub type Throttle<'a> = &'a mut dyn FnMut(u64) -> Result<(), CompactionError>;

/// Writes the snapshot of `to`: the changes in effect of the snapshot `previous` and of the journal since.
/// Returns its length in bytes.
///
/// # Errors
///
/// [`CompactionError`]; no snapshot was made.
pub fn compact(
    previous: Option<&Snapshot>,
    journal: &dyn Disk,
    mut writer: Writer<'_>,
    to: Sequence,
    throttle: Throttle<'_>,
) -> Result<u64, CompactionError> {
    let from = previous.map_or(Sequence(0), Snapshot::sequence).next();
    let freed = find_freed(journal, from, to, throttle)?;
    if let Some(previous) = previous {
        copy(previous, &freed, &mut writer, throttle)?;
    }
    let mut tickets = TicketsByEvent::default();
    read_commits(journal, from, to, throttle, &mut |commit| {
        for change in commit.changes() {
            let change = change.map_err(malformed)?;
            match change.compaction() {
                Compaction::Tickets { event, tickets: issued } => tickets.add(event, issued, &mut writer)?,
                _ if is_in_effect(&change, commit.sequence.0, &freed) => {
                    writer.push(commit.sequence.0, &change)?;
                }
                _ => {}
            }
        }
        Ok(())
    })?;
    tickets.flush(&mut writer)?;
    writer.finish()
}

/// Whether this change, about the event or entry of this number, is still in effect.
fn is_in_effect(change: &Change<'_>, number: u64, freed: &HashSet<u64>) -> bool {
    match change.compaction() {
        Compaction::Event { .. } | Compaction::Tickets { .. } => true,
        Compaction::Entry => !freed.contains(&number),
        Compaction::Omitted => false,
    }
}

/// The numbers of the entries that these commits free.
fn find_freed(
    journal: &dyn Disk,
    from: Sequence,
    to: Sequence,
    throttle: Throttle<'_>,
) -> Result<HashSet<u64>, CompactionError> {
    let mut freed = HashSet::new();
    read_commits(journal, from, to, throttle, &mut |commit| {
        for change in commit.changes() {
            if let Some(entry) = change.map_err(malformed)?.ends() {
                freed.insert(entry.0);
            }
        }
        Ok(())
    })?;
    Ok(freed)
}

fn copy(
    previous: &Snapshot,
    freed: &HashSet<u64>,
    writer: &mut Writer<'_>,
    throttle: Throttle<'_>,
) -> Result<(), CompactionError> {
    // The closure can return a `Contradiction` only, so an error of the writer is kept here.
    let mut write_error = None;
    let read = previous.read(&mut |number, change| {
        if write_error.is_none() && is_in_effect(change, number, freed) {
            write_error = writer.push(number, change).and_then(&mut *throttle).err();
        }
        Ok(())
    });
    match write_error {
        Some(error) => Err(error),
        None => Ok(read?),
    }
}

#[derive(Debug, Default)]
struct TicketsByEvent {
    events: HashMap<EventNumber, (EventKey, Vec<[u8; 16]>)>,
    count: usize,
}

impl TicketsByEvent {
    fn add(
        &mut self,
        event: EventKey,
        tickets: &[[u8; 16]],
        writer: &mut Writer<'_>,
    ) -> Result<(), CompactionError> {
        let (_, ids) = self.events.entry(event.number).or_insert_with(|| (event, Vec::new()));
        ids.extend_from_slice(tickets);
        self.count += tickets.len();
        if self.count >= GROUPED_TICKETS_MAX { self.flush(writer) } else { Ok(()) }
    }

    fn flush(&mut self, writer: &mut Writer<'_>) -> Result<(), CompactionError> {
        for (_, (event, ids)) in self.events.drain() {
            for tickets in ids.chunks(CHANGE_TICKETS_MAX) {
                writer.push(event.number.0, &TicketsIssued { event, tickets }.into())?;
            }
        }
        self.count = 0;
        Ok(())
    }
}

fn malformed(error: DecodeError) -> CompactionError {
    CompactionError::Io(io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}
