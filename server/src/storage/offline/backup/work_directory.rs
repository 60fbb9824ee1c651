//! The directory in which a backup is made, beside the place where it goes: `.bookline-backup-PID`.
//!
//! Whoever works in one holds its lock (flock), which dies with the process. So a directory that can be
//! locked was left by a process that is dead, whoever has its pid now, and is removed by the next backup.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::target::identity;
use crate::storage::snapshot;

const PREFIX: &str = ".bookline-backup-";

/// A directory that is removed in the end, with what is in it.
pub(super) struct WorkDirectory {
    path: PathBuf,
    /// Locked for as long as it is open.
    _lock: File,
}

impl WorkDirectory {
    /// Makes one in `parent`, for its owner only, and removes those that dead processes left there.
    pub(super) fn make(parent: PathBuf) -> anyhow::Result<Self> {
        sweep(&parent);
        let pid = std::process::id();
        // In another container a process may have the same pid, and another sweep may come before the lock.
        for n in 0.. {
            let name = if n == 0 { format!("{PREFIX}{pid}") } else { format!("{PREFIX}{pid}-{n}") };
            let path = parent.join(name);
            match begin(&path) {
                Ok(Some(lock)) => return Ok(Self { path, _lock: lock }),
                Ok(None) => {}
                Err(e) => return Err(e).with_context(|| format!("making {}", path.display())),
            }
        }
        unreachable!("one of all names is free")
    }

    pub(super) fn path(&self) -> &Path {
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

/// Makes the directory and takes its lock; nothing if somebody else has it.
fn begin(path: &Path) -> io::Result<Option<File>> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        made => made?,
    }
    let lock = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    // Where directories cannot be locked, nobody takes this one for left over.
    if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
        return Ok(None);
    }
    let there = fs::symlink_metadata(path).ok();
    Ok(there
        .is_some_and(|there| lock.metadata().is_ok_and(|own| identity(&own) == identity(&there)))
        .then_some(lock))
}

/// Removes what dead processes left in `parent`. What cannot be removed is no concern of this backup.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).unwrap_or_default();
        let ours = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let left = File::open(entry.path()).is_ok_and(|directory| {
            let dead = directory.try_lock().is_ok();
            dead && remove(&entry.path()).is_ok()
        });
        if left {
            crate::storage::offline::warn(&format!(
                "{} of an interrupted backup is removed",
                entry.path().display()
            ));
        }
    }
}

/// Removes the directory and what a backup leaves in it, and nothing else.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name == snapshot::NEW || snapshot::parse_name(name).is_some()) {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(path)
}
