//! The directory that holds everything, and the lock that says whose it is.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Holds the pid of the server that has the lock, for people; only the lock itself (flock) counts.
const LOCK: &str = "lock";

/// The zone in which the calendar's hours were meant. Written after the journal was begun: where it is, a journal was.
const ZONE: &str = "time-zone";

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// Another server has it.
    #[error(
        "data directory {} is in use by another booklined (pid {pid}): stop that one, or give another --data-dir",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Who has it.
        pid: String,
    },
    /// The system said no.
    #[error("{doing} {}: {error}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Locked for as long as it is open.
    _lock: File,
}

impl DataDir {
    /// Takes the directory, making it if it is not there, for its owner only.
    pub fn open(path: &Path) -> Result<DataDir, DataDirError> {
        let failed = |doing, path: &Path| {
            let path = path.to_owned();
            move |error| DataDirError::Io { doing, path, error }
        };
        for part in ["journal", "snapshots"] {
            let part = path.join(part);
            make_directory(&part).map_err(failed("making the data directory", &part))?;
        }
        let lock = take_lock(path)?;
        sync_directory(path).map_err(failed("syncing the data directory", path))?;
        Ok(DataDir { path: path.to_owned(), _lock: lock })
    }

    /// Where the snapshots are.
    pub fn snapshots(&self) -> PathBuf {
        self.path.join("snapshots")
    }

    /// Has no journal been begun here yet?
    pub fn is_fresh(&self) -> bool {
        !self.path.join(ZONE).exists()
    }

    /// Takes note of the zone in which hours are meant. They are civil labels: to read them in another zone is legal
    /// and surprising, so it is said.
    pub fn keep_zone(&self, zone: &str) -> Result<(), DataDirError> {
        let file = self.path.join(ZONE);
        keep_zone(&self.path, &file, zone).map_err(|error| DataDirError::Io {
            doing: "recording the time zone in",
            path: file,
            error,
        })
    }

    /// Where the journal is.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }
}

/// Makes a directory for its owner only, and those above it, and makes their names durable.
fn make_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_directory(parent)?;
    match DirBuilder::new().mode(0o700).create(path) {
        // Another server begins here as well; the lock decides which.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    sync_directory(parent)
}

fn take_lock(directory: &Path) -> Result<File, DataDirError> {
    let path = directory.join(LOCK);
    let io = |doing| {
        let path = path.clone();
        move |error| DataDirError::Io { doing, path, error }
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(&path).map_err(io("opening the lock file"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).map_err(io("reading the lock file"))?;
            return Err(DataDirError::InUse { path: directory.to_owned(), pid: pid.trim().to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(io("locking")(error)),
    }
    file.set_len(0).map_err(io("writing the lock file"))?;
    writeln!(file, "{}", std::process::id()).map_err(io("writing the lock file"))?;
    Ok(file)
}

fn keep_zone(directory: &Path, file: &Path, zone: &str) -> io::Result<()> {
    match fs::read_to_string(file) {
        Ok(before) if before.trim() == zone => return Ok(()),
        Ok(before) => tracing::warn!(
            "calendar hours were kept in time zone {} so far and are read as {zone} from now on",
            before.trim()
        ),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let fresh = directory.join("time-zone.new");
    let mut options = OpenOptions::new();
    let mut new = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    writeln!(new, "{zone}")?;
    new.sync_all()?;
    fs::rename(&fresh, file)?;
    sync_directory(directory)
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
