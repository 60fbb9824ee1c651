//! The snapshots in the directory of a member.
//!
//! They are a cache: the bucket has them too. Beside each there is a file with its [`SnapshotInfo`].

use std::io;
use std::sync::Arc;

use super::info::{SnapshotInfo, Unusable};
use crate::codec::Sequence;
use crate::storage::journal::Disk;
use crate::storage::snapshot;
use crate::storage::snapshot::read::{self, Snapshot};

/// The most snapshots that are kept: the newest one, and the one that the next may be made from.
const KEPT: usize = 2;

const SUFFIX: &str = ".json";

/// The snapshots in the directory of a member.
#[derive(Debug, Clone)]
pub struct LocalSnapshots {
    disk: Arc<dyn Disk>,
}

impl LocalSnapshots {
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk }
    }

    pub fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// What is known of the snapshots here, the newest first. One without its file is none.
    ///
    /// # Errors
    ///
    /// An error of the disk.
    pub fn list(&self) -> io::Result<Vec<SnapshotInfo>> {
        let sequences = read::list(&*self.disk)?.into_iter();
        Ok(sequences.filter_map(|sequence| self.info(sequence)).collect())
    }

    fn info(&self, sequence: Sequence) -> Option<SnapshotInfo> {
        let bytes = self.disk.open(&info_name(sequence)).and_then(|file| file.read_all()).ok()?;
        let info: SnapshotInfo = serde_json::from_slice(&bytes).ok()?;
        (info.commit == sequence.0).then_some(info)
    }

    /// Notes what is known of a snapshot whose file is complete, and removes older ones.
    ///
    /// # Errors
    ///
    /// An error of the disk.
    pub fn add(&self, info: &SnapshotInfo) -> io::Result<()> {
        let sequence = Sequence(info.commit);
        self.disk.replace(&info_name(sequence), &serde_json::to_vec(info)?)?;
        for old in read::list(&*self.disk)?.into_iter().filter(|old| *old < sequence).skip(KEPT - 1) {
            self.remove(old)?;
        }
        Ok(())
    }

    /// Forgets what is known of a snapshot, so that it is read from the bucket again.
    ///
    /// # Errors
    ///
    /// An error of the disk.
    pub fn forget(&self, info: &SnapshotInfo) -> io::Result<()> {
        self.disk.remove(&info_name(Sequence(info.commit)))
    }

    /// Removes a snapshot.
    ///
    /// # Errors
    ///
    /// An error of the disk.
    pub fn remove(&self, sequence: Sequence) -> io::Result<()> {
        let _ = self.disk.remove(&info_name(sequence));
        self.disk.remove(&snapshot::name(sequence))
    }

    /// Opens a snapshot, and checks that it has the content that is expected.
    ///
    /// # Errors
    ///
    /// [`Unusable`]
    pub fn open(&self, info: &SnapshotInfo) -> Result<Snapshot, Unusable> {
        let snapshot = Snapshot::open(&*self.disk, Sequence(info.commit))?;
        let found = snapshot.hash()?;
        if found != info.hash {
            return Err(Unusable::Hash { found, expected: info.hash.clone() });
        }
        Ok(snapshot)
    }
}

fn info_name(sequence: Sequence) -> String {
    format!("{}{SUFFIX}", snapshot::name(sequence))
}
