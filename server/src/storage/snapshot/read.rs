//! Reading a snapshot back: as a whole or not at all.

use std::io;

use super::contents::Contents;
use super::error::{BadSnapshot, SnapshotErrorKind};
use super::{MAGIC, name, parse_name};
use crate::codec::commit;
use crate::codec::commit::Unreadable;
use crate::codec::frame::Kind;
use crate::codec::segment_header;
use crate::codec::segment_header::{SegmentHeader, SegmentHeaderError};
use crate::codec::{Sequence, frame};
use crate::domain::{Change, Contradiction};
use crate::storage::journal::disk::{Disk, DiskFile};
use crate::storage::journal::reader::FrameReader;

/// An open snapshot.
#[derive(Debug)]
pub struct Snapshot {
    file: Box<dyn DiskFile>,
    name: String,
    head: SegmentHeader,
}

/// The sequences of all snapshots on the disk, newest first.
pub fn list(disk: &dyn Disk) -> io::Result<Vec<Sequence>> {
    let mut sequences: Vec<Sequence> = disk.list()?.iter().filter_map(|name| parse_name(name)).collect();
    sequences.sort_unstable_by(|a, b| b.cmp(a));
    Ok(sequences)
}

impl Snapshot {
    /// Opens the snapshot of `sequence`. Only its header is checked.
    pub fn open(disk: &dyn Disk, sequence: Sequence) -> Result<Self, BadSnapshot> {
        let snapshot = Self::open_file(disk, &name(sequence))?;
        if snapshot.head.first == sequence {
            Ok(snapshot)
        } else {
            Err(snapshot.bad(0, SnapshotErrorKind::Frame))
        }
    }

    /// Opens a snapshot by its file name, whatever that is.
    pub fn open_file(disk: &dyn Disk, name: &str) -> Result<Self, BadSnapshot> {
        let bad = |what| BadSnapshot { file: name.to_owned(), offset: 0, what };
        let file = disk.open(name).map_err(|e| bad(e.into()))?;
        let head = read_head(&*file).map_err(bad)?;
        Ok(Self { file, name: name.to_owned(), head })
    }

    /// The last commit that it holds.
    pub fn sequence(&self) -> Sequence {
        self.head.first
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> Result<u64, BadSnapshot> {
        self.file.len().map_err(|e| self.bad(0, e.into()))
    }

    /// Reads all of it and applies none: is it whole, and are its contents possible? Says how many changes it has.
    pub fn verify(&self) -> Result<u64, BadSnapshot> {
        let mut changes = 0;
        self.read(&mut |_, _| {
            changes += 1;
            Ok(())
        })?;
        Ok(changes)
    }

    /// Gives each change, with the number of its event or entry, to `apply`. Nothing that is impossible gets so far.
    pub fn read(
        &self,
        apply: &mut dyn FnMut(u64, &Change<'_>) -> Result<(), Contradiction>,
    ) -> Result<(), BadSnapshot> {
        let mut frames = FrameReader::new(&*self.file, self.head.salt);
        let mut contents = Contents::new(self.head.first);
        let (mut crc, mut changes) = (0, 0);
        loop {
            let offset = frames.offset();
            let bad = |what| self.bad(offset, what);
            let frame = frames
                .next_frame()
                .map_err(|e| bad(e.into()))?
                .ok_or_else(|| bad(SnapshotErrorKind::Frame))?;
            if frame.header.first != self.head.first || frame.header.previous != crc {
                return Err(bad(SnapshotErrorKind::Frame));
            }
            crc = frame.crc;
            match frame.header.kind {
                Kind::Changes => {
                    let mut each = |number, change: &Change<'_>| {
                        contents.add(number, change)?;
                        Ok(apply(number, change)?)
                    };
                    changes += read_changes(frame.payload, &mut each).map_err(bad)?;
                }
                Kind::Footer if frame.payload == u64::to_le_bytes(changes) => break,
                Kind::Unknown(kind) => return Err(bad(Unreadable::UnknownFrame(kind).into())),
                _ => return Err(bad(SnapshotErrorKind::Frame)),
            }
            debug_assert!(frame.payload.len() <= frame::PAYLOAD_BYTES_MAX);
        }
        let end = frames.offset();
        let length = self.file.len().map_err(|e| self.bad(end, e.into()))?;
        if length > end { Err(self.bad(end, SnapshotErrorKind::Behind(length - end))) } else { Ok(()) }
    }

    fn bad(&self, offset: u64, what: SnapshotErrorKind) -> BadSnapshot {
        BadSnapshot { file: self.name.clone(), offset, what }
    }
}

/// The header of a file that is a snapshot by what it begins with.
pub fn read_head(file: &dyn DiskFile) -> Result<SegmentHeader, SnapshotErrorKind> {
    let mut header = [0; segment_header::BYTES];
    file.read_exact_at(&mut header, 0).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => SegmentHeaderError::Corrupt.into(),
        _ => SnapshotErrorKind::Io(e),
    })?;
    let head = SegmentHeader::decode(&header, MAGIC)?;
    if head.first > Sequence::MAX { Err(SnapshotErrorKind::Sequence(head.first)) } else { Ok(head) }
}

fn read_changes(
    mut payload: &[u8],
    each: &mut dyn FnMut(u64, &Change<'_>) -> Result<(), SnapshotErrorKind>,
) -> Result<u64, SnapshotErrorKind> {
    let mut changes = 0;
    while !payload.is_empty() {
        let (number, rest) = payload.split_first_chunk::<8>().ok_or(Unreadable::Malformed)?;
        let (change, rest) = commit::split_change(rest)?;
        each(u64::from_le_bytes(*number), &change)?;
        payload = rest;
        changes += 1;
    }
    Ok(changes)
}
