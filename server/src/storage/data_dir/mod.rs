//! The directory that holds everything: whose it is, and what stands in it beside journal and snapshots.
//!
//! | name | what it is |
//! |---|---|
//! | `journal/`, `snapshots/` | the state ([`crate::storage::journal`], [`crate::storage::snapshot`]) |
//! | `clean-stop` | what was durable at an orderly stop ([`clean_stop`]) |
//! | `time-zone` | the zone in which hours are meant |
//! | `lock` | the pid of the server, for people ([`lock_file`]) |

pub mod clean_stop;
mod directory;
mod error;
mod held;
mod lock_file;
mod watch;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use crate::codec::Sequence;
use crate::storage::disks::Disks;
use crate::storage::journal::Disk;
use clean_stop::CleanStop;
pub use error::DataDirError;
use error::failed;
use held::Held;
use watch::Watch;

/// The zone in which the calendar's hours were meant. Written after the journal was begun: where it is, a
/// journal was.
const ZONE: &str = "time-zone";

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    held: Arc<Held>,
    disks: Disks,
    watch: Watch,
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

    /// Takes note of the zone in which hours are meant. They are civil labels: to read them in another zone
    /// is legal and surprising, so it is said.
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
