//! `--restore`: a backup into an empty data directory, whole or not at all.
//!
//! The copy is read as a start reads it before it gets the name of a snapshot. Until a journal is begun
//! behind it, a file `snapshots/restoring` stands beside it: a crash may come between the two, and a snapshot
//! without a journal and without this file is a data directory that has lost its journal.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::codec::Sequence;
use crate::storage::journal::disk::{Disk, DiskFile};
use crate::storage::journal::segment;
use crate::storage::plain_file;
use crate::storage::replay::Replay;
use crate::storage::snapshot::read::{Snapshot, read_head};
use crate::storage::snapshot::{NEW, name};

/// Says that the snapshot beside it comes from a `--restore` whose journal may not have been begun.
const RESTORING: &str = "restoring";

/// Bytes that are copied at a time.
const PIECE: usize = 1 << 20;

/// Why a backup was not restored. The data directory is as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The data directory has data.
    #[error(
        "--restore begins an empty data directory, and there is data in this one: start without --restore to serve \
         what is there, or give another --data-dir to begin with {}", path.display()
    )]
    NotEmpty {
        /// The backup.
        path: PathBuf,
    },
    /// The backup cannot be used.
    #[error("--restore {}: {what}", path.display())]
    Unusable {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it, and where.
        what: String,
    },
    /// The data directory cannot be written.
    #[error("copying a backup into the data directory")]
    Io(#[from] io::Error),
}

/// Puts a backup into the place of a snapshot.
pub fn restore(
    path: &Path,
    journal: &dyn Disk,
    snapshots: &dyn Disk,
    state: &impl Replay,
) -> Result<(), RestoreError> {
    if holds_anything(journal)? || holds_anything(snapshots)? {
        return Err(RestoreError::NotEmpty { path: path.to_owned() });
    }
    let placed = copy(path, snapshots, state).and_then(|sequence| Ok(place(snapshots, sequence)?));
    placed.inspect_err(|_| {
        // What is left of a copy counts for nothing; its space is wanted.
        let _ = snapshots.remove(NEW);
    })
}

/// Is there a restored snapshot whose journal may not have been begun?
pub fn is_under_way(snapshots: &dyn Disk) -> io::Result<bool> {
    Ok(snapshots.list()?.iter().any(|name| name == RESTORING))
}

/// A journal was begun behind the restored snapshot.
pub fn finish(snapshots: &dyn Disk) -> io::Result<()> {
    snapshots.remove(RESTORING)?;
    snapshots.sync()
}

/// Is there anything but space and halves?
fn holds_anything(disk: &dyn Disk) -> io::Result<bool> {
    Ok(disk.list()?.iter().any(|name| ![segment::PREALLOCATED, NEW, RESTORING].contains(&name.as_str())))
}

/// Copies the file and reads the copy as a start does. Says the last commit that it holds.
fn copy(path: &Path, snapshots: &dyn Disk, state: &impl Replay) -> Result<Sequence, RestoreError> {
    let unusable = |what: &dyn Display| RestoreError::Unusable { path: path.into(), what: what.to_string() };
    let source: Box<dyn DiskFile> = Box::new(plain_file::open(path).map_err(|e| unusable(&e))?);
    read_head(&*source).map_err(|e| unusable(&format_args!("offset 0: {e}")))?;
    let target = snapshots.create(NEW)?;
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    loop {
        match source.read_at(&mut piece, at) {
            Ok(0) => break,
            Ok(n) => {
                target.write_all_at(&piece[..n], at)?;
                at += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(unusable(&format_args!("offset {at}: {e}"))),
        }
    }
    target.sync()?;
    let opened = Snapshot::open_file(snapshots, NEW);
    let read = opened.and_then(|snapshot| {
        snapshot.read(&mut |number, change| state.restore(Sequence(number), change))?;
        Ok(snapshot.sequence())
    });
    read.map_err(|bad| unusable(&format_args!("offset {}: {}", bad.offset, bad.kind)))
}

/// Gives the copy its name, behind the note that says where it comes from.
fn place(snapshots: &dyn Disk, sequence: Sequence) -> io::Result<()> {
    snapshots.create(RESTORING)?;
    snapshots.sync()?;
    snapshots.rename(NEW, &name(sequence))?;
    snapshots.sync()
}
