//! An open directory that is locked: it can be told from whatever else its path leads to later.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::DataDirError;
use crate::storage::journal::RealDisk;

/// A directory that is ours until this is dropped. The lock (flock) is on the directory itself: it cannot be
/// taken away without taking the directory.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    file: File,
}

/// How taking a directory failed.
pub enum Taking {
    /// Another process has it.
    InUse,
    /// The system's error.
    Failed(io::Error),
}

impl Directory {
    /// Opens and locks the directory at `path`.
    pub fn take(path: &Path) -> Result<Self, Taking> {
        let file = File::open(path).map_err(Taking::Failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), file }),
            Err(TryLockError::WouldBlock) => Err(Taking::InUse),
            Err(TryLockError::Error(error)) => Err(Taking::Failed(error)),
        }
    }

    /// The files in it, by a descriptor of their own: who still has the disk when this is dropped does not
    /// keep the lock.
    pub fn disk(&self) -> io::Result<RealDisk> {
        RealDisk::in_directory(&self.file)
    }

    /// Does its path still lead to it? If not, what is written there is not what was opened here.
    pub fn check_in_place(&self) -> Result<(), DataDirError> {
        let gone = |what| DataDirError::Gone { path: self.path.clone(), what };
        let opened = self.file.metadata().map_err(|error| gone(error.to_string()))?;
        let found = fs::metadata(&self.path).map_err(|error| gone(error.to_string()))?;
        if (found.dev(), found.ino()) == (opened.dev(), opened.ino()) {
            Ok(())
        } else {
            Err(gone("another directory has its name".to_owned()))
        }
    }

    /// The permissions of the directory, as in `chmod`.
    pub fn mode(&self) -> io::Result<u32> {
        Ok(self.file.metadata()?.mode() & 0o7777)
    }
}
