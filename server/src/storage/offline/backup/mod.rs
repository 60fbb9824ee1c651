//! `booklined backup`: writes the state at one moment to one file, with a running server or without one.
//!
//! A backup is a snapshot, made by the compaction of the server, of everything that is in the journal when it
//! begins. A running server may append to the journal meanwhile, and trim it by its older snapshot, which is
//! not read here. If the read fails because of the server all the same, it is retried.

mod target;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;

#[cfg(feature = "cluster")]
use super::cluster_copy::ClusterCopy;
use super::interrupt::make_work_directory;
use super::{Parts, Source, is_lasting, print, settled};
use crate::codec::Sequence;
use crate::storage::journal::{self, RealDisk};
use crate::storage::plain_file;
#[cfg(feature = "cluster")]
use crate::storage::replicated::extent::Extent;
#[cfg(feature = "cluster")]
use crate::storage::replicated::nats::NatsOptions;
use crate::storage::snapshot;
use crate::storage::snapshot::compaction::compact_journal;
use crate::storage::snapshot::read::Snapshot;
use crate::storage::snapshot::snapshotter::{NewestValid, find_newest_valid};
use crate::storage::snapshot::write::Writer;
use target::Target;

/// Writes the backup of `source` to `to`. `force` allows to replace a file that is not a backup.
pub(super) fn run(source: &Source, to: &Path, force: bool) -> anyhow::Result<bool> {
    let target = Target::of(to)?;
    let origin = Origin::of(source)?;
    target.check(origin.parts(), force)?;
    let work = make_work_directory(target.directory())?;
    let (sequence, bytes) = origin.write(work.path())?;
    let written = work.path().join(snapshot::name(sequence));
    match &target {
        Target::StandardOutput => copy_out(&written).context("writing the backup to standard output")?,
        Target::File { path, directory } => {
            // Another process may have created or replaced the target since the first check.
            target.check(origin.parts(), force)?;
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

/// What the backup is of.
enum Origin {
    DataDir(Parts),
    #[cfg(feature = "cluster")]
    Cluster(NatsOptions),
}

impl Origin {
    fn of(source: &Source) -> anyhow::Result<Self> {
        #[cfg(feature = "cluster")]
        if let Some(options) = source.cluster() {
            return Ok(Self::Cluster(options));
        }
        Parts::of(&source.data_dir).map(Self::DataDir)
    }

    /// The data directory, if it is one.
    fn parts(&self) -> Option<&Parts> {
        match self {
            Self::DataDir(parts) => Some(parts),
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => None,
        }
    }

    /// Writes a snapshot of everything into the work directory. Returns its sequence number and its length in
    /// bytes.
    fn write(&self, work: &Path) -> anyhow::Result<(Sequence, u64)> {
        match self {
            Self::DataDir(parts) => write(parts, work),
            #[cfg(feature = "cluster")]
            Self::Cluster(options) => write(&ClusterCopy::make_in(work, options, Extent::State)?.parts, work),
        }
    }
}

/// Writes a snapshot of everything into the work directory. Returns its sequence number and its length in
/// bytes.
pub(super) fn write(parts: &Parts, work: &Path) -> anyhow::Result<(Sequence, u64)> {
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
