//! Writing of snapshots. A snapshot gets its name only when it is complete and durable.

use std::io;

use super::error::CompactionError;
use super::{MAGIC, NEW, name};
use crate::changes::{Change, TICKETS_KEPT_BYTES_MAX, commit};
use crate::codec::Sequence;
use crate::codec::frame::{self, Header, Kind};
use crate::codec::salt::Salt;
use crate::codec::segment_header::{self, SegmentHeader};
use crate::storage::journal::disk::{BULK_BYTES_PER_SYNC, Disk, DiskFile};

/// A frame is written when it has this many bytes.
const FRAME_BYTES_TARGET: usize = 256 << 10;

/// The bytes of the number before each change.
const NUMBER_BYTES: usize = 8;

/// A frame exceeds its target by less than a change and its number, so that it stays readable. A change is no
/// larger than a commit, except for tickets, which have their states here.
const _: () = assert!(FRAME_BYTES_TARGET + NUMBER_BYTES + commit::BYTES_MAX <= frame::PAYLOAD_BYTES_MAX);
const _: () = assert!(FRAME_BYTES_TARGET + NUMBER_BYTES + TICKETS_KEPT_BYTES_MAX <= frame::PAYLOAD_BYTES_MAX);

/// A snapshot that is being written.
pub struct Writer<'a> {
    disk: &'a dyn Disk,
    /// Checked before each sync, which may take seconds, so that a stop waits for one sync at most.
    stopping: &'a dyn Fn() -> bool,
    file: Box<dyn DiskFile>,
    header: SegmentHeader,
    /// The offset of the next frame, in bytes.
    offset: u64,
    /// The offset up to which the file was synced, in bytes.
    synced: u64,
    /// The CRC of the last frame.
    crc: u32,
    /// The next frame: space for its header, then changes.
    frame: Vec<u8>,
    frame_changes: u32,
    changes: u64,
}

impl<'a> Writer<'a> {
    /// Begins a snapshot of `sequence`. Its methods fail with [`CompactionError::Stopped`] before the next
    /// sync once `stopping` returns true.
    ///
    /// # Errors
    ///
    /// An error of the disk.
    pub fn new(disk: &'a dyn Disk, sequence: Sequence, stopping: &'a dyn Fn() -> bool) -> io::Result<Self> {
        let header = SegmentHeader { first: sequence, salt: Salt::random(), length: None };
        let file = disk.create(NEW)?;
        file.write_all_at(&header.encode(MAGIC), 0)?;
        let offset = segment_header::BYTES as u64;
        let frame = vec![0; frame::HEADER_BYTES];
        let (synced, crc, frame_changes, changes) = (0, 0, 0, 0);
        Ok(Self { disk, stopping, file, header, offset, synced, crc, frame, frame_changes, changes })
    }

    /// Adds a change about the event, entry, account or key of this number. Returns the number of bytes
    /// written to disk.
    ///
    /// # Errors
    ///
    /// [`CompactionError::Io`] or [`CompactionError::Stopped`].
    pub fn push(&mut self, number: u64, change: &Change<'_>) -> Result<u64, CompactionError> {
        self.frame.extend_from_slice(&number.to_le_bytes());
        change.encode(&mut self.frame);
        self.frame_changes += 1;
        self.changes += 1;
        if self.frame.len() >= FRAME_BYTES_TARGET { self.write_frame(Kind::Changes) } else { Ok(0) }
    }

    /// Completes the snapshot, makes it durable, and gives it its name. Returns its length in bytes.
    ///
    /// # Errors
    ///
    /// [`CompactionError::Io`], [`CompactionError::Directory`] or [`CompactionError::Stopped`].
    pub fn finish(mut self) -> Result<u64, CompactionError> {
        if self.frame_changes > 0 {
            self.write_frame(Kind::Changes)?;
        }
        self.frame.extend_from_slice(&self.changes.to_le_bytes());
        self.write_frame(Kind::Footer)?;
        self.sync()?;
        self.check_stop()?;
        self.disk.rename(NEW, &name(self.header.first))?;
        self.disk.sync().map_err(CompactionError::Directory)?;
        Ok(self.offset)
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
        let sequence = self.header.first;
        let header = Header {
            kind,
            first: sequence,
            commits: self.frame_changes,
            durable_through: sequence,
            previous: self.crc,
            term: 0,
        };
        self.frame.resize(frame::len(payload), 0);
        self.crc = frame::finish(&mut self.frame, payload, &header, &self.header.salt);
        self.file.write_all_at(&self.frame, self.offset)?;
        let written = self.frame.len() as u64;
        self.offset += written;
        if self.offset - self.synced >= BULK_BYTES_PER_SYNC {
            self.sync()?;
            self.synced = self.offset;
        }
        self.frame.truncate(frame::HEADER_BYTES);
        self.frame_changes = 0;
        Ok(written)
    }
}
