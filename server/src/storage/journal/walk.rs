//! Walks through the frames of an open journal, from segment to segment.

use std::io;

use thiserror::Error;

use super::disk::{Disk, DiskFile};
use super::reader::FrameReader;
use super::segment;
use crate::codec::frame::{self, Frame, Kind, TRAILER_PAYLOAD_BYTES};
use crate::codec::salt::Salt;
use crate::codec::segment_header::{self, SegmentHeader, SegmentHeaderError};
use crate::codec::{DecodeError, Sequence};

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

/// A frame and where it is.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    file: &'a str,
    offset: u64,
}

impl Found<'_> {
    /// Its length on disk, in bytes.
    pub fn bytes(&self) -> u64 {
        frame::len(self.frame.payload.len()) as u64
    }

    /// The frame cannot be decoded.
    pub fn malformed(&self, error: &DecodeError) -> Unreadable {
        Unreadable { file: self.file.to_owned(), offset: self.offset, what: error.to_string() }
    }
}

/// Where the walk goes from a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To the next frame.
    On,
    /// It ends after this frame.
    EndAfter,
    /// It ends before this frame, with which the next walk begins.
    EndBefore,
}

/// A position between two frames of a journal. It holds no open file: followers are many, and files are few.
#[derive(Debug)]
pub struct Position {
    /// The name of the segment.
    name: String,
    /// The salt of the segment. If the file was recycled, its frames do not fit it.
    salt: Salt,
    /// The offset of the next frame.
    offset: u64,
    /// The sequence number of the next commit.
    next: Sequence,
}

impl Position {
    /// The beginning of the segment that holds this commit.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if there is none, or its header is corrupt, or an error of the disk.
    pub fn in_segment_of<E: From<io::Error> + From<Unreadable>>(
        commit: Sequence,
        journal: &dyn Disk,
    ) -> Result<Self, E> {
        let firsts = segment::list(journal)?;
        match firsts.iter().rfind(|&&first| first <= commit) {
            Some(&first) => Ok(Self::beginning_of::<E>(first, journal)?.0),
            None => Err(missing(segment::name(commit)).into()),
        }
    }

    /// The beginning of the segment with this first commit.
    fn beginning_of<E: From<io::Error> + From<Unreadable>>(
        first: Sequence,
        journal: &dyn Disk,
    ) -> Result<(Self, SegmentHeader), E> {
        let name = segment::name(first);
        let file = open::<E>(&name, journal)?;
        let unreadable = |what: String| Unreadable { file: name.clone(), offset: 0, what };
        let mut header = [0; segment_header::BYTES];
        file.read_exact_at(&mut header, 0)?;
        let header = SegmentHeader::decode(&header, segment_header::MAGIC);
        let header = header.map_err(|error: SegmentHeaderError| unreadable(error.to_string()))?;
        if header.first != first {
            return Err(unreadable(format!("it begins with commit {}", header.first.0)).into());
        }
        let offset = segment_header::BYTES as u64;
        Ok((Self { name, salt: header.salt, offset, next: first }, header))
    }

    /// Passes the frames from here to `each`, until it ends the walk, and moves behind the last one. The
    /// journal must hold all frames up to there.
    ///
    /// At most `read_bytes_max` bytes are read at a time, or one frame.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if a frame is missing or corrupt, an error of the disk, or that of `each`. The position
    /// is that of the frame then.
    pub fn walk<E: From<io::Error> + From<Unreadable>>(
        &mut self,
        journal: &dyn Disk,
        read_bytes_max: usize,
        each: &mut dyn FnMut(&Found<'_>) -> Result<Step, E>,
    ) -> Result<(), E> {
        loop {
            let file = open::<E>(&self.name, journal)?;
            let Some(successor) = self.walk_segment(&*file, read_bytes_max, each)? else { return Ok(()) };
            let (next, header) = Self::beginning_of::<E>(self.next, journal)?;
            if header.trailer() != successor {
                let what = "it does not follow the previous segment".to_owned();
                return Err(Unreadable { file: next.name, offset: 0, what }.into());
            }
            *self = next;
        }
    }

    /// Walks to the trailer of the segment, and returns its payload. The position is that of the trailer
    /// then. `None` if the walk has ended.
    fn walk_segment<E: From<io::Error> + From<Unreadable>>(
        &mut self,
        file: &dyn DiskFile,
        read_bytes_max: usize,
        each: &mut dyn FnMut(&Found<'_>) -> Result<Step, E>,
    ) -> Result<Option<[u8; TRAILER_PAYLOAD_BYTES]>, E> {
        let mut frames = FrameReader::from(file, self.salt, self.offset, read_bytes_max);
        loop {
            let (name, offset) = (&*self.name, self.offset);
            let unreadable = |what: String| Unreadable { file: name.to_owned(), offset, what };
            let frame = frames.next_frame()?.ok_or_else(|| unreadable("it ends early".to_owned()))?;
            let header = frame.header;
            if header.first != self.next {
                let what = format!("commit {} follows, not {}", header.first.0, self.next.0);
                return Err(unreadable(what).into());
            }
            let found = Found { frame, file: name, offset };
            let step = each(&found)?;
            if step == Step::EndBefore {
                return Ok(None);
            }
            if header.kind == Kind::Trailer && step == Step::On {
                let payload =
                    frame.payload.try_into().map_err(|_| found.malformed(&DecodeError::Malformed))?;
                return Ok(Some(payload));
            }
            if header.kind == Kind::Commits {
                self.next.0 += u64::from(header.commits);
            }
            self.offset = frames.offset();
            if step == Step::EndAfter {
                return Ok(None);
            }
        }
    }
}

/// Opens a segment.
fn open<E: From<io::Error> + From<Unreadable>>(
    name: &str,
    journal: &dyn Disk,
) -> Result<Box<dyn DiskFile>, E> {
    match journal.open(name) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(missing(name.to_owned()).into()),
        file => Ok(file?),
    }
}

fn missing(file: String) -> Unreadable {
    Unreadable { file, offset: 0, what: "it is missing".to_owned() }
}
