//! State from disk: the newest whole snapshot, then the journal behind it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;

use crate::data_dir::clean_stop::CleanStop;
use crate::journal::{self, Base, Disk, Journal, Options, Sequence, segment};
use crate::settings::Settings;
use crate::snapshot;
use crate::snapshot::keeper::{Usable, find_usable, set_aside};
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
    /// The clean-shutdown record.
    #[error("the file clean-stop: {0}")]
    CleanStop(io::Error),
    /// A snapshot cannot be read, and nothing can stand in for it.
    #[error("{0}. Nothing was changed. Restore a snapshot from a backup")]
    Snapshots(String),
    /// A snapshot that was whole a moment ago.
    #[error(transparent)]
    Snapshot(#[from] BadSnapshot),
    /// `--restore` on a directory that has data.
    #[error(
        "--restore wants an empty data directory, and this one has files in it: give another --data-dir, or remove \
         this one if all it holds is a --restore that was interrupted"
    )]
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

/// Where the state is.
#[derive(Debug, Clone)]
pub struct Disks {
    /// The data directory itself, with the clean-shutdown record.
    pub root: Arc<dyn Disk>,
    /// Its journal.
    pub journal: Arc<dyn Disk>,
    /// Its snapshots.
    pub snapshots: Arc<dyn Disk>,
}

/// Recovers what is on these disks; `fresh` when nothing was ever begun there.
pub fn recover(disks: &Disks, settings: &Settings, fresh: bool) -> Result<State, RecoverError> {
    let started = Instant::now();
    let snapshots = &*disks.snapshots;
    if let Some(path) = &settings.restore {
        if !fresh || holds_anything(&*disks.journal)? || holds_anything(snapshots)? {
            return Err(RecoverError::NotEmpty);
        }
        restore(path, snapshots)?;
    }
    let Usable { snapshot: usable, bad } = find_usable(snapshots)?;
    may_pass_over(&bad, usable.is_some(), &*disks.journal)?;
    let records = Records::new(settings.shards);
    let mut sequence = Sequence(0);
    if let Some(snapshot) = usable {
        snapshot.read(&mut |number, fact| records.restore(Sequence(number), fact))?;
        sequence = snapshot.sequence();
    }
    let clean_stop = read_clean_stop(&*disks.root)?;
    let options = Options {
        durability: settings.durability,
        segment_size: settings.segment_size,
        base: Base { snapshot: sequence, vouched: snapshot::vouched(snapshots)?, clean_stop, fresh },
    };
    let opening = Journal::read(disks.journal.clone(), options, &mut |commit| records.replay(commit))?;
    CleanStop::remove(&*disks.root).map_err(RecoverError::CleanStop)?;
    let (journal, recovered) = opening.open()?;
    for bad in bad {
        tracing::warn!("{bad}; it is set aside, and the one before it and the journal were read instead");
        set_aside(&bad, snapshots)?;
    }
    if let Some((file, offset)) = &recovered.cut {
        tracing::warn!(
            "the journal ended in a torn write, which was never acknowledged: {file} was truncated at offset {offset}"
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

/// The last commit at an orderly stop, if that is recorded.
fn read_clean_stop(root: &dyn Disk) -> Result<Option<Sequence>, RecoverError> {
    let record = CleanStop::read(root).map_err(RecoverError::CleanStop)?;
    if record == CleanStop::Corrupt {
        tracing::warn!(
            "the file clean-stop is corrupt: whether the journal ends where it did cannot be checked"
        );
    }
    Ok(record.sequence())
}

/// May these snapshots be passed over? Only what is damaged may, and only if an older one or the whole journal can stand
/// in for it. What a newer version wrote, or the system would not read now, is not damaged.
fn may_pass_over(bad: &[BadSnapshot], older_is_whole: bool, journal: &dyn Disk) -> Result<(), RecoverError> {
    let whole_journal = segment::list(journal)?.first() == Some(&Sequence(1));
    let covered = older_is_whole || (bad.len() == 1 && whole_journal);
    if bad.is_empty() || (covered && bad.iter().all(BadSnapshot::is_damage)) {
        return Ok(());
    }
    Err(RecoverError::Snapshots(bad.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

/// Is there anything but space and halves?
fn holds_anything(disk: &dyn Disk) -> io::Result<bool> {
    Ok(disk.list()?.iter().any(|name| name != segment::SPARE && name != snapshot::NEW))
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
            Err(failed(format!("offset {}: {}", bad.offset, bad.what).into()))
        }
    }
}
