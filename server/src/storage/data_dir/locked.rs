//! The locks of a data directory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::directory::{Directory, LockError};
use super::error::{DataDirError, Gone, failed};
use super::lock_file::{self, LockFile};
use crate::storage::disks::Disks;

/// The permission bits that let the group or others write.
const GROUP_AND_OTHERS_WRITE: u32 = 0o022;

/// The directories of a data directory, locked until this is dropped.
#[derive(Debug)]
pub(super) struct LockedDirectories {
    pub(super) path: PathBuf,
    root: Directory,
    journal: Directory,
    snapshots: Directory,
    lock_file: Mutex<LockFile>,
}

impl LockedDirectories {
    pub(super) fn lock(path: &Path) -> Result<Self, DataDirError> {
        let lock = |part: PathBuf| {
            Directory::lock(&part).map_err(|error| match error {
                LockError::InUse => in_use(path),
                LockError::Io(error) => failed("locking", &part)(error),
            })
        };
        let (root, journal) = (lock(path.to_owned())?, lock(path.join("journal"))?);
        let snapshots = lock(path.join("snapshots"))?;
        let lock_file = LockFile::write(path).map_err(failed("writing", &path.join(lock_file::NAME)))?;
        let lock_file = lock_file.ok_or_else(|| in_use(path))?.into();
        Ok(Self { path: path.to_owned(), root, journal, snapshots, lock_file })
    }

    pub(super) fn check_in_place(&self) -> Result<(), Gone> {
        self.root.check_in_place()?;
        self.journal.check_in_place()?;
        self.snapshots.check_in_place()
    }

    pub(super) fn disks(&self) -> io::Result<Disks> {
        let disk = |directory: &Directory| Ok::<_, io::Error>(Arc::new(directory.disk()?));
        Ok(Disks {
            root: disk(&self.root)?,
            journal: disk(&self.journal)?,
            snapshots: disk(&self.snapshots)?,
        })
    }

    pub(super) fn lock_file(&self) -> MutexGuard<'_, LockFile> {
        self.lock_file.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Writes the lock file again if it was removed, because people and scripts read the pid in it.
    pub(super) fn restore_lock_file(&self) {
        if self.lock_file().exists() {
            return;
        }
        let restored = LockFile::write(&self.path);
        match restored {
            Ok(Some(written)) => {
                *self.lock_file() = written;
                tracing::warn!(
                    "the file lock was removed from {}: it is written again. It only tells the server's \
                     pid; the directory stays locked without it",
                    self.path.display()
                );
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(
                    "the file lock is missing from {} and cannot be written: {error}",
                    self.path.display()
                );
            }
        }
    }

    pub(super) fn warn_if_others_may_write(&self) {
        if let Ok(mode) = self.root.mode()
            && mode & GROUP_AND_OTHERS_WRITE != 0
        {
            tracing::warn!(
                "others may write to the data directory {} (mode {mode:o}) and so change or remove what was \
                 booked: chmod 700 it",
                self.path.display()
            );
        }
    }
}

fn in_use(path: &Path) -> DataDirError {
    DataDirError::InUse { path: path.to_owned(), who: LockFile::pid(path) }
}
