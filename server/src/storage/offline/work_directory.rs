//! The work directory of a command: `.bookline-backup-PID`. That of a backup is beside its target.
//!
//! The process holds a lock (flock) on it, which ends with the process. So a work directory that can be
//! locked was left by a process that has ended, even if another process has its pid now. The next command in
//! the same place removes it.

use std::fs::{self, DirBuilder, File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::storage::snapshot;

const PREFIX: &str = ".bookline-backup-";

/// The directory in a work directory that is used as a data directory.
pub const DATA: &str = "data";

/// The device and inode, which are equal for two names of the same file.
pub(in crate::storage::offline) fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// A work directory, which is removed when this is dropped.
#[derive(Debug)]
pub struct WorkDirectory {
    path: PathBuf,
    /// The open directory, which holds the lock.
    _lock: File,
}

impl WorkDirectory {
    /// Creates a work directory in `parent`, for its owner only, and removes those of processes that have
    /// ended.
    pub fn create(parent: PathBuf) -> anyhow::Result<Self> {
        remove_abandoned(&parent);
        let pid = std::process::id();
        // A name may be taken by a process with the same pid in another container. And another command may
        // remove the new directory before it is locked.
        for n in 0.. {
            let name = if n == 0 { format!("{PREFIX}{pid}") } else { format!("{PREFIX}{pid}-{n}") };
            let path = parent.join(name);
            match create_and_lock(&path) {
                Ok(Some(lock)) => return Ok(Self { path, _lock: lock }),
                Ok(None) => {}
                Err(e) => return Err(e).with_context(|| format!("making {}", path.display())),
            }
        }
        unreachable!("one of all names is free")
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        if let Err(e) = remove(&self.path) {
            crate::storage::offline::warn(&format!("{} is left there: {e}", self.path.display()));
        }
    }
}

/// Creates the directory and locks it. `None` if it exists, or if another process has locked or removed it.
fn create_and_lock(path: &Path) -> io::Result<Option<File>> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        made => made?,
    }
    let lock = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    // On a file system without locks, no other command can lock this directory and remove it either.
    if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
        return Ok(None);
    }
    let found = fs::symlink_metadata(path).ok();
    let is_same =
        found.is_some_and(|found| lock.metadata().is_ok_and(|own| identity(&own) == identity(&found)));
    Ok(is_same.then_some(lock))
}

/// Removes the work directories in `parent` of processes that have ended. Errors are ignored.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).unwrap_or_default();
        let ours = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let removed = File::open(entry.path()).is_ok_and(|directory| {
            let is_abandoned = directory.try_lock().is_ok();
            is_abandoned && remove(&entry.path()).is_ok()
        });
        if removed {
            crate::storage::offline::warn(&format!(
                "{} of an interrupted command is removed",
                entry.path().display()
            ));
        }
    }
}

/// Removes the directory and what a command has put into it. Fails if it contains other files.
pub fn remove(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name == snapshot::NEW || snapshot::parse_name(name).is_some()) {
            fs::remove_file(entry.path())?;
        } else if name == DATA && entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    fs::remove_dir(path)
}
