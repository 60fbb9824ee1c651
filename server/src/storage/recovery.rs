//! Recovery of the state from disk: the newest valid snapshot, then the journal since.

use std::io;
use std::path::Path;
use std::time::Instant;

use thiserror::Error;

use crate::codec::Sequence;
use crate::storage::data_dir::clean_stop::CleanStop;
use crate::storage::data_dir::cluster_file;
use crate::storage::disks::Disks;
use crate::storage::journal::{self, Base, Disk, Durability, Journal, Options, segment};
use crate::storage::recent::RECENT_BYTES_MAX;
use crate::storage::replay::Replay;
use crate::storage::restore::{self, RestoreError};
use crate::storage::snapshot;
use crate::storage::snapshot::error::SnapshotError;
use crate::storage::snapshot::snapshotter::{NewestValid, find_newest_valid, quarantine};

/// Why the state cannot be recovered. Nothing was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// The journal cannot be read or opened.
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
    /// The directory of the snapshots cannot be read or written.
    #[error("reading the snapshots")]
    Io(#[from] io::Error),
    /// The data directory is that of a member of a cluster.
    #[error(
        "the data directory is that of a member of a cluster, whose data is in the log of the cluster: give another \
         --data-dir, or --cluster as well"
    )]
    OfMember,
    /// The clean-shutdown record cannot be read or removed.
    #[error("the file clean-stop")]
    CleanStop(#[source] io::Error),
    /// Snapshots cannot be read, and nothing replaces them.
    #[error("{}", unusable(.0))]
    Snapshots(Vec<SnapshotError>),
    /// A snapshot that was just verified cannot be read any more.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// There were commits, and there is no journal.
    #[error("{}", without_journal(*.snapshot, *.last))]
    NoJournal {
        /// The newest valid snapshot.
        snapshot: Option<Sequence>,
        /// The last commit that existed according to the snapshots and the clean-shutdown record.
        last: Sequence,
    },
    /// The backup cannot be restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

/// The message for snapshots that cannot be read, with advice if all of them are corrupt. Other errors
/// contain their own advice.
fn unusable(errors: &[SnapshotError]) -> String {
    let each = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if !errors.iter().all(SnapshotError::is_corruption) {
        return format!("{each}. Nothing was changed");
    }
    format!(
        "{each}. Nothing was changed. Put undamaged copies of these files back; should there be none, keep \
         a copy of the data directory, and give the last backup to --restore with another --data-dir"
    )
}

fn without_journal(snapshot: Option<Sequence>, last: Sequence) -> String {
    let missing = format!(
        "the journal is missing: there were commits up to sequence {}, and journal/ has no segment. Nothing \
         was changed. Put the files of journal/ back",
        last.0
    );
    match snapshot {
        None => format!(
            "{missing}; should they be lost, give the last backup to --restore with another --data-dir"
        ),
        Some(sequence) => format!(
            "{missing}; should they be lost, snapshots/{} is a backup of sequences 1 to {}: give it to \
             --restore with another --data-dir",
            snapshot::name(sequence),
            sequence.0
        ),
    }
}

/// The configuration of recovery.
#[derive(Debug, Clone, Copy)]
pub struct RecoveryOptions<'a> {
    /// The backup to restore into an empty data directory.
    pub restore: Option<&'a Path>,
    /// When a change may be acknowledged.
    pub durability: Durability,
    /// The size of a segment, in bytes.
    pub segment_size: u64,
    /// The most bytes of segments that are kept behind the older snapshot.
    pub keep_log: u64,
}

/// The result of recovery.
#[derive(Debug)]
pub struct Recovery<S> {
    /// The state.
    pub state: S,
    /// The journal, open for appending.
    pub journal: Journal,
    /// The sequence number of the newest snapshot, or zero.
    pub snapshot: Sequence,
    /// [`journal::Recovered::last_commit_micros`].
    pub last_commit_micros: Option<i64>,
}

