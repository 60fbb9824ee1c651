//! Reading and verification of snapshots.

use std::io;

use sha2::{Digest, Sha256};

use super::contents::Contents;
use super::error::{SnapshotError, SnapshotErrorKind};
use super::{MAGIC, name, parse_name};
use crate::changes::Change;
use crate::codec::DecodeError;
use crate::codec::Sequence;
use crate::codec::frame::{self, Kind};
use crate::codec::segment_header::{self, SegmentHeader, SegmentHeaderError};
use crate::domain::Contradiction;
use crate::storage::journal::disk::{Disk, DiskFile};
use crate::storage::journal::reader::FrameReader;

/// An open snapshot, whose header was checked.
#[derive(Debug)]
pub struct Snapshot {
    file: Box<dyn DiskFile>,
    name: String,
    header: SegmentHeader,
}

/// The sequence numbers of all snapshots on the disk, newest first.
pub fn list(disk: &dyn Disk) -> io::Result<Vec<Sequence>> {
    let mut sequences: Vec<Sequence> = disk.list()?.iter().filter_map(|name| parse_name(name)).collect();
    sequences.sort_unstable_by(|a, b| b.cmp(a));
    Ok(sequences)
}

impl Snapshot {
    /// Opens the snapshot of `sequence`, and checks its header.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] if it cannot be opened, or if its header is corrupt or not that of `sequence`.
    pub fn open(disk: &dyn Disk, sequence: Sequence) -> Result<Self, SnapshotError> {
        let snapshot = Self::open_file(disk, &name(sequence))?;
        if snapshot.header.first == sequence {
            Ok(snapshot)
        } else {
            Err(snapshot.error(0, SnapshotErrorKind::Frame))
        }
    }

    /// Opens the snapshot in the file with this name, and checks its header.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] if it cannot be opened or its header is corrupt.
    pub fn open_file(disk: &dyn Disk, name: &str) -> Result<Self, SnapshotError> {
        let error = |kind| SnapshotError { file: name.to_owned(), offset: 0, kind };
        let file = disk.open(name).map_err(|e| error(e.into()))?;
        let header = read_header(&*file).map_err(error)?;
        Ok(Self { file, name: name.to_owned(), header })
    }

    /// The sequence number of the last commit that it holds.
    pub fn sequence(&self) -> Sequence {
        self.header.first
    }

    /// Its length in bytes.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] with the error of the system.
    pub fn bytes(&self) -> Result<u64, SnapshotError> {
        self.file.len().map_err(|e| self.error(0, e.into()))
    }

    /// Reads the snapshot from beginning to end, checks it, and returns the number of its changes.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] for the first frame or change that is invalid.
    pub fn verify(&self) -> Result<u64, SnapshotError> {
        let mut changes = 0;
        self.read(&mut |_, _| {
            changes += 1;
            Ok(())
        })?;
        Ok(changes)
    }

    /// Passes each change, with the number of its event, entry, account or key, to `apply`, after it was
    /// checked against the changes before it.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] for the first frame or change that is invalid, or that `apply` rejects.
    pub fn read(
        &self,
        apply: &mut dyn FnMut(u64, &Change<'_>) -> Result<(), Contradiction>,
    ) -> Result<(), SnapshotError> {
        let mut frames = FrameReader::new(&*self.file, self.header.salt);
        let mut contents = Contents::new(self.header.first);
        let (mut crc, mut changes) = (0, 0);
        loop {
            let offset = frames.offset();
            let error = |kind| self.error(offset, kind);
            let frame = frames
                .next_frame()
                .map_err(|e| error(e.into()))?
                .ok_or_else(|| error(SnapshotErrorKind::Frame))?;
            if frame.header.first != self.header.first || frame.header.previous != crc {
                return Err(error(SnapshotErrorKind::Frame));
            }
            crc = frame.crc;
            match frame.header.kind {
                Kind::Changes => {
                    let mut each = |number, change: &Change<'_>| {
                        contents.add(number, change)?;
                        Ok(apply(number, change)?)
                    };
                    changes += read_changes(frame.payload, &mut each).map_err(error)?;
                }
                Kind::Footer if frame.payload == u64::to_le_bytes(changes) => break,
                Kind::Unknown(kind) => return Err(error(DecodeError::UnknownFrame(kind).into())),
                _ => return Err(error(SnapshotErrorKind::Frame)),
            }
            debug_assert!(frame.payload.len() <= frame::PAYLOAD_BYTES_MAX);
        }
        let end = frames.offset();
        let length = self.file.len().map_err(|e| self.error(end, e.into()))?;
        if length > end {
            Err(self.error(end, SnapshotErrorKind::TrailingBytes(length - end)))
        } else {
            Ok(())
        }
    }

    /// The SHA-256 of its content, in hexadecimal: of the numbers and changes, one after the other.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] for the first frame that is invalid. Changes are not checked.
    pub fn hash(&self) -> Result<String, SnapshotError> {
        let mut frames = FrameReader::new(&*self.file, self.header.salt);
        let mut hash = Sha256::new();
        loop {
            let offset = frames.offset();
            let frame = frames
                .next_frame()
                .map_err(|e| self.error(offset, e.into()))?
                .ok_or_else(|| self.error(offset, SnapshotErrorKind::Frame))?;
            match frame.header.kind {
                Kind::Changes => hash.update(frame.payload),
                _ => break,
            }
        }
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn error(&self, offset: u64, kind: SnapshotErrorKind) -> SnapshotError {
        SnapshotError { file: self.name.clone(), offset, kind }
    }
}

/// Reads and checks the header of a snapshot.
///
/// # Errors
///
/// [`SnapshotErrorKind`] if it cannot be read, is corrupt, or is of a later version.
pub fn read_header(file: &dyn DiskFile) -> Result<SegmentHeader, SnapshotErrorKind> {
    let mut header = [0; segment_header::BYTES];
    file.read_exact_at(&mut header, 0).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => SegmentHeaderError::Corrupt.into(),
        _ => SnapshotErrorKind::Io(e),
    })?;
    let header = SegmentHeader::decode(&header, MAGIC)?;
    if header.first > Sequence::MAX { Err(SnapshotErrorKind::Sequence(header.first)) } else { Ok(header) }
}

fn read_changes(
    mut payload: &[u8],
    each: &mut dyn FnMut(u64, &Change<'_>) -> Result<(), SnapshotErrorKind>,
) -> Result<u64, SnapshotErrorKind> {
    let mut changes = 0;
    while !payload.is_empty() {
        let (number, rest) = payload.split_first_chunk::<8>().ok_or(DecodeError::Malformed)?;
        let (change, rest) = Change::split(rest)?;
        each(u64::from_le_bytes(*number), &change)?;
        payload = rest;
        changes += 1;
    }
    Ok(changes)
}
