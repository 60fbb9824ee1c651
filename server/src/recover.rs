//! State from disk: the newest whole snapshot, then the journal behind it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;

use crate::journal::{self, Base, Disk, Journal, Options, Sequence, segment};
use crate::settings::Settings;
use crate::snapshot;
use crate::snapshot::keeper::{Usable, find_usable};
use crate::snapshot::read::{BadSnapshot, Snapshot};
use crate::store::Records;

/// Why the state cannot be recovered. Nothing was changed.
#[derive(Debug, Error)]
pub enum RecoverError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
    /// The system said no.
    #[error("reading the snapshots: {0}")]
    Io(#[from] io::Error),
    /// No snapshot is whole, and the journal alone does not go back to the beginning.
    #[error(
        "no snapshot can be read ({}); nothing was changed. Restore one of them from a backup",
        shown(.0)
    )]
    Snapshots(Vec<BadSnapshot>),
    /// A snapshot that was whole a moment ago.
    #[error(transparent)]
    Snapshot(#[from] BadSnapshot),
    /// `--restore` on a directory that has data.
    #[error("--restore wants an empty data directory, and this one has a journal: give another --data-dir")]
    NotEmpty,
    /// `--restore` of a file that cannot be used.
    #[error("--restore {}: {error}", path.display())]
    Restore {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn shown(bad: &[BadSnapshot]) -> String {
    bad.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What was recovered.
#[derive(Debug)]
pub struct State {
    /// The state.
    pub records: Records,
    /// The journal, open for more.
    pub journal: Journal,
    /// The newest snapshot, or zero.
    pub snapshot: Sequence,
}

/// Recovers what is on these disks; `fresh` when nothing was ever begun there.
pub fn recover(
    disk: Arc<dyn Disk>,
    snapshots: &dyn Disk,
    settings: &Settings,
    fresh: bool,
) -> Result<State, RecoverError> {
    let started = Instant::now();
    if let Some(path) = &settings.restore {
        if !fresh || !segment::list(&*disk)?.is_empty() {
            return Err(RecoverError::NotEmpty);
        }
        restore(path, snapshots)?;
    }
    let usable = choose(find_usable(snapshots)?, &*disk, snapshots)?;
    let records = Records::new(settings.shards);
    let mut sequence = Sequence(0);
    if let Some(snapshot) = usable {
        snapshot.read(&mut |number, fact| records.restore(Sequence(number), fact))?;
        sequence = snapshot.sequence();
    }
    let options = Options {
        durability: settings.durability,
        segment_size: settings.segment_size,
        base: Base { snapshot: sequence, fresh },
    };
    let (journal, recovered) = Journal::open(disk, options, &mut |commit| records.replay(commit))?;
    if let Some((file, offset)) = &recovered.cut {
        tracing::warn!(
            "the journal ended in a write that was never answered: {file} was cut at offset {offset}"
        );
    }
    tracing::info!(
        snapshot = sequence.0,
        commits = recovered.commits,
        facts = recovered.facts,
        segments = recovered.segments,
        sequence = recovered.last.0,
        milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "data read"
    );
    Ok(State { records, journal, snapshot: sequence })
}

/// The snapshot to build on. One that is damaged is passed over, aloud, if an older one or the whole journal can stand
/// in for it; and set aside, so that it is not counted among the two that are kept.
fn choose(
    usable: Usable,
    journal: &dyn Disk,
    snapshots: &dyn Disk,
) -> Result<Option<Snapshot>, RecoverError> {
    let Usable { snapshot, bad } = usable;
    if bad.is_empty() {
        return Ok(snapshot);
    }
    let whole_journal = segment::list(journal)?.first() == Some(&Sequence(1));
    if snapshot.is_none() && (bad.len() > 1 || !whole_journal) {
        return Err(RecoverError::Snapshots(bad));
    }
    for bad in &bad {
        tracing::warn!("{bad}; it is set aside, and the one before it and the journal are read instead");
        snapshots.rename(&bad.file, &format!("{}.damaged", bad.file))?;
    }
    snapshots.sync()?;
    Ok(snapshot)
}

/// Puts a backup into the place of a snapshot, once it is known to be whole.
fn restore(path: &Path, snapshots: &dyn Disk) -> Result<(), RecoverError> {
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| RecoverError::Restore { path: path.into(), error };
    let bytes = fs::read(path).map_err(|e| failed(e.into()))?;
    let file = snapshots.create(snapshot::NEW)?;
    file.write_all_at(&bytes, 0)?;
    file.sync()?;
    let opened = Snapshot::open_file(snapshots, snapshot::NEW);
    let checked = opened.and_then(|snapshot| snapshot.verify().map(|_| snapshot.sequence()));
    match checked {
        Ok(sequence) => {
            snapshots.rename(snapshot::NEW, &snapshot::name(sequence))?;
            Ok(snapshots.sync()?)
        }
        Err(bad) => {
            snapshots.remove(snapshot::NEW)?;
            Err(failed(Box::new(bad.what)))
        }
    }
}
