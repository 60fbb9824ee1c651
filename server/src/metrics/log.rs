//! The log, the journal and the snapshots.

use std::fmt;
use std::time::UNIX_EPOCH;

use super::exposition::{Exposition, Observation};
use crate::commands::Service;
use crate::storage::log::Log;
use crate::storage::snapshot::history::{History, LastMade};
use crate::storage::statistics::JournalStatistics;

pub fn write(out: &mut Exposition<'_>, service: &Service) -> fmt::Result {
    let log = service.store.log();
    // Read from the last to the first, so that none of them is ahead of the one before it.
    let applied = log.published().borrow().0;
    let durable = log.durable().0;
    let appended = log.appended().0;
    out.count(
        "log_appended_sequence",
        "The last commit that was decided, or read of the leader's",
        appended,
    )?;
    out.count("log_durable_sequence", "The last commit that is known durable", durable)?;
    out.count("log_applied_sequence", "The last commit that is durable and in the state", applied)?;
    out.flag("read_only", "Whether changes are refused because the disk has no space", log.read_only())?;
    write_statistics(out, log)?;
    out.count("snapshot_sequence", "The last commit in the newest snapshot", service.newest_snapshot().0)?;
    service.made_snapshots().map_or(Ok(()), |made| write_made_snapshots(out, made))
}

fn write_statistics(out: &mut Exposition<'_>, log: &dyn Log) -> fmt::Result {
    let statistics = log.statistics();
    if let Some(batches) = statistics.batches {
        let help = "Commits that were written and synced, or sent to NATS, at once";
        out.histogram("log_batch_commits", help, batches, Observation::Count)?;
    }
    let Some(journal) = statistics.journal else { return Ok(()) };
    let JournalStatistics { bytes, segments, segment_bytes_left, is_preallocated, syncs } = journal;
    out.counter(
        "journal_written_bytes",
        "Bytes written to the journal, and those that the start has read",
        bytes,
    )?;
    out.count("journal_segments", "Segments of the journal on the disk", segments)?;
    out.count(
        "journal_segment_free_bytes",
        "Bytes that are left in the current segment",
        segment_bytes_left,
    )?;
    out.flag("journal_preallocated", "Whether the next segment is preallocated", is_preallocated)?;
    out.histogram(
        "journal_sync_duration_seconds",
        "The time that a sync of the journal took",
        syncs,
        Observation::Micros,
    )
}

fn write_made_snapshots(out: &mut Exposition<'_>, made: &History) -> fmt::Result {
    out.counter("snapshot_failures", "Snapshots that could not be made", made.failures())?;
    let Some(LastMade { at, bytes, took }) = made.last() else { return Ok(()) };
    let at = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let help = "When this server made its last snapshot since its start, in seconds since 1970";
    out.gauge("snapshot_timestamp_seconds", help, at.as_secs_f64())?;
    out.count("snapshot_size_bytes", "The length of that snapshot", bytes)?;
    out.gauge("snapshot_duration_seconds", "The time that it took", took.as_secs_f64())
}
