//! `booklined dump`: what happened, for people and `jq`.

use std::io::{self, BufWriter, Write};

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Parts, is_lasting, settled, warn};
use crate::codec::Sequence;
use crate::domain::Change;
use crate::storage::journal::{self, Base};
use crate::storage::snapshot::compaction::read_commits;
use crate::storage::snapshot::read::Snapshot;
use crate::storage::snapshot::snapshotter::find_usable;

/// Prints the changes of the newest whole snapshot, then those of the journal behind it.
pub(super) fn run(parts: &Parts) -> anyhow::Result<bool> {
    let mut out = BufWriter::new(io::stdout().lock());
    // Looked at as a whole before anything is printed.
    let done = |result: &anyhow::Result<_>| result.as_ref().map_or_else(is_lasting, |_| true);
    let (usable, end) = settled(
        || parts.last_change(),
        done,
        || {
            let usable = find_usable(parts.snapshots())?;
            let snapshot = usable.snapshot.as_ref().map(Snapshot::sequence).unwrap_or_default();
            let base = Base { snapshot, ..parts.base()? };
            let end = journal::check(parts.journal(), base, &mut |commit| commit.check())?.last;
            Ok((usable, end))
        },
    )?;
    for bad in &usable.bad {
        warn(&format!("{bad}; the one before it and the journal are shown instead"));
    }
    let mut written = Ok(());
    let mut from = Sequence(0);
    if let Some(snapshot) = usable.snapshot {
        from = snapshot.sequence();
        snapshot.read(&mut |number, change| {
            if written.is_ok() {
                written = print(&mut out, number, None, change);
            }
            Ok(())
        })?;
    }
    read_commits(parts.journal(), from.next(), end, &mut |_| Ok(()), &mut |commit| {
        for change in commit.changes().flatten() {
            if written.is_ok() {
                written = print(&mut out, commit.sequence.0, Some(commit.micros), &change);
            }
        }
        Ok(())
    })?;
    match written.and_then(|()| out.flush()) {
        // Whoever reads has enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        done => done.map(|()| true).context("writing to standard output"),
    }
}

/// `number` is the commit's sequence; in a snapshot, that of the event or entry.
fn print(out: &mut impl Write, number: u64, micros: Option<i64>, change: &Change<'_>) -> io::Result<()> {
    let mut object = shown(change);
    if let Some(fields) = object.as_object_mut() {
        fields.insert("sequence".into(), number.into());
        let at = micros.and_then(DateTime::<Utc>::from_timestamp_micros);
        let at = at.map(|moment| moment.to_rfc3339_opts(SecondsFormat::Micros, true));
        fields.insert("at".into(), at.into());
    }
    // In the order of the names, whatever the order in which they were put in.
    object.sort_all_objects();
    let mut line = Vec::new();
    bookline_protocol::json::write_value(&mut line, &object);
    line.push(b'\n');
    out.write_all(&line)
}

fn shown(change: &Change<'_>) -> Value {
    match *change {
        Change::EventCreated { id, name, date, total, issued, .. } => json!({
            "fact": "event_created", "id": id, "name": name, "date": date.iso().to_string(),
            "total_tickets": total, "issued_before": issued,
        }),
        Change::TicketsIssued { event, tickets } => {
            let tickets: Vec<String> = tickets.iter().map(|id| Uuid::from_bytes(*id).to_string()).collect();
            json!({ "fact": "tickets_issued", "event": event.number.0, "tickets": tickets })
        }
        Change::BlockTaken { slot, who } => json!({
            "fact": "block_taken", "date": slot.date.iso().to_string(), "time": slot.hour.to_string(), "who": who,
        }),
        Change::MeetingTaken { slot, who, title, group, host } => json!({
            "fact": "meeting_taken", "date": slot.date.iso().to_string(), "time": slot.hour.to_string(),
            "who": who, "title": title, "group": group.split(',').collect::<Vec<_>>(), "host": host,
        }),
        Change::EntryFreed { slot, entry } => json!({
            "fact": "entry_freed", "date": slot.date.iso().to_string(), "time": slot.hour.to_string(),
            "entry": entry.0,
        }),
    }
}
