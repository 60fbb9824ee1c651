//! The files of the journal: segments, named by their first sequence number, and the preallocated segment.

use std::io;

use super::disk::{Disk, DiskFile};
use crate::codec::Sequence;
use crate::codec::segment_header::{MAGIC, SegmentHeader};

/// The name of the preallocated segment. It is never read: recovery discards its contents.
pub const PREALLOCATED: &str = "spare";

/// A segment that is needed soon is filled and synced in pieces of this size: the sync takes little time
/// beside the write.
pub const FAST_FILL_BYTES_PER_SYNC: u64 = 4 << 20;

const SUFFIX: &str = ".seg";

/// The file name of the segment that begins with this commit.
pub fn name(first: Sequence) -> String {
    format!("{:020}{SUFFIX}", first.0)
}

/// The first sequence number of the segment with this name. `None` if it is not the name of a segment.
pub fn parse_name(name: &str) -> Option<Sequence> {
    let digits = name.strip_suffix(SUFFIX)?;
    if digits.len() != 20 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().map(Sequence)
}

/// The first sequence numbers of all segments on the disk, ascending.
pub fn list(disk: &dyn Disk) -> io::Result<Vec<Sequence>> {
    let mut firsts: Vec<Sequence> = disk.list()?.iter().filter_map(|name| parse_name(name)).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

/// How many of the oldest segments a journal gives up, of those with these first sequence numbers: the ones
/// without commits after `through`, except for the newest of them that have at most `keep_bytes` bytes
/// together.
///
/// # Errors
///
/// An error of the disk.
pub fn count_given_up(
    disk: &dyn Disk,
    firsts: &[Sequence],
    through: Sequence,
    keep_bytes: u64,
) -> io::Result<usize> {
    let mut count = firsts.windows(2).take_while(|pair| pair[1] <= through.next()).count();
    let mut bytes_left = keep_bytes;
    while let Some(newest) = count.checked_sub(1) {
        let bytes = match disk.open(&name(firsts[newest])) {
            Ok(file) => file.len()?,
            // It was given up before, and recycled since the segments were listed. So were all before it.
            Err(e) if e.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error),
        };
        let Some(left) = bytes_left.checked_sub(bytes) else { break };
        (count, bytes_left) = (newest, left);
    }
    Ok(count)
}

/// Creates the preallocated segment with `size` zero bytes and makes it durable. An fdatasync after a write
/// into preallocated space is about twice as fast as one that also records a new file length.
///
/// `piece` returns how many bytes to fill and sync next, of those that are left.
///
/// # Errors
///
/// An error of the disk, or any error when `piece` returns `None`.
pub fn preallocate(
    disk: &dyn Disk,
    size: u64,
    piece: impl Fn(u64) -> Option<u64>,
) -> io::Result<Box<dyn DiskFile>> {
    let file = disk.create(PREALLOCATED)?;
    let mut filled = 0;
    while filled < size {
        let Some(piece) = piece(size - filled) else {
            return Err(io::Error::other("the preallocation was canceled"));
        };
        let next = size.min(filled + piece);
        file.zero(filled, next)?;
        file.sync()?;
        filled = next;
    }
    Ok(file)
}

/// Turns the preallocated segment into the segment with this header. The header is durable before the file is
/// renamed, and the name is durable before a frame is written.
pub fn adopt_preallocated(disk: &dyn Disk, file: &dyn DiskFile, header: &SegmentHeader) -> io::Result<()> {
    file.write_all_at(&header.encode(MAGIC), 0)?;
    file.sync()?;
    disk.rename(PREALLOCATED, &name(header.first))?;
    disk.sync()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_names_sort_by_sequence_and_other_names_are_not_parsed() {
        assert_eq!(name(Sequence(12)), "00000000000000000012.seg");
        assert_eq!(parse_name("00000000000000000012.seg"), Some(Sequence(12)));
        for other in ["spare", "12.seg", "0000000000000000001x.seg", "00000000000000000012.seg~"] {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }
}
