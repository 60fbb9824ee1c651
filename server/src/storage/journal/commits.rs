//! Reads commits back from a journal that is open, or was checked.

use std::io;

use thiserror::Error;

use super::disk::Disk;
use super::reader::FrameReader;
use super::segment;
use crate::changes::commit::{self, Commit};
use crate::codec::Sequence;
use crate::codec::frame::{self, Kind};
use crate::codec::segment_header::{self, SegmentHeader, SegmentHeaderError};

/// A commit of the journal cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("journal {file}, offset {offset}: {what}")]
pub struct Unreadable {
    /// The segment.
    pub file: String,
    /// The offset in the file, in bytes.
    pub offset: u64,
    /// What is wrong.
    pub what: String,
}

impl From<Unreadable> for io::Error {
    fn from(unreadable: Unreadable) -> Self {
        Self::new(io::ErrorKind::InvalidData, unreadable)
    }
}

/// Reads the commits from `from` to `to`, and passes them to `each`. The journal must hold them, and must not
/// trim them meanwhile. `throttle` is called with the bytes of each frame, and may sleep, or end the reading.
///
/// # Errors
///
/// [`Unreadable`] if a commit is missing or corrupt, an error of the disk, or that of `each` or `throttle`.
pub fn read_commits<E: From<io::Error> + From<Unreadable>>(
    journal: &dyn Disk,
    from: Sequence,
    to: Sequence,
    throttle: &mut dyn FnMut(u64) -> Result<(), E>,
    each: &mut dyn FnMut(Commit<'_>) -> Result<(), E>,
) -> Result<(), E> {
    if from > to {
        return Ok(());
    }
    let firsts = segment::list(journal)?;
    let start = firsts.iter().rposition(|&first| first <= from).unwrap_or(0);
    let mut next = from;
    for &first in &firsts[start..] {
        if first > to {
            break;
        }
        let name = segment::name(first);
        let file = journal.open(&name)?;
        let error = |offset, what: String| Unreadable { file: name.clone(), offset, what };
        let mut header = [0; segment_header::BYTES];
        file.read_exact_at(&mut header, 0)?;
        let header = SegmentHeader::decode(&header, segment_header::MAGIC);
        let header = header.map_err(|e: SegmentHeaderError| error(0, e.to_string()))?;
        let mut frames = FrameReader::new(&*file, header.salt);
        loop {
            let offset = frames.offset();
            let frame = frames.next_frame()?.ok_or_else(|| error(offset, "it ends early".to_owned()))?;
            throttle(frame::len(frame.payload.len()) as u64)?;
            if frame.header.kind == Kind::Trailer {
                break;
            }
            for commit in commit::decode(frame.payload, frame.header.first) {
                if frame.header.kind != Kind::Commits {
                    break;
                }
                let commit = commit.map_err(|e| error(offset, e.to_string()))?;
                if commit.sequence > to {
                    return Ok(());
                }
                if commit.sequence == next {
                    each(commit)?;
                    next = next.next();
                }
            }
            if next > to {
                return Ok(());
            }
        }
    }
    Err(Unreadable { file: segment::name(next), offset: 0, what: "it is missing".into() }.into())
}
