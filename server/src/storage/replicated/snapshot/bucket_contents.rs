//! The snapshots in the bucket of a cluster.

use std::collections::HashMap;

use super::info::SnapshotInfo;

/// A snapshot in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub info: SnapshotInfo,
    /// The address of the member that has made the same one, if there is one.
    pub confirmed_by: Option<String>,
}

/// The snapshots in the bucket, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BucketContents {
    /// Whether there is a bucket.
    pub exists: bool,
    pub snapshots: Vec<Listed>,
    /// The last messages of snapshots that were begun, and the addresses of the members that make them.
    pub begun: HashMap<u64, String>,
}

impl Listed {
    pub fn is_confirmed(&self) -> bool {
        self.confirmed_by.is_some()
    }
}

impl BucketContents {
    /// The snapshots in these objects, and the confirmations: the message of a snapshot with the hash and the
    /// address of who confirms it.
    pub fn new(
        infos: Vec<SnapshotInfo>,
        confirmations: &HashMap<(u64, String), String>,
        begun: HashMap<u64, String>,
    ) -> Self {
        let listed = infos.into_iter().map(|info| {
            let confirmed_by = confirmations.get(&(info.message, info.hash.clone())).cloned();
            Listed { info, confirmed_by }
        });
        let mut snapshots: Vec<_> = listed.collect();
        snapshots.sort_by_key(|listed| std::cmp::Reverse(listed.info.message));
        Self { exists: true, snapshots, begun }
    }

    /// The confirmed ones, the newest first.
    pub fn confirmed(&self) -> impl Iterator<Item = &SnapshotInfo> {
        self.snapshots.iter().filter(|listed| listed.is_confirmed()).map(|listed| &listed.info)
    }

    /// The snapshot whose last message is this one.
    pub fn of(&self, message: u64) -> Option<&Listed> {
        self.snapshots.iter().find(|listed| listed.info.message == message)
    }

    /// Whether there is something about snapshots before this message.
    pub fn has_before(&self, message: u64) -> bool {
        let mut messages = self.snapshots.iter().map(|listed| &listed.info.message).chain(self.begun.keys());
        messages.any(|of| *of < message)
    }

    /// The message of the newest one, or zero.
    pub fn newest(&self) -> u64 {
        self.snapshots.first().map_or(0, |listed| listed.info.message)
    }
}