/// Recovers the state on these disks into a new one. `fresh` says that no journal was ever created there.
///
/// # Errors
///
/// [`RecoverError`]; nothing was changed, or a restore was not completed and can be repeated.
pub fn recover<S: Replay>(
    disks: &Disks,
    options: &RecoveryOptions<'_>,
    fresh: bool,
    new_state: impl Fn() -> S,
) -> Result<Recovery<S>, RecoverError> {
    let started = Instant::now();
    let (journal, snapshots) = (&*disks.journal, &*disks.snapshots);
    if !matches!(cluster_file::read(&*disks.root), Ok(None)) {
        return Err(RecoverError::OfMember);
    }
    if let Some(path) = options.restore {
        if !fresh {
            return Err(RestoreError::NotEmpty { path: path.to_owned() }.into());
        }
        restore::restore(path, journal, snapshots, &mut new_state())?;
    }
    let restoring = restore::is_under_way(snapshots)?;
    let NewestValid { snapshot: valid, errors } = find_newest_valid(snapshots)?;
    let corrupt = check_replaceable(errors, valid.is_some(), journal)?;
    let (known_durable, clean_stop) = (snapshot::durable_through(snapshots)?, read_clean_stop(&*disks.root)?);
    let last = clean_stop.unwrap_or_default().max(known_durable);
    let had_commits = valid.is_some() || last > Sequence(0);
    if had_commits && segment::list(journal)?.is_empty() && !(fresh && restoring) {
        return Err(RecoverError::NoJournal { snapshot: valid.map(|valid| valid.sequence()), last });
    }
    let mut state = new_state();
    let (mut sequence, mut newest_snapshot) = (Sequence(0), 0);
    if let Some(snapshot) = valid {
        newest_snapshot = snapshot.bytes()?;
        snapshot.read(&mut |number, change| state.restore(Sequence(number), change))?;
        sequence = snapshot.sequence();
    }
    let journal_options = Options {
        durability: options.durability,
        segment_size: options.segment_size,
        keep_bytes: options.keep_log,
        base: Base { snapshot: sequence, known_durable, clean_stop, fresh },
        newest_snapshot: Some(newest_snapshot),
        recent_bytes: RECENT_BYTES_MAX,
    };
    let opening = Journal::read(disks.journal.clone(), journal_options, &mut |commit| state.replay(commit))?;
    CleanStop::remove(&*disks.root).map_err(RecoverError::CleanStop)?;
    let (journal, recovered) = opening.open()?;
    if restoring {
        restore::finish(snapshots)?;
    }
    for error in corrupt {
        tracing::warn!("{error}; it is quarantined, and the one before it and the journal were read instead");
        quarantine(&error, snapshots)?;
        snapshots.sync()?;
    }
    if let Some((file, offset)) = &recovered.torn_tail {
        tracing::warn!(
            "the journal ended in a torn write, which was never acknowledged: {file} was truncated at offset \
             {offset}"
        );
    }
    tracing::info!(
        snapshot = sequence.0,
        commits = recovered.commits,
        changes = recovered.changes,
        segments = recovered.segments,
        sequence = recovered.last.0,
        milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "data read"
    );
    let last_commit_micros = recovered.last_commit_micros;
    Ok(Recovery { state, journal, snapshot: sequence, last_commit_micros })
}

/// The last commit at a graceful shutdown, if there is a valid record.
fn read_clean_stop(root: &dyn Disk) -> Result<Option<Sequence>, RecoverError> {
    let record = CleanStop::read(root).map_err(RecoverError::CleanStop)?;
    if record == CleanStop::Corrupt {
        tracing::warn!(
            "the file clean-stop is corrupt: whether the journal ends where it did cannot be checked"
        );
    }
    Ok(record.sequence())
}

/// Checks that recovery can do without these snapshots: all of them are corrupt, and an older one or the
/// complete journal replaces them. A snapshot that a newer version wrote, or that the system cannot read now,
/// is not corrupt.
fn check_replaceable(
    errors: Vec<SnapshotError>,
    has_older: bool,
    journal: &dyn Disk,
) -> Result<Vec<SnapshotError>, RecoverError> {
    let complete_journal = segment::list(journal)?.first() == Some(&Sequence(1));
    let replaced = has_older || (errors.len() == 1 && complete_journal);
    if errors.is_empty() || (replaced && errors.iter().all(SnapshotError::is_corruption)) {
        return Ok(errors);
    }
    Err(RecoverError::Snapshots(errors))
}
