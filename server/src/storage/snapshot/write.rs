//! Writing a snapshot: changes into frames, frames into a file that gets its name when it is whole.

use std::io;

use super::error::CompactionError;
use super::{MAGIC, NEW, name};
use crate::codec::frame;
use crate::codec::frame::{Header, Kind};
use crate::codec::segment_header;
use crate::codec::segment_header::{Salt, SegmentHeader};
use crate::codec::{Sequence, commit};
use crate::domain::Change;
use crate::storage::journal::disk::{Disk, DiskFile};

/// A frame is written when it has so many bytes.
const FRAME: usize = 256 << 10;

/// After so many bytes they are synced, so that the last sync is short and the journal's syncs never wait for a heap.
const SYNC_EVERY: u64 = 4 << 20;

/// A snapshot in the making.
pub struct Writer<'a> {
    disk: &'a dyn Disk,
    /// Asked before each sync, which may take seconds: a stop waits for one of them at most.
    stopping: &'a dyn Fn() -> bool,
    file: Box<dyn DiskFile>,
    head: SegmentHeader,
    at: u64,
    synced: u64,
    crc: u32,
    /// The frame in the making: room for its header, then changes.
    frame: Vec<u8>,
    in_frame: u32,
    changes: u64,
}

impl<'a> Writer<'a> {
    /// Begins a snapshot of `sequence`. It ends with [`CompactionError::Stopped`] when it is `stopping` before it is durable.
    pub fn new(disk: &'a dyn Disk, sequence: Sequence, stopping: &'a dyn Fn() -> bool) -> io::Result<Self> {
        let head = SegmentHeader { first: sequence, salt: Salt::random(), length: None };
        let file = disk.create(NEW)?;
        file.write_all_at(&head.encode(MAGIC), 0)?;
        let at = segment_header::BYTES as u64;
        let frame = vec![0; frame::HEADER_BYTES];
        Ok(Writer { disk, stopping, file, head, at, synced: 0, crc: 0, frame, in_frame: 0, changes: 0 })
    }

    /// Adds a change about the event or entry of this number. Says how many bytes went to disk.
    pub fn push(&mut self, number: u64, change: &Change<'_>) -> Result<u64, CompactionError> {
        self.frame.extend_from_slice(&number.to_le_bytes());
        commit::encode_change(&mut self.frame, change);
        self.in_frame += 1;
        self.changes += 1;
        if self.frame.len() >= FRAME { self.write_frame(Kind::Changes) } else { Ok(0) }
    }

    /// Makes it whole and durable, and gives it its name. Says how many bytes it has.
    pub fn finish(mut self) -> Result<u64, CompactionError> {
        if self.in_frame > 0 {
            self.write_frame(Kind::Changes)?;
        }
        self.frame.extend_from_slice(&self.changes.to_le_bytes());
        self.write_frame(Kind::Footer)?;
        self.sync()?;
        self.check_stop()?;
        self.disk.rename(NEW, &name(self.head.first))?;
        self.disk.sync().map_err(CompactionError::Directory)?;
        Ok(self.at)
    }

    fn check_stop(&self) -> Result<(), CompactionError> {
        if (self.stopping)() { Err(CompactionError::Stopped) } else { Ok(()) }
    }

    fn sync(&self) -> Result<(), CompactionError> {
        self.check_stop()?;
        Ok(self.file.sync()?)
    }

    fn write_frame(&mut self, kind: Kind) -> Result<u64, CompactionError> {
        let payload = self.frame.len() - frame::HEADER_BYTES;
        let sequence = self.head.first;
        let header = Header {
            kind,
            first: sequence,
            commits: self.in_frame,
            durable_through: sequence,
            previous: self.crc,
        };
        self.frame.resize(frame::len(payload), 0);
        self.crc = frame::finish(&mut self.frame, payload, &header, &self.head.salt);
        self.file.write_all_at(&self.frame, self.at)?;
        let written = self.frame.len() as u64;
        self.at += written;
        if self.at - self.synced >= SYNC_EVERY {
            self.sync()?;
            self.synced = self.at;
        }
        self.frame.truncate(frame::HEADER_BYTES);
        self.in_frame = 0;
        Ok(written)
    }
}
