//! Folding the journal into the snapshot before.

use std::collections::{HashMap, HashSet};
use std::io;

use thiserror::Error;

use super::read::{BadSnapshot, Snapshot};
use super::write::Writer;
use crate::domain::{EventKey, EventNumber, Fact};
use crate::journal::commit::{self, Commit, Unreadable};
use crate::journal::disk::Disk;
use crate::journal::frame::Kind;
use crate::journal::reader::FrameReader;
use crate::journal::segment::{self, BadHead, Head};
use crate::journal::{Sequence, frame};

/// Tickets of the journal are gathered by event until there are so many (64 MiB of ids), then written: a fact for each
/// ticket would cost twice the bytes and the time to read them.
pub const GROUPED: usize = 4 << 20;

/// Tickets in one fact of a snapshot: 64 KiB of ids, far below what a frame takes.
const IN_A_FACT: usize = 4 << 10;

/// Why folding ended early. The snapshot before and the journal are as they were.
#[derive(Debug, Error)]
pub enum FoldError {
    /// The disk said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The snapshot before.
    #[error(transparent)]
    Snapshot(#[from] BadSnapshot),
    /// The journal.
    #[error("journal {file}, offset {offset}: {what}")]
    Journal {
        /// The segment.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// It is not known which names a crash leaves, of snapshots that others may build on.
    #[error("syncing the directory of the snapshots: {0}")]
    Directory(io::Error),
    /// The server stops.
    #[error("the server is stopping")]
    Stopped,
}

/// Called after so many bytes were read or written; it may take its time, or say that it is over.
pub type Pace<'a> = &'a mut dyn FnMut(u64) -> Result<(), FoldError>;

/// Writes the facts that count at `to`: those of `before`, and those of the journal behind it. Says how many bytes the
/// snapshot has.
pub fn fold(
    before: Option<&Snapshot>,
    journal: &dyn Disk,
    mut writer: Writer<'_>,
    to: Sequence,
    pace: Pace<'_>,
) -> Result<u64, FoldError> {
    let from = before.map_or(Sequence(0), Snapshot::sequence).next();
    let freed = find_freed(journal, from, to, pace)?;
    if let Some(before) = before {
        copy(before, &freed, &mut writer, pace)?;
    }
    let mut tickets = Grouped::default();
    read_commits(journal, from, to, pace, &mut |commit| {
        for fact in commit.facts() {
            match fact.map_err(malformed)? {
                Fact::TicketsIssued { event, tickets: issued } => tickets.add(event, issued, &mut writer)?,
                fact if lasts(&fact, commit.sequence.0, &freed) => {
                    writer.push(commit.sequence.0, &fact)?;
                }
                _ => {}
            }
        }
        Ok(())
    })?;
    tickets.flush(&mut writer)?;
    writer.finish()
}

/// Does this fact, about the event or entry of this number, still count?
fn lasts(fact: &Fact<'_>, number: u64, freed: &HashSet<u64>) -> bool {
    match fact {
        Fact::EventCreated { .. } | Fact::TicketsIssued { .. } => true,
        Fact::BlockTaken { .. } | Fact::MeetingTaken { .. } => !freed.contains(&number),
        Fact::EntryFreed { .. } => false,
    }
}

/// The numbers of all entries freed in these commits.
fn find_freed(
    journal: &dyn Disk,
    from: Sequence,
    to: Sequence,
    pace: Pace<'_>,
) -> Result<HashSet<u64>, FoldError> {
    let mut freed = HashSet::new();
    read_commits(journal, from, to, pace, &mut |commit| {
        for fact in commit.facts() {
            if let Fact::EntryFreed { entry, .. } = fact.map_err(malformed)? {
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
    pace: Pace<'_>,
) -> Result<(), FoldError> {
    // The reader's error has no room for a writer's.
    let mut failed = None;
    let read = before.read(&mut |number, fact| {
        if failed.is_none() && lasts(fact, number, freed) {
            let paced = writer.push(number, fact).and_then(&mut *pace);
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
    ) -> Result<(), FoldError> {
        let (_, ids) = self.by_event.entry(event.number).or_insert_with(|| (event, Vec::new()));
        ids.extend_from_slice(tickets);
        self.count += tickets.len();
        if self.count >= GROUPED { self.flush(writer) } else { Ok(()) }
    }

    fn flush(&mut self, writer: &mut Writer<'_>) -> Result<(), FoldError> {
        for (_, (event, ids)) in self.by_event.drain() {
            for tickets in ids.chunks(IN_A_FACT) {
                writer.push(event.number.0, &Fact::TicketsIssued { event, tickets })?;
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
    pace: Pace<'_>,
    each: &mut dyn FnMut(Commit<'_>) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
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
        let broken = |offset, what: String| FoldError::Journal { file: name.clone(), offset, what };
        let mut header = [0; segment::HEADER];
        file.read_exact_at(&mut header, 0)?;
        let head = Head::decode(&header, segment::MAGIC);
        let head = head.map_err(|bad: BadHead| broken(0, bad.to_string()))?;
        let mut frames = FrameReader::new(&*file, head.salt);
        loop {
            let offset = frames.offset();
            let frame = frames.next_frame()?.ok_or_else(|| broken(offset, "it ends early".to_owned()))?;
            pace(frame::len(frame.payload.len()) as u64)?;
            if frame.header.kind == Kind::Close {
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
    Err(FoldError::Journal { file: segment::name(next), offset: 0, what: "it is missing".into() })
}

fn malformed(unreadable: Unreadable) -> FoldError {
    FoldError::Io(io::Error::new(io::ErrorKind::InvalidData, unreadable.to_string()))
}
