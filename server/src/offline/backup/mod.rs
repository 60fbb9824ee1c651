//! `booklined backup`: the state at one moment in one file, from a running or a stopped server's directory.
//!
//! It is a snapshot, folded beside the server by the server's own code, of everything that the journal holds when it
//! begins. A running server goes on: it may add to the journal meanwhile, and drop what its older snapshot holds,
//! which is not read here. Should it come into the way all the same, the work is done again.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Parts, settled};
use crate::journal::{self, RealDisk};
use crate::snapshot;
use crate::snapshot::fold::fold;
use crate::snapshot::keeper::find_usable;
use crate::snapshot::read::Snapshot;
use crate::snapshot::write::Writer;

/// Writes the backup.
pub(super) fn run(parts: &Parts, to: &Path) -> anyhow::Result<bool> {
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.map_or_else(|| PathBuf::from("."), Path::to_owned);
    let work = directory.join(format!(".bookline-backup-{}", std::process::id()));
    std::fs::create_dir_all(&work).with_context(|| format!("making {}", work.display()))?;
    let done = write(parts, &work, to);
    std::fs::remove_dir_all(&work).with_context(|| format!("removing {}", work.display()))?;
    let (sequence, bytes) = done?;
    println!("{}: sequences 1 to {sequence}, {bytes} bytes", to.display());
    Ok(true)
}

fn write(parts: &Parts, work: &Path, to: &Path) -> anyhow::Result<(u64, u64)> {
    let disk = RealDisk::new(work.to_owned());
    let (sequence, bytes) = settled(|| {
        let before = newest(parts)?;
        let snapshot = before.as_ref().map(Snapshot::sequence).unwrap_or_default();
        let base = journal::Base { snapshot, ..parts.base()? };
        let found = journal::check(parts.journal(), base, &mut |_| Ok(()))?;
        let writer = Writer::new(&disk, found.last)?;
        let bytes = fold(before.as_ref(), parts.journal(), writer, found.last, &mut |_| Ok(()))?;
        Ok((found.last, bytes))
    })?;
    let written = work.join(snapshot::name(sequence));
    std::fs::rename(&written, to).with_context(|| format!("writing {}", to.display()))?;
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    std::fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok((sequence.0, bytes))
}

fn newest(parts: &Parts) -> anyhow::Result<Option<Snapshot>> {
    let usable = find_usable(parts.snapshots())?;
    for bad in &usable.bad {
        eprintln!("booklined: {bad}; the one before it and the journal are copied instead");
    }
    Ok(usable.snapshot)
}
