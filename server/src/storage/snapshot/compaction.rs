//! Folding the journal into the snapshot before.

use std::collections::{HashMap, HashSet};
use std::io;

use super::error::CompactionError;
use super::read::Snapshot;
use super::write::Writer;
use crate::codec::commit;
use crate::codec::commit::{Commit, Unreadable};
use crate::codec::frame::Kind;
use crate::codec::segment_header;
use crate::codec::segment_header::{SegmentHeader, SegmentHeaderError};
use crate::codec::{Sequence, frame};
use crate::domain::{Change, EventKey, EventNumber};
use crate::storage::journal::disk::Disk;
use crate::storage::journal::reader::FrameReader;
use crate::storage::journal::segment::{self};

/// Tickets of the journal are gathered by event until there are so many (64 MiB of ids), then written: a change for each
/// ticket would cost twice the bytes and the time to read them.
pub const GROUPED: usize = 4 << 20;

/// Tickets in one change of a snapshot: 64 KiB of ids, far below what a frame takes.
const IN_A_FACT: usize = 4 << 10;

/// Called after so many bytes were read or written; it may take its time, or say that it is over.
pub type Throttle<'a> = &'a mut dyn FnMut(u64) -> Result<(), CompactionError>;

/// Writes the changes that count at `to`: those of `before`, and those of the journal behind it. Says how many bytes the
/// snapshot has.
pub fn compact(
    before: Option<&Snapshot>,
    journal: &dyn Disk,
    mut writer: Writer<'_>,
    to: Sequence,
    throttle: Throttle<'_>,
) -> Result<u64, CompactionError> {
    let from = before.map_or(Sequence(0), Snapshot::sequence).next();
    let freed = find_freed(journal, from, to, throttle)?;
    if let Some(before) = before {
        copy(before, &freed, &mut writer, throttle)?;
    }
    let mut tickets = Grouped::default();
    read_commits(journal, from, to, throttle, &mut |commit| {
        for change in commit.changes() {
            match change.map_err(malformed)? {
                Change::TicketsIssued { event, tickets: issued } => {
                    tickets.add(event, issued, &mut writer)?
                }
                change if lasts(&change, commit.sequence.0, &freed) => {
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

/// Does this change, about the event or entry of this number, still count?
fn lasts(change: &Change<'_>, number: u64, freed: &HashSet<u64>) -> bool {
    match change {
        Change::EventCreated { .. } | Change::TicketsIssued { .. } => true,
        Change::BlockTaken { .. } | Change::MeetingTaken { .. } => !freed.contains(&number),
        Change::EntryFreed { .. } => false,
    }
}

/// The numbers of all entries freed in these commits.
fn find_freed(
    journal: &dyn Disk,
    from: Sequence,
    to: Sequence,
    throttle: Throttle<'_>,
) -> Result<HashSet<u64>, CompactionError> {
    let mut freed = HashSet::new();
    read_commits(journal, from, to, throttle, &mut |commit| {
        for change in commit.changes() {
            if let Change::EntryFreed { entry, .. } = change.map_err(malformed)? {
                freed.insert(entry.0);
            }
        }
        Ok(())
    })?;
    Ok(freed)
}

fn copy(
    before: &Snapshot,
    freed: &HashSet<u64>,
    writer: &mut Writer<'_>,
    throttle: Throttle<'_>,
) -> Result<(), CompactionError> {
    // The reader's error has no room for a writer's.
    let mut failed = None;
    let read = before.read(&mut |number, change| {
        if failed.is_none() && lasts(change, number, freed) {
            let paced = writer.push(number, change).and_then(&mut *throttle);
            failed = paced.err();
        }
        Ok(())
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(read?),
    }
}

/// Tickets by event.
#[derive(Debug, Default)]
struct Grouped {
    by_event: HashMap<EventNumber, (EventKey, Vec<[u8; 16]>)>,
    count: usize,
}

impl Grouped {
    fn add(
        &mut self,
        event: EventKey,
        tickets: &[[u8; 16]],
        writer: &mut Writer<'_>,
    ) -> Result<(), CompactionError> {
        let (_, ids) = self.by_event.entry(event.number).or_insert_with(|| (event, Vec::new()));
        ids.extend_from_slice(tickets);
        self.count += tickets.len();
        if self.count >= GROUPED { self.flush(writer) } else { Ok(()) }
    }

    fn flush(&mut self, writer: &mut Writer<'_>) -> Result<(), CompactionError> {
        for (_, (event, ids)) in self.by_event.drain() {
            for tickets in ids.chunks(IN_A_FACT) {
                writer.push(event.number.0, &Change::TicketsIssued { event, tickets })?;
            }
        }
        self.count = 0;
        Ok(())
    }
}

/// Gives the commits from `from` to `to` to `each`. They are on disk, and stay there.
pub fn read_commits(
    journal: &dyn Disk,
    from: Sequence,
    to: Sequence,
    throttle: Throttle<'_>,
    each: &mut dyn FnMut(Commit<'_>) -> Result<(), CompactionError>,
) -> Result<(), CompactionError> {
    if from > to {
        return Ok(());
    }
    let firsts = segment::list(journal)?;
    let start = firsts.iter().rposition(|&first| first <= from).unwrap_or(0);
    let mut next = from;
    for &first in &firsts[start..] {
        if first > to {
            break;
        }
        let name = segment::name(first);
        let file = journal.open(&name)?;
        let broken = |offset, what: String| CompactionError::Journal { file: name.clone(), offset, what };
        let mut header = [0; segment_header::BYTES];
        file.read_exact_at(&mut header, 0)?;
        let head = SegmentHeader::decode(&header, segment_header::MAGIC);
        let head = head.map_err(|bad: SegmentHeaderError| broken(0, bad.to_string()))?;
        let mut frames = FrameReader::new(&*file, head.salt);
        loop {
            let offset = frames.offset();
            let frame = frames.next_frame()?.ok_or_else(|| broken(offset, "it ends early".to_owned()))?;
            throttle(frame::len(frame.payload.len()) as u64)?;
            if frame.header.kind == Kind::Trailer {
                break;
            }
            for commit in commit::decode(frame.payload, frame.header.first) {
                if frame.header.kind != Kind::Commits {
                    break;
                }
                let commit = commit.map_err(|e| broken(offset, e.to_string()))?;
                if commit.sequence > to {
                    return Ok(());
                }
                if commit.sequence == next {
                    each(commit)?;
                    next = next.next();
                }
            }
            if next > to {
                return Ok(());
            }
        }
    }
    Err(CompactionError::Journal { file: segment::name(next), offset: 0, what: "it is missing".into() })
}

fn malformed(unreadable: Unreadable) -> CompactionError {
    CompactionError::Io(io::Error::new(io::ErrorKind::InvalidData, unreadable.to_string()))
}
