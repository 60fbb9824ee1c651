//! The clean-shutdown record: what was durable when the server stopped in order.
//!
//! The end of the last segment cannot prove itself: without its last frames it reads like one that was never
//! written so far. This record stands outside of it. It is written last, when everything is durable, and
//! removed before the first write after a start; so where it is, the journal ends exactly at its sequence
//! number. No record claims nothing.
//!
//! The file `clean-stop` is a line of text: `bookline stopped at sequence 1234, crc32c 89abcdef`, with a
//! checksum of what stands before it.

use std::io;

use crate::codec::Sequence;
use crate::storage::journal::Disk;

const NAME: &str = "clean-stop";

const TEXT: &str = "bookline stopped at sequence ";

/// Longer than any record: what is larger is none.
const RECORD_BYTES_MAX: u64 = 256;

/// What stands in a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CleanStop {
    /// Nothing: the server runs, or did not stop in order.
    None,
    /// The journal ends with this commit.
    At(Sequence),
    /// A record that cannot be read, which claims nothing.
    Corrupt,
}

impl CleanStop {
    /// Reads the record in the data directory `root`.
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

    /// Records that everything up to `last` is durable and nothing is behind it.
    pub fn write(root: &dyn Disk, last: Sequence) -> io::Result<()> {
        root.replace(NAME, record(last).as_bytes())
    }

    /// Removes the record, before anything is written.
    pub fn remove(root: &dyn Disk) -> io::Result<()> {
        match root.remove(NAME) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| root.sync()),
        }
    }

    /// The last commit, where the record says so.
    pub fn sequence(self) -> Option<Sequence> {
        match self {
            Self::At(sequence) => Some(sequence),
            Self::None | Self::Corrupt => None,
        }
    }
}

fn record(last: Sequence) -> String {
    let claim = format!("{TEXT}{}", last.0);
    let crc = crc32c::crc32c(claim.as_bytes());
    format!("{claim}, crc32c {crc:08x}\n")
}

fn parse(bytes: &[u8]) -> Option<Sequence> {
    let (number, _) = std::str::from_utf8(bytes).ok()?.strip_prefix(TEXT)?.split_once(',')?;
    let sequence = Sequence(number.parse().ok()?);
    (record(sequence).as_bytes() == bytes).then_some(sequence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::journal::tests::sim_disk::SimDisk;

    #[test]
    fn a_record_comes_back_until_it_is_removed() {
        let disk = SimDisk::new(1);
        assert_eq!(CleanStop::read(&disk).unwrap(), CleanStop::None);
        CleanStop::write(&disk, Sequence(1234)).unwrap();
        let disk = disk.cut_power();
        assert_eq!(CleanStop::read(&disk).unwrap(), CleanStop::At(Sequence(1234)));
        CleanStop::remove(&disk).unwrap();
        let disk = disk.cut_power();
        assert_eq!(CleanStop::read(&disk).unwrap(), CleanStop::None);
        CleanStop::remove(&disk).expect("nothing to remove");
    }

    #[test]
    fn a_flipped_bit_or_a_missing_end_claims_nothing() {
        let whole = record(Sequence(1234));
        assert_eq!(whole, "bookline stopped at sequence 1234, crc32c 8527646a\n");
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone().into_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse(&flipped), None, "bit {bit}");
        }
        for length in 0..whole.len() {
            assert_eq!(parse(&whole.as_bytes()[..length]), None, "cut at {length}");
        }
    }
}
