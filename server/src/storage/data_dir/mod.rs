//! The data directory and its lock.
//!
//! | name | contents |
//! |---|---|
//! | `journal/`, `snapshots/` | the state ([`crate::storage::journal`], [`crate::storage::snapshot`]) |
//! | `clean-stop` | the clean-shutdown record ([`clean_stop`]) |
//! | `time-zone` | the time zone of the calendar's hours |
//! | `ticket-key` | the key of the places in ticket ids ([`ticket_key`]) |
//! | `feed-start` | where the change feed can begin ([`feed_start`]) |
//! | `cluster` | what a member of a cluster has seen of its log ([`cluster_file`]) |
//! | `lock` | the pid of the server (`lock_file`) |

pub mod clean_stop;
pub mod cluster_file;
mod directory;
mod error;
pub mod feed_start;
mod lock_file;
mod locked;
pub mod ticket_key;
mod watch;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use crate::codec::Sequence;
use crate::storage::disks::Disks;
use crate::storage::journal::{Disk, segment};
use clean_stop::CleanStop;
use cluster_file::SeenMessage;
pub use directory::Directory;
use directory::LockError;
use error::failed;
pub use error::{DataDirError, Gone};
use lock_file::LockFile;
use locked::LockedDirectories;
use ticket_key::TicketKey;
use watch::Watch;

/// The file with the time zone of the calendar's hours. It is written after the journal was created, so a
/// directory that has it had a journal.
pub const ZONE: &str = "time-zone";

/// A data directory, locked until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    locked: Arc<LockedDirectories>,
    disks: Disks,
    watch: Watch,
}

impl DataDir {
    /// Locks the directory, and creates it, for its owner only, if it does not exist.
    ///
    /// # Errors
    ///
    /// [`DataDirError`] if it is in use, or cannot be created or opened.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        for part in ["journal", "snapshots"] {
            let part = path.join(part);
            make_directory(&part).map_err(failed("making the data directory", &part))?;
            if fs::symlink_metadata(&part).is_ok_and(|found| found.is_symlink()) {
                return Err(DataDirError::Link { path: part });
            }
        }
        let locked = Arc::new(LockedDirectories::lock(path)?);
        let disks = locked.disks().map_err(failed("opening the parts of", path))?;
        sync_directory(path).map_err(failed("syncing the data directory", path))?;
        locked.warn_if_others_may_write();
        let watch = Watch::start(locked.clone()).map_err(failed("starting the thread that watches", path))?;
        Ok(Self { locked, disks, watch })
    }

    /// Its directories.
    pub fn disks(&self) -> Disks {
        self.disks.clone()
    }

    /// Whether no journal was created in it yet.
    pub fn is_fresh(&self) -> bool {
        !self.locked.path.join(ZONE).exists()
    }

    /// Records the time zone of the calendar's hours. If there are hours and the zone has changed, it logs a
    /// warning: they have no zone, so their meaning changes.
    ///
    /// # Errors
    ///
    /// [`DataDirError::Io`] if the zone cannot be read or written.
    pub fn keep_zone(&self, zone: &str, has_hours: bool) -> Result<(), DataDirError> {
        let recorded = keep_zone(&*self.disks.root, zone, has_hours);
        recorded.map_err(failed("recording the time zone in", &self.locked.path.join(ZONE)))
    }

    /// The key of the places in ticket ids. It is drawn if there is none.
    pub fn keep_ticket_key(&self) -> TicketKey {
        ticket_key::keep(&*self.disks.root)
    }

    /// The commit after which all commits can be told, recorded as `last` if it is not yet.
    pub fn keep_feed_start(&self, last: Sequence) -> Sequence {
        feed_start::keep(&*self.disks.root, last)
    }

    /// What the member of a cluster has seen of its log, whose directory this is.
    ///
    /// # Errors
    ///
    /// [`DataDirError::OfSingleServer`], or [`DataDirError::Io`] if it cannot be read.
    pub fn seen_by_member(&self) -> Result<Option<SeenMessage>, DataDirError> {
        let path = &self.locked.path;
        let segments = segment::list(&*self.disks.journal).map_err(failed("listing the journal in", path))?;
        if !self.is_fresh() || !segments.is_empty() {
            return Err(DataDirError::OfSingleServer { path: path.clone() });
        }
        let seen = cluster_file::read(&*self.disks.root);
        seen.map_err(failed("reading what was seen of the cluster from", &path.join(cluster_file::NAME)))
    }

    /// Waits until the directory was removed, renamed or replaced.
    pub async fn gone(&self) -> Gone {
        self.watch.gone().await
    }

    /// Checks that the directory was not removed, renamed or replaced.
    ///
    /// # Errors
    ///
    /// [`Gone`] if it was.
    pub fn check_in_place(&self) -> Result<(), Gone> {
        self.locked.check_in_place()
    }

    /// Writes the clean-shutdown record: the journal ends with the commit `last`, and all of it is durable.
    ///
    /// # Errors
    ///
    /// [`DataDirError`] if the directory was removed, renamed or replaced, or cannot be written.
    pub fn record_stop(&self, last: Sequence) -> Result<(), DataDirError> {
        self.check_in_place()?;
        let path = &self.locked.path;
        self.locked.lock_file().clear().map_err(failed("emptying the lock file in", path))?;
        CleanStop::write(&*self.disks.root, last).map_err(failed("recording the stop in", path))
    }
}

/// Locks a data directory without changing anything in it: no server uses it until the lock is dropped.
///
/// # Errors
///
/// [`DataDirError`] if it is in use, or cannot be opened.
pub fn lock_unchanged(path: &Path) -> Result<Directory, DataDirError> {
    Directory::lock(path).map_err(|error| match error {
        LockError::InUse => DataDirError::InUse { path: path.to_owned(), who: LockFile::pid(path) },
        LockError::Io(error) => failed("locking", path)(error),
    })
}

/// Creates a directory and its missing parents, for their owner only, and makes their names durable.
fn make_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_directory(parent)?;
    match DirBuilder::new().mode(0o700).create(path) {
        // Another server starts in this directory, too. The lock decides which of them gets it.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    sync_directory(parent)
}

fn keep_zone(root: &dyn Disk, zone: &str, has_hours: bool) -> io::Result<()> {
    match root.open(ZONE).and_then(|file| file.read_all()) {
        Ok(recorded) => {
            let recorded = String::from_utf8_lossy(&recorded);
            if recorded.trim() == zone {
                return Ok(());
            }
            if has_hours {
                tracing::warn!(
                    "calendar hours were kept in time zone {} so far and are read as {zone} from now on",
                    recorded.trim().escape_default()
                );
            }
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    root.replace(ZONE, format!("{zone}\n").as_bytes())
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
