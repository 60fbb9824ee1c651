//! `booklined backup`: the state at one moment in one file, from a running or a stopped server's directory.
//!
//! It is a snapshot, compacted beside the server by the server's own code, of everything that the journal
//! holds when it begins. A running server goes on: it may add to the journal meanwhile, and drop what its
//! older snapshot holds, which is not read here. Should it come into the way all the same, the work is done
//! again.

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
use crate::storage::snapshot::compaction::compact;
use crate::storage::snapshot::read::Snapshot;
use crate::storage::snapshot::snapshotter::find_usable;
use crate::storage::snapshot::write::Writer;
use target::Target;
use work_directory::WorkDirectory;

/// Writes the backup. `force` replaces a file that is no backup.
pub(super) fn run(parts: &Parts, to: &Path, force: bool) -> anyhow::Result<bool> {
    let target = Target::of(to)?;
    target.check(parts, force)?;
    let signals = interrupt::Signals::catch().context("preparing for signals")?;
    let work = WorkDirectory::make(target.directory())?;
    signals.clean_up(work.path().to_owned())?;
    let (sequence, bytes) = write(parts, work.path())?;
    let written = work.path().join(snapshot::name(sequence));
    match &target {
        Target::StandardOutput => copy_out(&written).context("writing the backup to standard output")?,
        Target::File { path, directory } => {
            // Much may have come into its place meanwhile.
            target.check(parts, force)?;
            std::fs::rename(&written, path).with_context(|| format!("writing {}", path.display()))?;
            let synced = File::open(directory).and_then(|directory| directory.sync_all());
            synced.with_context(|| {
                format!(
                    "{} is written, and may be gone after a power cut, because its directory cannot be synced",
                    path.display()
                )
            })?;
        }
    }
    drop(work);
    report(&target, to, sequence, bytes)
}

/// Writes a snapshot of everything into the work directory. Says what it holds and how long it is.
fn write(parts: &Parts, work: &Path) -> anyhow::Result<(Sequence, u64)> {
    let disk = RealDisk::open(work).with_context(|| format!("opening {}", work.display()))?;
    let done = |result: &anyhow::Result<_>| result.as_ref().map_or_else(is_lasting, |_| true);
    settled(
        || parts.last_change(),
        done,
        || {
            let before = newest(parts)?;
            let snapshot = before.as_ref().map(Snapshot::sequence).unwrap_or_default();
            let base = journal::Base { snapshot, ..parts.base()? };
            let found = journal::check(parts.journal(), base, &mut |commit| commit.check())?;
            let writer = Writer::new(&disk, found.last, &|| false)?;
            let bytes = compact(before.as_ref(), parts.journal(), writer, found.last, &mut |_| Ok(()))?;
            Ok((found.last, bytes))
        },
    )
}

fn newest(parts: &Parts) -> anyhow::Result<Option<Snapshot>> {
    let usable = find_usable(parts.snapshots())?;
    for bad in &usable.bad {
        super::warn(&format!("{bad}; the one before it and the journal are copied instead"));
    }
    Ok(usable.snapshot)
}

fn copy_out(written: &Path) -> io::Result<()> {
    let mut out = io::stdout().lock();
    io::copy(&mut plain_file::open(written)?, &mut out)?;
    out.flush()
}

/// Says what was done: on standard error where the backup itself went to standard output.
fn report(target: &Target, to: &Path, sequence: Sequence, bytes: u64) -> anyhow::Result<bool> {
    let done = format!("sequences 1 to {}, {bytes} bytes", sequence.0);
    match target {
        Target::StandardOutput => super::warn(&format!("standard output: {done}")),
        Target::File { .. } => print(&format!("{}: {done}\n", to.display()))
            .with_context(|| format!("{} is whole, and that could not be reported", to.display()))?,
    }
    Ok(true)
}
