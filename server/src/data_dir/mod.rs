//! The directory that holds everything: whose it is, and what stands in it beside journal and snapshots.
//!
//! | name | what it is |
//! |---|---|
//! | `journal/`, `snapshots/` | the state ([`crate::journal`], [`crate::snapshot`]) |
//! | `clean-stop` | what was durable at an orderly stop ([`clean_stop`]) |
//! | `time-zone` | the zone in which hours are meant |
//! | `lock` | the pid of the server, for people ([`lock_file`]) |

pub mod clean_stop;
mod directory;
mod lock_file;
mod watch;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use thiserror::Error;

use crate::journal::{Disk, Sequence};
use crate::recover::Disks;
use clean_stop::CleanStop;
use directory::{Directory, Taking};
use lock_file::LockFile;
use watch::Watch;

/// The zone in which the calendar's hours were meant. Written after the journal was begun: where it is, a journal was.
const ZONE: &str = "time-zone";

/// Permissions that let others than the owner write.
const OTHERS_WRITE: u32 = 0o022;

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// Another server has it.
    #[error(
        "data directory {} is in use by another booklined ({who}): stop that one, or give another --data-dir",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Who has it.
        who: String,
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
    /// A part of it is a link to somewhere else.
    #[error(
        "{} is a symbolic link, and links inside a data directory are not followed: put there what it leads to, or \
         mount it (mount --bind)",
        path.display()
    )]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// It was taken away while it was used.
    #[error(
        "the data directory is not the one that was opened any more: {}: {what}. It was removed, renamed or replaced \
         while the server ran. Put the directory with the data back, then start the server again",
        path.display()
    )]
    Gone {
        /// The directory, or the part of it.
        path: PathBuf,
        /// What is there instead.
        what: String,
    },
}

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    held: Arc<Held>,
    disks: Disks,
    watch: Watch,
}

/// What is locked for as long as it is open.
#[derive(Debug)]
struct Held {
    path: PathBuf,
    root: Directory,
    journal: Directory,
    snapshots: Directory,
    lock_file: Mutex<LockFile>,
}

impl DataDir {
    /// Takes the directory, making it if it is not there, for its owner only.
    pub fn open(path: &Path) -> Result<DataDir, DataDirError> {
        for part in ["journal", "snapshots"] {
            let part = path.join(part);
            make_directory(&part).map_err(failed("making the data directory", &part))?;
            if fs::symlink_metadata(&part).is_ok_and(|found| found.is_symlink()) {
                return Err(DataDirError::Link { path: part });
            }
        }
        let held = Arc::new(Held::take(path)?);
        let disks = held.disks().map_err(failed("opening the parts of", path))?;
        sync_directory(path).map_err(failed("syncing the data directory", path))?;
        held.warn_of_others();
        let watch = Watch::start(held.clone()).map_err(failed("starting the thread that watches", path))?;
        Ok(DataDir { held, disks, watch })
    }

    /// What is in it.
    pub fn disks(&self) -> Disks {
        self.disks.clone()
    }

    /// Has no journal been begun here yet?
    pub fn is_fresh(&self) -> bool {
        !self.held.path.join(ZONE).exists()
    }

    /// Takes note of the zone in which hours are meant. They are civil labels: to read them in another zone is legal
    /// and surprising, so it is said.
    pub fn keep_zone(&self, zone: &str) -> Result<(), DataDirError> {
        let kept = keep_zone(&*self.disks.root, zone);
        kept.map_err(failed("recording the time zone in", &self.held.path.join(ZONE)))
    }

    /// Ready when the directory is no longer the one that was opened.
    pub async fn gone(&self) -> Arc<DataDirError> {
        self.watch.gone().await
    }

    /// Is it still the one that was opened?
    pub fn check_in_place(&self) -> Result<(), DataDirError> {
        self.held.check_in_place()
    }

    /// Records an orderly stop: everything up to `last` is durable, and nothing is written any more.
    pub fn record_stop(&self, last: Sequence) -> Result<(), DataDirError> {
        self.check_in_place()?;
        let path = &self.held.path;
        self.held.lock_file().clear().map_err(failed("emptying the lock file in", path))?;
        CleanStop::write(&*self.disks.root, last).map_err(failed("recording the stop in", path))
    }
}

impl Held {
    fn take(path: &Path) -> Result<Held, DataDirError> {
        let take = |part: PathBuf| {
            Directory::take(&part).map_err(|taking| match taking {
                Taking::InUse => in_use(path),
                Taking::Failed(error) => failed("locking", &part)(error),
            })
        };
        let (root, journal) = (take(path.to_owned())?, take(path.join("journal"))?);
        let snapshots = take(path.join("snapshots"))?;
        let lock_file = LockFile::write(path).map_err(failed("writing", &path.join(lock_file::NAME)))?;
        let lock_file = lock_file.ok_or_else(|| in_use(path))?.into();
        Ok(Held { path: path.to_owned(), root, journal, snapshots, lock_file })
    }

    fn check_in_place(&self) -> Result<(), DataDirError> {
        self.root.check_in_place()?;
        self.journal.check_in_place()?;
        self.snapshots.check_in_place()
    }

    fn disks(&self) -> io::Result<Disks> {
        let disk = |directory: &Directory| Ok::<_, io::Error>(Arc::new(directory.disk()?));
        Ok(Disks {
            root: disk(&self.root)?,
            journal: disk(&self.journal)?,
            snapshots: disk(&self.snapshots)?,
        })
    }

    fn lock_file(&self) -> std::sync::MutexGuard<'_, LockFile> {
        self.lock_file.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// People look into the lock file: it is written again if somebody removed it.
    fn restore_lock_file(&self) {
        if self.lock_file().is_there() {
            return;
        }
        let restored = LockFile::write(&self.path);
        match restored {
            Ok(Some(written)) => {
                *self.lock_file() = written;
                tracing::warn!(
                    "the file lock was removed from {}: it is written again. It only tells the server's pid; the \
                     directory stays locked without it",
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

    fn warn_of_others(&self) {
        if let Ok(mode) = self.root.mode()
            && mode & OTHERS_WRITE != 0
        {
            tracing::warn!(
                "others may write to the data directory {} (mode {mode:o}) and so change or remove what was booked: \
                 chmod 700 it",
                self.path.display()
            );
        }
    }
}

fn in_use(path: &Path) -> DataDirError {
    DataDirError::InUse { path: path.to_owned(), who: LockFile::pid(path) }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataDirError {
    let path = path.to_owned();
    move |error| DataDirError::Io { doing, path, error }
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

fn keep_zone(root: &dyn Disk, zone: &str) -> io::Result<()> {
    match root.open(ZONE).and_then(|file| file.read_all()) {
        Ok(before) => {
            let before = String::from_utf8_lossy(&before);
            if before.trim() == zone {
                return Ok(());
            }
            tracing::warn!(
                "calendar hours were kept in time zone {} so far and are read as {zone} from now on",
                before.trim().escape_default()
            );
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    root.replace(ZONE, format!("{zone}\n").as_bytes())
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
