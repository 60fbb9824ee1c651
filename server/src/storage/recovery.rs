//! State from disk: the newest whole snapshot, then the journal behind it.

use std::io;
use std::path::Path;
use std::time::Instant;

use thiserror::Error;

use crate::codec::Sequence;
use crate::storage::data_dir::clean_stop::CleanStop;
use crate::storage::disks::Disks;
use crate::storage::journal::{self, Base, Disk, Durability, Journal, Options, segment};
use crate::storage::replay::Replay;
use crate::storage::restore::{self, RestoreError};
use crate::storage::snapshot;
use crate::storage::snapshot::error::BadSnapshot;
use crate::storage::snapshot::snapshotter::{Usable, find_usable, quarantine};

/// Why the state cannot be recovered. Nothing was changed.
#[derive(Debug, Error)]
pub enum RecoverError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
    /// The system said no.
    #[error("reading the snapshots")]
    Io(#[from] io::Error),
    /// The clean-shutdown record.
    #[error("the file clean-stop: {0}")]
    CleanStop(io::Error),
    /// Snapshots cannot be read, and nothing can stand in for them.
    #[error("{}", unusable(.0))]
    Snapshots(Vec<BadSnapshot>),
    /// A snapshot that was whole a moment ago.
    #[error(transparent)]
    Snapshot(#[from] BadSnapshot),
    /// There were commits, and there is no journal.
    #[error("{}", without_journal(*.usable, *.last))]
    NoJournal {
        /// The newest whole one.
        usable: Option<Sequence>,
        /// The last commit that was there, by a snapshot or the clean-shutdown record.
        last: Sequence,
    },
    /// `--restore`.
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

/// What is wrong with each, and what to do about corruption. Where it is something else, the message says
/// what.
fn unusable(bad: &[BadSnapshot]) -> String {
    let each = bad.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if !bad.iter().all(BadSnapshot::is_corruption) {
        return format!("{each}. Nothing was changed");
    }
    format!(
        "{each}. Nothing was changed. Put whole copies of these files back; should there be none, keep a copy of the \
         data directory, and give the last backup to --restore with another --data-dir"
    )
}

/// What is missing, and what is left.
fn without_journal(usable: Option<Sequence>, last: Sequence) -> String {
    let missing = format!(
        "the journal is missing: there were commits up to sequence {}, and journal/ has no segment. Nothing was changed. \
         Put the files of journal/ back",
        last.0
    );
    match usable {
        None => format!(
            "{missing}; should they be lost, give the last backup to --restore with another --data-dir"
        ),
        Some(sequence) => format!(
            "{missing}; should they be lost, snapshots/{} is a backup of sequences 1 to {}: give it to --restore with \
             another --data-dir",
            snapshot::name(sequence),
            sequence.0
        ),
    }
}

/// What recovery is told.
#[derive(Debug, Clone, Copy)]
pub struct RecoveryOptions<'a> {
    /// A backup to begin an empty data directory with.
    pub restore: Option<&'a Path>,
    /// When a change counts as durable.
    pub durability: Durability,
    /// Bytes of a segment.
    pub segment_size: u64,
}

/// What was recovered.
#[derive(Debug)]
pub struct Recovery<S> {
    /// The state.
    pub state: S,
    /// The journal, open for more.
    pub journal: Journal,
    /// The newest snapshot, or zero.
    pub snapshot: Sequence,
}

/// Recovers what is on these disks into a new state; `fresh` when nothing was ever written there.
pub fn recover<S: Replay>(
    disks: &Disks,
    options: &RecoveryOptions<'_>,
    fresh: bool,
    new_state: impl Fn() -> S,
) -> Result<Recovery<S>, RecoverError> {
    let started = Instant::now();
    let (journal, snapshots) = (&*disks.journal, &*disks.snapshots);
    if let Some(path) = options.restore {
        if !fresh {
            return Err(RestoreError::NotEmpty { path: path.to_owned() }.into());
        }
        restore::restore(path, journal, snapshots, &new_state())?;
    }
    let restoring = restore::is_under_way(snapshots)?;
    let Usable { snapshot: usable, bad } = find_usable(snapshots)?;
    let bad = may_pass_over(bad, usable.is_some(), journal)?;
    let (known_durable, clean_stop) = (snapshot::durable_through(snapshots)?, read_clean_stop(&*disks.root)?);
    let last = clean_stop.unwrap_or_default().max(known_durable);
    if (usable.is_some() || last > Sequence(0)) && segment::list(journal)?.is_empty() && !(fresh && restoring)
    {
        return Err(RecoverError::NoJournal { usable: usable.map(|usable| usable.sequence()), last });
    }
    let state = new_state();
    let (mut sequence, mut newest_snapshot) = (Sequence(0), 0);
    if let Some(snapshot) = usable {
        newest_snapshot = snapshot.bytes()?;
        snapshot.read(&mut |number, change| state.restore(Sequence(number), change))?;
        sequence = snapshot.sequence();
    }
    let journal_options = Options {
        durability: options.durability,
        segment_size: options.segment_size,
        base: Base { snapshot: sequence, known_durable, clean_stop, fresh },
        newest_snapshot: Some(newest_snapshot),
    };
    let opening = Journal::read(disks.journal.clone(), journal_options, &mut |commit| state.replay(commit))?;
    CleanStop::remove(&*disks.root).map_err(RecoverError::CleanStop)?;
    let (journal, recovered) = opening.open()?;
    if restoring {
        restore::finish(snapshots)?;
    }
    for bad in bad {
        tracing::warn!("{bad}; it is quarantined, and the one before it and the journal were read instead");
        quarantine(&bad, snapshots)?;
        snapshots.sync()?;
    }
    if let Some((file, offset)) = &recovered.torn_tail {
        tracing::warn!(
            "the journal ended in a torn write, which was never acknowledged: {file} was truncated at offset {offset}"
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
    Ok(Recovery { state, journal, snapshot: sequence })
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

/// May these snapshots be passed over? Only what is corrupt may, and only if an older one or the whole
/// journal can stand in for it. What a newer version wrote, or the system would not read now, is not corrupt.
fn may_pass_over(
    bad: Vec<BadSnapshot>,
    older_is_whole: bool,
    journal: &dyn Disk,
) -> Result<Vec<BadSnapshot>, RecoverError> {
    let whole_journal = segment::list(journal)?.first() == Some(&Sequence(1));
    let covered = older_is_whole || (bad.len() == 1 && whole_journal);
    if bad.is_empty() || (covered && bad.iter().all(BadSnapshot::is_corruption)) {
        return Ok(bad);
    }
    Err(RecoverError::Snapshots(bad))
}
