//! The file `lock`: it tells people the pid of the server. What counts is the lock on the directory.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, OFlags};

use crate::storage::plain_file;

/// Its name in the data directory.
pub const NAME: &str = "lock";

/// The file, with our pid in it.
#[derive(Debug)]
pub struct LockFile {
    path: PathBuf,
    /// Version 0.1.0 locks this file and nothing else: it is locked here as well, so that the two keep each
    /// other out.
    file: File,
}

impl LockFile {
    /// Writes our pid into the file of `directory`; `None` if a server of version 0.1.0 has it.
    pub fn write(directory: &Path) -> io::Result<Option<Self>> {
        let path = directory.join(NAME);
        let file = plain_file::open_own(CWD, &path, OFlags::RDWR | OFlags::CREATE)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            locked => locked?,
        }
        file.set_len(0)?;
        writeln!(&file, "{}", std::process::id())?;
        Ok(Some(Self { path, file }))
    }

    /// Is it still there?
    pub fn is_there(&self) -> bool {
        !matches!(fs::symlink_metadata(&self.path), Err(e) if e.kind() == io::ErrorKind::NotFound)
    }

    /// Empties it: nobody has the directory any more.
    pub fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// The pid in the file of `directory`, as people are told it.
    pub fn pid(directory: &Path) -> String {
        let text = fs::read_to_string(directory.join(NAME)).unwrap_or_default();
        match text.trim().parse::<u32>() {
            Ok(pid) => format!("pid {pid}"),
            Err(_) => "its pid is not known: the file lock is missing or empty".to_owned(),
        }
    }
}
