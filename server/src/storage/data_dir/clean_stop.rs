//! The clean-shutdown record: the last commit that was durable at a graceful shutdown.
//!
//! The last segment cannot prove where it ended: if its last frames are lost, it reads like a segment in
//! which they were never written. This record is outside the segment. It is written last, when everything is
//! durable, and removed before the first write after a start. So while it exists, the journal ends exactly at
//! its sequence number. Its absence proves nothing.
//!
//! The file `clean-stop` is a line of text, `bookline stopped at sequence 1234, crc32c 89abcdef`. The
//! checksum covers the text before the comma.

use std::io;

use crate::codec::Sequence;
use crate::storage::journal::Disk;

const NAME: &str = "clean-stop";

const PREFIX: &str = "bookline stopped at sequence ";

/// More than any record has. A larger file is corrupt, and is not read.
const RECORD_BYTES_MAX: u64 = 256;

/// The clean-shutdown record of a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CleanStop {
    /// There is none: the server runs, or the last shutdown was not graceful.
    None,
    /// The journal ends with this commit.
    At(Sequence),
    /// The file is not a record. It proves nothing.
    Corrupt,
}

impl CleanStop {
    /// Reads the record of the data directory `root`.
    ///
    /// # Errors
    ///
    /// An error of the disk.
    pub fn read(root: &dyn Disk) -> io::Result<Self> {
        let file = match root.open(NAME) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::None),
            file => file?,
        };
        if file.len()? > RECORD_BYTES_MAX {
            return Ok(Self::Corrupt);
        }
        Ok(parse(&file.read_all()?).map_or(Self::Corrupt, CleanStop::At))
    }

    /// Records that the journal ends with the commit `last`, and that all of it is durable.
    ///
    /// # Errors
    ///
    /// An error of the disk.
    pub fn write(root: &dyn Disk, last: Sequence) -> io::Result<()> {
        root.replace(NAME, record(last).as_bytes())
    }

    /// Removes the record, if there is one. To be called before anything is written.
    ///
    /// # Errors
    ///
    /// An error of the disk.
    pub fn remove(root: &dyn Disk) -> io::Result<()> {
        match root.remove(NAME) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| root.sync()),
        }
    }

    /// The last commit, if there is a valid record.
    pub fn sequence(self) -> Option<Sequence> {
        match self {
            Self::At(sequence) => Some(sequence),
            Self::None | Self::Corrupt => None,
        }
    }
}

fn record(last: Sequence) -> String {
    let text = format!("{PREFIX}{}", last.0);
    let crc = crc32c::crc32c(text.as_bytes());
    format!("{text}, crc32c {crc:08x}\n")
}

fn parse(bytes: &[u8]) -> Option<Sequence> {
    let (number, _) = std::str::from_utf8(bytes).ok()?.strip_prefix(PREFIX)?.split_once(',')?;
    let sequence = Sequence(number.parse().ok()?);
    (record(sequence).as_bytes() == bytes).then_some(sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_with_a_flipped_bit_or_truncated_is_rejected() {
        let record = record(Sequence(1234));
        assert_eq!(record, "bookline stopped at sequence 1234, crc32c 8527646a\n");
        for bit in 0..record.len() * 8 {
            let mut flipped = record.clone().into_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse(&flipped), None, "bit {bit}");
        }
        for length in 0..record.len() {
            assert_eq!(parse(&record.as_bytes()[..length]), None, "truncated to {length} bytes");
        }
    }
}
