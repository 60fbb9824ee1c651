//! `booklined dump`: prints the changes as JSON, for people and `jq`.

use std::io::{self, BufWriter, Write};

use anyhow::Context;
use bookline_protocol::json::write_number;
use bookline_protocol::reply::ChangeKind;
use compact_str::CompactString;

use super::{Parts, is_lasting, settled, warn};
use crate::changes::commit::Commit;
use crate::changes::{Change, EntryPeople, Line, Listener, Origin, TellError, write_by};
use crate::codec::Sequence;
use crate::storage::journal::commits::read_commits;
use crate::storage::journal::{self, Base};
use crate::storage::snapshot::read::Snapshot;
use crate::storage::snapshot::snapshotter::{NewestValid, find_newest_valid};

/// Prints the changes of the newest valid snapshot, then those of the journal since.
pub(super) fn run(parts: &Parts) -> anyhow::Result<bool> {
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
    let mut printer = Printer::new(BufWriter::new(io::stdout().lock()));
    let mut from = Sequence(0);
    if let Some(snapshot) = snapshot {
        from = snapshot.sequence();
        let mut untold = Ok(());
        snapshot.read(&mut |number, change| {
            if untold.is_ok() {
                untold = printer.print_kept(number, change);
            }
            Ok(())
        })?;
        untold?;
    }
    let mut untold = Ok(());
    read_commits::<io::Error>(parts.journal(), from.next(), end, &mut |_| Ok(()), &mut |commit| {
        if untold.is_ok() {
            untold = printer.print_commit(&commit);
        }
        Ok(())
    })?;
    untold?;
    match printer.finish() {
        // The reader, such as `head`, has closed the pipe.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        done => done.map(|()| true).context("writing to standard output"),
    }
}

/// Prints the lines of changes, each as the feed shows it with `tickets=yes`, behind its sequence number.
struct Printer<W> {
    out: W,
    /// Of the commit. For a change of a snapshot it is the number of its event, entry, account or
    /// key.
    sequence: u64,
    /// Who made the commit, if an account did.
    by: CompactString,
    line: Line,
    bytes: Vec<u8>,
    /// The first error of `out`. Nothing is written after it.
    error: Option<io::Error>,
}

impl<W: Write> Printer<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            sequence: 0,
            by: CompactString::default(),
            line: Line::default(),
            bytes: Vec::new(),
            error: None,
        }
    }

    /// Prints a change of a snapshot. It has no time.
    fn print_kept(&mut self, number: u64, change: &Change<'_>) -> Result<(), TellError> {
        self.sequence = number;
        change.tell(Origin { sequence: Sequence(number), micros: None }, self)
    }

    fn print_commit(&mut self, commit: &Commit<'_>) -> Result<(), TellError> {
        self.sequence = commit.sequence.0;
        self.by = commit.actor.map_or("", |actor| actor.name).into();
        commit.tell(self)
    }

    fn print(&mut self, write: &dyn Fn(&mut Line)) {
        if self.error.is_some() {
            return;
        }
        write(&mut self.line);
        let Line { public, secret } = &self.line;
        self.bytes.clear();
        self.bytes.extend_from_slice(b"{\"sequence\":");
        write_number(&mut self.bytes, self.sequence);
        self.bytes.push(b',');
        self.bytes.extend_from_slice(&public[b"{".len()..]);
        self.bytes.extend_from_slice(secret);
        if !self.by.is_empty() {
            write_by(&mut self.bytes, &self.by);
        }
        self.bytes.extend_from_slice(b"}\n");
        self.error = self.out.write_all(&self.bytes).err();
    }

    fn finish(mut self) -> io::Result<()> {
        self.error.map_or_else(|| self.out.flush(), Err)
    }
}

impl<W: Write> Listener for Printer<W> {
    fn event(&mut self, _id: &str, write: &dyn Fn(&mut Line)) {
        self.print(write);
    }

    fn entry(&mut self, _people: EntryPeople<'_>, write: &dyn Fn(&mut Line)) {
        self.print(write);
    }

    fn account(&mut self, _name: &str, write: &dyn Fn(&mut Line)) {
        self.print(write);
    }

    fn internal(&mut self, write: &dyn Fn(&mut Line)) {
        self.print(write);
    }

    fn incomplete(&mut self, _kind: ChangeKind, write: &dyn Fn(&mut Line)) -> Result<(), TellError> {
        self.print(write);
        Ok(())
    }
}
