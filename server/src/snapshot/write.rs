//! Writing a snapshot: facts into frames, frames into a file that gets its name when it is whole.

use std::io;

use super::fold::FoldError;
use super::{MAGIC, NEW, name};
use crate::domain::Fact;
use crate::journal::disk::{Disk, DiskFile};
use crate::journal::frame::{self, Header, Kind};
use crate::journal::segment::{Head, Salt};
use crate::journal::{Sequence, commit, segment};

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
    head: Head,
    at: u64,
    synced: u64,
    crc: u32,
    /// The frame in the making: room for its header, then facts.
    frame: Vec<u8>,
    in_frame: u32,
    facts: u64,
}

impl<'a> Writer<'a> {
    /// Begins a snapshot of `sequence`. It ends with [`FoldError::Stopped`] when it is `stopping` before it is durable.
    pub fn new(
        disk: &'a dyn Disk,
        sequence: Sequence,
        stopping: &'a dyn Fn() -> bool,
    ) -> io::Result<Writer<'a>> {
        let head = Head { first: sequence, salt: Salt::random(), length: None };
        let file = disk.create(NEW)?;
        file.write_all_at(&head.encode(MAGIC), 0)?;
        let at = segment::HEADER as u64;
        let frame = vec![0; frame::HEADER];
        Ok(Writer { disk, stopping, file, head, at, synced: 0, crc: 0, frame, in_frame: 0, facts: 0 })
    }

    /// Adds a fact about the event or entry of this number. Says how many bytes went to disk.
    pub fn push(&mut self, number: u64, fact: &Fact<'_>) -> Result<u64, FoldError> {
        self.frame.extend_from_slice(&number.to_le_bytes());
        commit::encode_fact(&mut self.frame, fact);
        self.in_frame += 1;
        self.facts += 1;
        if self.frame.len() >= FRAME { self.write_frame(Kind::Facts) } else { Ok(0) }
    }

    /// Makes it whole and durable, and gives it its name. Says how many bytes it has.
    pub fn finish(mut self) -> Result<u64, FoldError> {
        if self.in_frame > 0 {
            self.write_frame(Kind::Facts)?;
        }
        self.frame.extend_from_slice(&self.facts.to_le_bytes());
        self.write_frame(Kind::Footer)?;
        self.sync()?;
        self.check_stop()?;
        self.disk.rename(NEW, &name(self.head.first))?;
        self.disk.sync().map_err(FoldError::Directory)?;
        Ok(self.at)
    }

    fn check_stop(&self) -> Result<(), FoldError> {
        if (self.stopping)() { Err(FoldError::Stopped) } else { Ok(()) }
    }

    fn sync(&self) -> Result<(), FoldError> {
        self.check_stop()?;
        Ok(self.file.sync()?)
    }

    fn write_frame(&mut self, kind: Kind) -> Result<u64, FoldError> {
        let payload = self.frame.len() - frame::HEADER;
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
        self.frame.truncate(frame::HEADER);
        self.in_frame = 0;
        Ok(written)
    }
}
