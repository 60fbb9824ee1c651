//! `booklined dump`: prints the changes as JSON, for people and `jq`.

use std::io::{self, BufWriter, Write};

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};

use super::{Parts, is_lasting, settled, warn};
use crate::changes::Change;
use crate::codec::Sequence;
use crate::storage::journal::commits::read_commits;
use crate::storage::journal::{self, Base};
use crate::storage::snapshot::read::Snapshot;
use crate::storage::snapshot::snapshotter::{NewestValid, find_newest_valid};

/// Prints the changes of the newest valid snapshot, then those of the journal since.
pub(super) fn run(parts: &Parts) -> anyhow::Result<bool> {
    let mut out = BufWriter::new(io::stdout().lock());
    // Everything is read and checked before the first change is printed.
    let done = |result: &anyhow::Result<_>| result.as_ref().map_or_else(is_lasting, |_| true);
    let (NewestValid { snapshot, errors }, end) = settled(
        || parts.last_change(),
        done,
        || {
            let newest = find_newest_valid(parts.snapshots())?;
            let snapshot = newest.snapshot.as_ref().map(Snapshot::sequence).unwrap_or_default();
            let base = Base { snapshot, ..parts.base()? };
            let end = journal::check(parts.journal(), base, &mut |commit| commit.check())?.last;
            Ok((newest, end))
        },
    )?;
    for error in &errors {
        warn(&format!("{error}; the one before it and the journal are shown instead"));
    }
    let mut written = Ok(());
    let mut from = Sequence(0);
    if let Some(snapshot) = snapshot {
        from = snapshot.sequence();
        snapshot.read(&mut |number, change| {
            if written.is_ok() {
                written = print(&mut out, number, None, change);
            }
            Ok(())
        })?;
    }
    read_commits::<io::Error>(parts.journal(), from.next(), end, &mut |_| Ok(()), &mut |commit| {
        for change in commit.changes().flatten() {
            if written.is_ok() {
                written = print(&mut out, commit.sequence.0, Some(commit.micros), &change);
            }
        }
        Ok(())
    })?;
    match written.and_then(|()| out.flush()) {
        // The reader, such as `head`, has closed the pipe.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        done => done.map(|()| true).context("writing to standard output"),
    }
}

/// Prints a change. `number` is the sequence number of its commit; for a change of a snapshot, the number of
/// its event, entry or key.
fn print(out: &mut impl Write, number: u64, micros: Option<i64>, change: &Change<'_>) -> io::Result<()> {
    let mut object = change.json();
    if let Some(fields) = object.as_object_mut() {
        fields.insert("sequence".into(), number.into());
        let at = micros.and_then(DateTime::<Utc>::from_timestamp_micros);
        let at = at.map(|moment| moment.to_rfc3339_opts(SecondsFormat::Micros, true));
        fields.insert("at".into(), at.into());
    }
    // The keys are sorted, because `sequence` and `at` are inserted last.
    object.sort_all_objects();
    let mut line = Vec::new();
    bookline_protocol::json::write_value(&mut line, &object);
    line.push(b'\n');
    out.write_all(&line)
}
