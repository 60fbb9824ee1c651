//! The contents of a file: what processes read, and what a power cut may leave of it.

use std::collections::BTreeMap;

use crate::rng::Rng;

/// The unit that a disk writes atomically.
pub const SECTOR: usize = 512;

/// The version of each sector after a power cut.
#[derive(Debug, Clone, Copy)]
pub enum KeptVersions {
    Synced,
    Newest,
    Any,
}

impl KeptVersions {
    /// At times all sectors have the same, which independent draws would hardly ever yield.
    pub fn draw(rng: &mut Rng) -> Self {
        match rng.below(4) {
            0 => Self::Synced,
            1 => Self::Newest,
            _ => Self::Any,
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct FileState {
    /// What processes read: the page cache.
    pub cached: Vec<u8>,
    pub durable: Vec<u8>,
    /// The versions of each sector since the last sync, in order.
    pub unsynced: BTreeMap<usize, Vec<Vec<u8>>>,
}

impl FileState {
    pub fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        for sector in offset / SECTOR..end.div_ceil(SECTOR) {
            let version = &self.cached[sector * SECTOR..self.cached.len().min((sector + 1) * SECTOR)];
            self.unsynced.entry(sector).or_default().push(version.to_vec());
        }
    }

    pub fn sync(&mut self) {
        self.durable.resize(self.cached.len(), 0);
        for (sector, versions) in std::mem::take(&mut self.unsynced) {
            let newest = versions.last().expect("an unsynced sector has a version");
            let at = sector * SECTOR;
            self.durable[at..at + newest.len()].copy_from_slice(newest);
        }
    }

    /// A power cut, after which the length may be that of the last sync.
    pub fn lose_unsynced(&mut self, kept: KeptVersions, rng: &mut Rng) {
        if self.cached.len() > self.durable.len() && rng.one_in(2) {
            self.durable.resize(self.cached.len(), 0);
        }
        for (sector, versions) in std::mem::take(&mut self.unsynced) {
            let kept = match kept {
                KeptVersions::Synced => 0,
                KeptVersions::Newest => versions.len(),
                KeptVersions::Any => rng.below(versions.len() + 1),
            };
            let Some(version) = kept.checked_sub(1).map(|kept| &versions[kept]) else { continue };
            let at = sector * SECTOR;
            let n = version.len().min(self.durable.len().saturating_sub(at));
            if n > 0 {
                self.durable[at..at + n].copy_from_slice(&version[..n]);
            }
        }
        self.cached = self.durable.clone();
    }
}
