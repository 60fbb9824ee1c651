//! A disk with one file, and files of valid frames with arbitrary contents.

use std::io;

use bookline_server::codec::Sequence;
use bookline_server::codec::frame;
use bookline_server::codec::frame::{Header, Kind};
use bookline_server::codec::salt::Salt;
use bookline_server::codec::segment_header::SegmentHeader;
use bookline_server::storage::journal::{Disk, DiskFile};

/// A read-only disk with one file.
#[derive(Debug, Clone)]
pub struct OneFile {
    /// The name of the file.
    pub name: String,
    /// The contents of the file.
    pub bytes: Vec<u8>,
}

impl Disk for OneFile {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(vec![self.name.clone()])
    }

    fn create(&self, _name: &str) -> io::Result<Box<dyn DiskFile>> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        if name == self.name { Ok(Box::new(self.clone())) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn rename(&self, _from: &str, _to: &str) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn remove(&self, _name: &str) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for OneFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest =
            usize::try_from(offset).ok().and_then(|offset| self.bytes.get(offset..)).unwrap_or_default();
        let n = rest.len().min(into.len());
        into[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<usize> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn has_name(&self) -> io::Result<bool> {
        Ok(true)
    }
}

/// Makes a file from an input. If its first byte is odd, the file is the rest of the input. Otherwise the
/// file is a valid header, then frames that are [`built`] or [`repaired`].
pub fn file(input: &[u8], magic: &[u8; 8], first: Sequence) -> Vec<u8> {
    let Some((&how, rest)) = input.split_first() else { return Vec::new() };
    if how % 2 == 1 {
        return rest.to_vec();
    }
    let salt = Salt::new([7; 16]);
    let head = SegmentHeader { first, salt, length: None }.encode(magic);
    let frames = if how & 2 == 0 { built(rest, first, &salt) } else { repaired(rest, how & 4 == 0, &salt) };
    [&head[..], &frames].concat()
}

/// Builds consecutive frames. The input has, for each of them, the kind (1 byte), the number of commits (1
/// byte), the length of the payload (2 bytes) and the payload.
fn built(mut rest: &[u8], first: Sequence, salt: &Salt) -> Vec<u8> {
    let (mut bytes, mut previous, mut next) = (Vec::new(), 0, first);
    while let Some((&[kind, commits, low, high], behind)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_le_bytes([low, high])).min(behind.len());
        let (payload, behind) = behind.split_at(length);
        let header = Header {
            kind: [
                Kind::Commits,
                Kind::Marker,
                Kind::Trailer,
                Kind::Changes,
                Kind::Footer,
                Kind::Unknown(kind | 16),
            ][usize::from(kind % 6)],
            first: next,
            commits: commits.into(),
            durable_through: first,
            previous,
            term: 0,
        };
        let (frame, crc) = frame::bare(&header, payload, salt);
        bytes.extend(frame);
        previous = crc;
        if header.kind == Kind::Commits {
            next = Sequence(next.0.wrapping_add(commits.into()));
        }
        rest = behind;
    }
    bytes.extend_from_slice(rest);
    bytes
}

/// The same bytes with a valid CRC in each frame and, if `linked`, a valid CRC of the previous frame. All
/// other fields are those of the input.
fn repaired(rest: &[u8], linked: bool, salt: &Salt) -> Vec<u8> {
    let (mut bytes, mut at, mut previous) = (rest.to_vec(), 0, 0);
    while let Some(length) = bytes[at..].first_chunk::<8>().map(|head| &head[4..]) {
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        let Some(frame) = bytes[at..].get_mut(..frame::len(length as usize)) else { break };
        if linked {
            frame[28..32].copy_from_slice(&u32::to_le_bytes(previous));
        }
        previous = salt.crc(&frame[4..]);
        frame[..4].copy_from_slice(&previous.to_le_bytes());
        at += frame.len();
    }
    bytes
}
