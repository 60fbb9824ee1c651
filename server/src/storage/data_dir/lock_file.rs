//! The file `lock`, which contains the pid of the server. The directory itself is what is locked.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, OFlags};

use crate::storage::plain_file;

/// Its name in the data directory.
pub const NAME: &str = "lock";

/// The file with the pid of this process.
#[derive(Debug)]
pub struct LockFile {
    path: PathBuf,
    /// Locked as well, because version 0.1.0 locks only this file. So the two versions exclude each other.
    file: File,
}

impl LockFile {
    /// Writes the pid of this process into the file of `directory`. `None` if a server of version 0.1.0 has
    /// locked it.
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

    /// Whether the file still exists.
    pub fn exists(&self) -> bool {
        !matches!(fs::symlink_metadata(&self.path), Err(e) if e.kind() == io::ErrorKind::NotFound)
    }

    /// Empties the file, at the end of the server.
    pub fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// The pid in the file of `directory`, as a phrase for a message.
    pub fn pid(directory: &Path) -> String {
        let text = fs::read_to_string(directory.join(NAME)).unwrap_or_default();
        match text.trim().parse::<u32>() {
            Ok(pid) => format!("pid {pid}"),
            Err(_) => "its pid is not known: the file lock is missing or empty".to_owned(),
        }
    }
}
