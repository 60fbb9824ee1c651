//! What the targets share: a disk of one file, and files of frames that are whole whatever is in them.

use std::io;

use bookline_server::journal::frame::{self, Header, Kind};
use bookline_server::journal::segment::{Head, Salt};
use bookline_server::journal::{Disk, DiskFile, Sequence};

/// A disk with one file, which nobody changes.
#[derive(Debug, Clone)]
pub struct OneFile {
    /// Its name.
    pub name: String,
    /// What is in it.
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
        let rest = usize::try_from(offset).ok().and_then(|offset| self.bytes.get(offset..)).unwrap_or_default();
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
}

/// A file from an input: as it is, or, where its first byte is even, a header and whole frames with the rest in them.
/// Of each frame the input gives kind, number of commits and length of the payload, a byte each and two.
pub fn file(input: &[u8], magic: &[u8; 8], first: Sequence) -> Vec<u8> {
    let Some((&how, mut rest)) = input.split_first() else { return Vec::new() };
    if how % 2 == 1 {
        return rest.to_vec();
    }
    let salt = Salt::new([7; 16]);
    let mut bytes = Head { first, salt }.encode(magic).to_vec();
    let mut previous = 0;
    let mut next = first;
    while let Some((&[kind, commits, low, high], behind)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_le_bytes([low, high])).min(behind.len());
        let (payload, behind) = behind.split_at(length);
        let header = Header {
            kind: [Kind::Commits, Kind::Seal, Kind::Close, Kind::Facts, Kind::Footer, Kind::Unknown(kind | 8)]
                [usize::from(kind % 6)],
            first: next,
            commits: commits.into(),
            durable_through: first,
            previous,
        };
        let (frame, crc) = frame::bare(&header, payload, &salt);
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

/// An input from which [`file`] makes these frames.
pub fn input(frames: &[(Kind, u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0];
    for (kind, commits, payload) in frames {
        let kind = match kind {
            Kind::Commits => 0,
            Kind::Seal => 1,
            Kind::Close => 2,
            Kind::Facts => 3,
            Kind::Footer => 4,
            Kind::Unknown(_) => 5,
        };
        let length = u16::try_from(payload.len()).expect("seeds are short");
        bytes.extend_from_slice(&[kind, *commits]);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes
}
