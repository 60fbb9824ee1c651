//! An open, locked directory, which can be compared with what its path leads to later.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::Gone;
use crate::storage::journal::RealDisk;

/// A directory that is locked until this is dropped. The lock (flock) is on the directory itself, and so
/// cannot be lost by removing a lock file.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    file: File,
}

impl Drop for Directory {
    /// Unlocks it. Closing the descriptor would not do: a process that another thread starts has a copy of it
    /// until it executes its program, and the lock would last as long.
    fn drop(&mut self) {
        // It fails only if the descriptor is invalid, and then there is no lock either.
        let _ = self.file.unlock();
    }
}

/// Why a directory cannot be locked.
pub enum LockError {
    /// Another process has locked it.
    InUse,
    /// The error of the system.
    Io(io::Error),
}

impl Directory {
    /// Opens and locks the directory at `path`.
    pub fn lock(path: &Path) -> Result<Self, LockError> {
        let file = File::open(path).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), file }),
            Err(TryLockError::WouldBlock) => Err(LockError::InUse),
            Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
        }
    }

    /// Its files. The disk has a file descriptor of its own, so that it does not hold the lock after this is
    /// dropped.
    pub fn disk(&self) -> io::Result<RealDisk> {
        RealDisk::in_directory(&self.file)
    }

    /// Fails if its path does not lead to it any more, because it was renamed, removed or replaced.
    pub fn check_in_place(&self) -> Result<(), Gone> {
        let gone = |what| Gone { path: self.path.clone(), what };
        let opened = self.file.metadata().map_err(|error| gone(error.to_string()))?;
        let found = fs::metadata(&self.path).map_err(|error| gone(error.to_string()))?;
        if (found.dev(), found.ino()) == (opened.dev(), opened.ino()) {
            Ok(())
        } else {
            Err(gone("another directory has its name".to_owned()))
        }
    }

    /// Its permission bits, as in `chmod`.
    pub fn mode(&self) -> io::Result<u32> {
        Ok(self.file.metadata()?.mode() & 0o7777)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_descriptor_does_not_hold_the_lock_of_a_dropped_directory() {
        let directory = tempfile::tempdir().expect("a directory");
        let Ok(locked) = Directory::lock(directory.path()) else { panic!("nobody has locked it") };
        // As a process has that is being started.
        let copy = locked.file.try_clone().expect("a descriptor");
        assert!(matches!(Directory::lock(directory.path()), Err(LockError::InUse)));
        drop(locked);
        assert!(Directory::lock(directory.path()).is_ok());
        drop(copy);
    }
}
