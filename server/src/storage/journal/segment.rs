//! Segments: the files of the journal, preallocated, and named by their first sequence number.

use std::io;

use super::disk::{Disk, DiskFile};
use crate::codec::Sequence;
use crate::codec::segment_header::{MAGIC, SegmentHeader};

/// The file that holds the space for the next segment. Never read: what is in it after a crash is thrown away.
pub const PREALLOCATED: &str = "spare";

/// A preallocated segment is filled and synced in pieces of this size, so that the syncs of commits never queue behind all of it.
const FILLED_AT_ONCE: u64 = 4 << 20;

const SUFFIX: &str = ".seg";

/// A segment's file name.
pub fn name(first: Sequence) -> String {
    format!("{:020}{SUFFIX}", first.0)
}

/// The first sequence of the segment of this name, if it is a segment's name.
pub fn parse_name(name: &str) -> Option<Sequence> {
    let digits = name.strip_suffix(SUFFIX)?;
    if digits.len() != 20 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().map(Sequence)
}

/// The first sequences of all segments on the disk, ascending.
pub fn list(disk: &dyn Disk) -> io::Result<Vec<Sequence>> {
    let mut firsts: Vec<Sequence> = disk.list()?.iter().filter_map(|name| parse_name(name)).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

/// Prefills the preallocated segment file with `size` zeros and makes them durable. An fdatasync into such space is about twice as
/// fast as one that also has to record a growing file. Given up between two pieces when it is not `wanted` any more.
pub fn preallocate(disk: &dyn Disk, size: u64, wanted: impl Fn() -> bool) -> io::Result<Box<dyn DiskFile>> {
    let file = disk.create(PREALLOCATED)?;
    let mut filled = 0;
    while filled < size {
        if !wanted() {
            return Err(io::Error::other("it is not wanted any more"));
        }
        let next = size.min(filled + FILLED_AT_ONCE);
        file.zero(filled, next)?;
        file.sync()?;
        filled = next;
    }
    Ok(file)
}

/// Turns the preallocated segment file into the segment `head`: the header is durable before the file has the name, and the name
/// is durable before anything is written into it.
pub fn adopt_preallocated(disk: &dyn Disk, file: &dyn DiskFile, head: &SegmentHeader) -> io::Result<()> {
    file.write_all_at(&head.encode(MAGIC), 0)?;
    file.sync()?;
    disk.rename(PREALLOCATED, &name(head.first))?;
    disk.sync()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_their_sequences() {
        assert_eq!(name(Sequence(12)), "00000000000000000012.seg");
        assert_eq!(parse_name("00000000000000000012.seg"), Some(Sequence(12)));
        for other in ["spare", "12.seg", "0000000000000000001x.seg", "00000000000000000012.seg~"] {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }
}
