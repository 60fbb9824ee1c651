//! `booklined backup`: writes the state at one moment to one file, with a running server or without one.
//!
//! A backup is a snapshot, made by the compaction of the server, of everything that is in the journal when it
//! begins. A running server may append to the journal meanwhile, and trim it by its older snapshot, which is
//! not read here. If the read fails because of the server all the same, it is retried.

mod interrupt;
mod target;
mod work_directory;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;

use super::{Parts, is_lasting, print, settled};
use crate::codec::Sequence;
use crate::storage::journal::{self, RealDisk};
use crate::storage::plain_file;
use crate::storage::snapshot;
use crate::storage::snapshot::compaction::compact_journal;
use crate::storage::snapshot::read::Snapshot;
use crate::storage::snapshot::snapshotter::{NewestValid, find_newest_valid};
use crate::storage::snapshot::write::Writer;
use target::Target;
use work_directory::WorkDirectory;

/// Writes the backup to `to`. `force` allows to replace a file that is not a backup.
pub(super) fn run(parts: &Parts, to: &Path, force: bool) -> anyhow::Result<bool> {
    let target = Target::of(to)?;
    target.check(parts, force)?;
    let signals = interrupt::Signals::catch().context("preparing for signals")?;
    let work = WorkDirectory::create(target.directory())?;
    signals.clean_up(work.path().to_owned())?;
    let (sequence, bytes) = write(parts, work.path())?;
    let written = work.path().join(snapshot::name(sequence));
    match &target {
        Target::StandardOutput => copy_out(&written).context("writing the backup to standard output")?,
        Target::File { path, directory } => {
            // Another process may have created or replaced the target since the first check.
            target.check(parts, force)?;
            std::fs::rename(&written, path).with_context(|| format!("writing {}", path.display()))?;
            let synced = File::open(directory).and_then(|directory| directory.sync_all());
            synced.with_context(|| {
                format!(
                    "{} is written, and may be gone after a power cut, because its directory cannot be \
                     synced",
                    path.display()
                )
            })?;
        }
    }
    drop(work);
    report(&target, to, sequence, bytes)
}

/// Writes a snapshot of everything into the work directory. Returns its sequence number and its length in
/// bytes.
fn write(parts: &Parts, work: &Path) -> anyhow::Result<(Sequence, u64)> {
    let disk = RealDisk::open(work).with_context(|| format!("opening {}", work.display()))?;
    let done = |result: &anyhow::Result<_>| result.as_ref().map_or_else(is_lasting, |_| true);
    settled(
        || parts.last_change(),
        done,
        || {
            let previous = newest_valid(parts)?;
            let snapshot = previous.as_ref().map(Snapshot::sequence).unwrap_or_default();
            let base = journal::Base { snapshot, ..parts.base()? };
            let last = journal::check(parts.journal(), base, &mut |commit| commit.check())?.last;
            let writer = Writer::new(&disk, last, &|| false)?;
            let bytes = compact_journal(previous.as_ref(), parts.journal(), writer, last, &mut |_| Ok(()))?;
            Ok((last, bytes))
        },
    )
}

fn newest_valid(parts: &Parts) -> anyhow::Result<Option<Snapshot>> {
    let NewestValid { snapshot, errors } = find_newest_valid(parts.snapshots())?;
    for error in &errors {
        super::warn(&format!("{error}; the one before it and the journal are copied instead"));
    }
    Ok(snapshot)
}

fn copy_out(written: &Path) -> io::Result<()> {
    let mut out = io::stdout().lock();
    io::copy(&mut plain_file::open(written)?, &mut out)?;
    out.flush()
}

/// Prints what was written: to standard error if the backup itself went to standard output.
fn report(target: &Target, to: &Path, sequence: Sequence, bytes: u64) -> anyhow::Result<bool> {
    let done = format!("sequences 1 to {}, {bytes} bytes", sequence.0);
    match target {
        Target::StandardOutput => super::warn(&format!("standard output: {done}")),
        Target::File { .. } => print(&format!("{}: {done}\n", to.display()))
            .with_context(|| format!("{} is complete, and that could not be reported", to.display()))?,
    }
    Ok(true)
}
