//! Compaction: the changes of the previous snapshot and of the journal since, without freed entries, as a new
//! snapshot. An event is created with the values of its last update.

use std::collections::{HashMap, HashSet};
use std::io;

use bookline_protocol::{Date, SaleTerms};

use super::error::CompactionError;
use super::read::Snapshot;
use super::write::Writer;
use crate::changes::commit;
use crate::changes::{Change, Compaction, EventAdded, TicketsIssued};
use crate::codec::DecodeError;
use crate::codec::Sequence;
use crate::domain::{EventKey, EventNumber, EventValues};
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
    let later = LaterChanges::find(journal, from, to, throttle)?;
    if let Some(previous) = previous {
        copy(previous, &later, &mut writer, throttle)?;
    }
    let mut tickets = TicketsByEvent::default();
    read_commits(journal, from, to, throttle, &mut |commit| {
        for change in commit.changes() {
            let change = change.map_err(malformed)?;
            if let Compaction::Tickets { event, tickets: issued } = change.compaction() {
                tickets.add(event, issued, &mut writer)?;
            } else if let Some(change) = later.compact(&change, commit.sequence.0) {
                writer.push(commit.sequence.0, &change)?;
            }
        }
        Ok(())
    })?;
    tickets.flush(&mut writer)?;
    writer.finish()
}

/// The changes of the journal that affect what earlier changes have created.
#[derive(Debug, Default)]
struct LaterChanges {
    /// The numbers of the entries that end.
    freed: HashSet<u64>,
    /// The last update of each event that is updated.
    updates: HashMap<EventNumber, LastUpdate>,
}

/// The values that an update sets, some hundred bytes.
#[derive(Debug)]
struct LastUpdate {
    name: Box<str>,
    date: Date,
    total: u32,
    terms: SaleTerms,
}

impl LaterChanges {
    /// Those of these commits.
    fn find(
        journal: &dyn Disk,
        from: Sequence,
        to: Sequence,
        throttle: Throttle<'_>,
    ) -> Result<Self, CompactionError> {
        let mut later = Self::default();
        read_commits(journal, from, to, throttle, &mut |commit| {
            for change in commit.changes() {
                later.add(&change.map_err(malformed)?);
            }
            Ok(())
        })?;
        Ok(later)
    }

    fn add(&mut self, change: &Change<'_>) {
        if let Some(entry) = change.ends() {
            self.freed.insert(entry.0);
        }
        if let Compaction::Update { event, values } = change.compaction() {
            let EventValues { name, date, total, terms, .. } = values;
            self.updates.insert(event.number, LastUpdate { name: name.into(), date, total, terms });
        }
    }

    /// What is in effect of a change about the event or entry of this number.
    fn compact<'a>(&'a self, change: &Change<'a>, number: u64) -> Option<Change<'a>> {
        match change.compaction() {
            Compaction::Event { tag, values } => {
                let values = self.update(values, number);
                Some(EventAdded { tag, values }.into())
            }
            Compaction::Tickets { .. } => Some(*change),
            Compaction::Entry => (!self.freed.contains(&number)).then_some(*change),
            Compaction::Update { .. } | Compaction::Omitted => None,
        }
    }

    /// The values of the event of this number after its last update. The number of issued tickets stays that
    /// of the creation, because the tickets follow.
    fn update<'a>(&'a self, values: EventValues<'a>, number: u64) -> EventValues<'a> {
        match self.updates.get(&EventNumber(number)) {
            Some(&LastUpdate { ref name, date, total, terms }) => {
                EventValues { name, date, total, terms, ..values }
            }
            None => values,
        }
    }
}

fn copy(
    previous: &Snapshot,
    later: &LaterChanges,
    writer: &mut Writer<'_>,
    throttle: Throttle<'_>,
) -> Result<(), CompactionError> {
    // The closure can return a `Contradiction` only, so an error of the writer is kept here.
    let mut write_error = None;
    let read = previous.read(&mut |number, change| {
        if write_error.is_none()
            && let Some(change) = later.compact(change, number)
        {
            write_error = writer.push(number, &change).and_then(&mut *throttle).err();
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
