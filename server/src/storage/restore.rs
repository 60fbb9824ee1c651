//! `--restore`: copies a backup into an empty data directory, atomically.
//!
//! The copy is verified as at a start before it gets the name of a snapshot. Until the journal is created,
//! the file `snapshots/restoring` marks the snapshot as restored. A crash may come between the two, and
//! without this file a snapshot without a journal means that the journal was lost.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::codec::Sequence;
use crate::storage::journal::disk::{Disk, DiskFile};
use crate::storage::journal::segment;
use crate::storage::plain_file;
use crate::storage::replay::Replay;
use crate::storage::snapshot::read::{Snapshot, read_header};
use crate::storage::snapshot::{NEW, name};

/// The file that marks the snapshot beside it as restored, as long as the journal may not have been created.
const RESTORING: &str = "restoring";

/// The number of bytes that are copied at a time.
const COPY_BYTES: usize = 1 << 20;

/// Why a backup was not restored. The data directory is still empty, or unchanged if it was not.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The data directory is not empty.
    #[error(
        "--restore begins an empty data directory, and there is data in this one: start without --restore to \
         serve what is there, or give another --data-dir to begin with {}", path.display()
    )]
    NotEmpty {
        /// The backup.
        path: PathBuf,
    },
    /// The backup cannot be read, or is corrupt.
    #[error("--restore {}: {what}", path.display())]
    Unusable {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it, and at which offset.
        what: String,
    },
    /// The data directory cannot be read or written.
    #[error("copying a backup into the data directory")]
    Io(#[from] io::Error),
}

/// Copies the backup at `path` into the directory of the snapshots, as a snapshot. `state` is a new state,
/// into which the copy is read to verify it.
///
/// # Errors
///
/// [`RestoreError`]; nothing was restored.
pub fn restore(
    path: &Path,
    journal: &dyn Disk,
    snapshots: &dyn Disk,
    state: &mut impl Replay,
) -> Result<(), RestoreError> {
    if has_data(journal)? || has_data(snapshots)? {
        return Err(RestoreError::NotEmpty { path: path.to_owned() });
    }
    let placed = copy(path, snapshots, state).and_then(|sequence| Ok(place(snapshots, sequence)?));
    placed.inspect_err(|_| {
        // An incomplete copy is ignored, and takes up space.
        let _ = snapshots.remove(NEW);
    })
}

/// Whether there is a restored snapshot whose journal may not have been created.
pub fn is_under_way(snapshots: &dyn Disk) -> io::Result<bool> {
    Ok(snapshots.list()?.iter().any(|name| name == RESTORING))
}

/// Records that the journal of the restored snapshot was created.
pub fn finish(snapshots: &dyn Disk) -> io::Result<()> {
    snapshots.remove(RESTORING)?;
    snapshots.sync()
}

/// Whether the directory has other files than preallocated and incomplete ones.
fn has_data(disk: &dyn Disk) -> io::Result<bool> {
    Ok(disk.list()?.iter().any(|name| ![segment::PREALLOCATED, NEW, RESTORING].contains(&name.as_str())))
}

/// Copies the file and verifies the copy. Returns the sequence number of the last commit that it holds.
fn copy(path: &Path, snapshots: &dyn Disk, state: &mut impl Replay) -> Result<Sequence, RestoreError> {
    let unusable = |what: &dyn Display| RestoreError::Unusable { path: path.into(), what: what.to_string() };
    let source: Box<dyn DiskFile> = Box::new(plain_file::open(path).map_err(|e| unusable(&e))?);
    read_header(&*source).map_err(|e| unusable(&format_args!("offset 0: {e}")))?;
    let target = snapshots.create(NEW)?;
    let mut buffer = vec![0; COPY_BYTES];
    let mut offset = 0;
    loop {
        match source.read_at(&mut buffer, offset) {
            Ok(0) => break,
            Ok(n) => {
                target.write_all_at(&buffer[..n], offset)?;
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(unusable(&format_args!("offset {offset}: {e}"))),
        }
    }
    target.sync()?;
    let opened = Snapshot::open_file(snapshots, NEW);
    let read = opened.and_then(|snapshot| {
        snapshot.read(&mut |number, change| state.restore(Sequence(number), change))?;
        Ok(snapshot.sequence())
    });
    read.map_err(|error| unusable(&format_args!("offset {}: {}", error.offset, error.kind)))
}

/// Gives the copy the name of a snapshot, after the file that marks it as restored.
fn place(snapshots: &dyn Disk, sequence: Sequence) -> io::Result<()> {
    snapshots.create(RESTORING)?;
    snapshots.sync()?;
    snapshots.rename(NEW, &name(sequence))?;
    snapshots.sync()
}
