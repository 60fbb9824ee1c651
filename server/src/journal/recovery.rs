//! Reading a journal back after a stop of any kind.
//!
//! Sectors that were never synced may have reached the disk in any order, so a bad frame alone says nothing: it may
//! be the torn end of what nobody was told. It is *damage* if anything vouches that it was once synced: a later whole
//! frame whose `durable_through` reaches it, or a segment that follows. Damage is refused by file, offset and
//! sequence; a torn end is cut, and the space behind it zeroed and synced before anything is appended, so that its
//! remains never meet a later reader. The one limit: damage to the very last frame before a crash, with no seal
//! behind it, cannot be told from a torn end.

use std::io;

use thiserror::Error;

use super::Sequence;
use super::commit::{self, Commit, Unreadable};
use super::committer::Tail;
use super::disk::{Disk, DiskFile};
use super::frame::{self, Frame, Kind};
use super::handle::OpenError;
use super::segment::{self, BadHead, Head, Salt};
use crate::domain::Contradiction;

/// Something in the journal that must not be passed over.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the journal is damaged: {file}, offset {offset}, sequence {}: {what}; nothing was changed. \
     Restore this file from a backup, or move the data directory away and start afresh",
    sequence.0
)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// Where in it, in bytes.
    pub offset: u64,
    /// The commit that should be there.
    pub sequence: Sequence,
    /// What is wrong.
    pub what: Wrong,
}

/// What is wrong at a place of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Wrong {
    /// The segment's header.
    #[error("{0}")]
    Head(#[from] BadHead),
    /// A bad frame that was once good.
    #[error(
        "this frame is damaged, and the frame at {witness_file}, offset {witness_offset}, shows that it was written whole"
    )]
    Frame {
        /// Where the witness is.
        witness_file: String,
        /// And at which offset.
        witness_offset: u64,
    },
    /// A good frame in a place where it does not belong.
    #[error("a frame stands here that belongs elsewhere (it begins with sequence {})", found.0)]
    OutOfPlace {
        /// The sequence that it begins with.
        found: Sequence,
    },
    /// A segment that another one names, or that the order of names wants.
    #[error("this segment is missing")]
    Missing,
    /// A segment that does not continue the one before.
    #[error("this segment does not follow the one before it")]
    NotTheSuccessor,
    /// Contents that this program does not understand.
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    /// Contents that contradict what stands before them.
    #[error("it contradicts what stands before it: {0}")]
    Contradiction(#[from] Contradiction),
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The last commit.
    pub last: Sequence,
    /// Commits read.
    pub commits: u64,
    /// Facts read.
    pub facts: u64,
    /// Segments read.
    pub segments: usize,
    /// The torn end that was cut, if there was one: file and offset.
    pub cut: Option<(String, u64)>,
}

/// Applies one commit.
pub type Apply<'a> = &'a mut dyn FnMut(Commit<'_>) -> Result<(), Contradiction>;

/// What a close frame says of the next segment.
pub(super) fn successor(head: &Head) -> [u8; 24] {
    let mut payload = [0; 24];
    payload[..8].copy_from_slice(&head.first.0.to_le_bytes());
    payload[8..].copy_from_slice(head.salt.bytes());
    payload
}

/// Reads the journal on `disk`, makes it durable as read, and says where writing goes on. An empty disk gets its first
/// segment.
pub(super) fn recover(
    disk: &dyn Disk,
    segment_size: u64,
    apply: Apply<'_>,
) -> Result<(Tail, Recovered), OpenError> {
    let firsts = segment::list(disk).map_err(io_error("listing"))?;
    if firsts.is_empty() {
        let tail = begin(disk, segment_size).map_err(io_error("beginning"))?;
        return Ok((
            tail,
            Recovered {
                segments: 1,
                ..Recovered::default()
            },
        ));
    }
    let mut reader = Reader {
        disk,
        apply,
        next: Sequence(1),
        crc: 0,
        expected: None,
        found: Recovered::default(),
    };
    for (i, &first) in firsts.iter().enumerate() {
        let read = reader.read_segment(first)?;
        match read.end {
            End::Closed => {}
            End::Torn { dirty } => return reader.resume(&firsts[i + 1..], read, dirty),
        }
    }
    // The last one is closed and names a segment that is not there.
    let missing = segment::name(reader.next);
    Err(reader.damage(&missing, 0, Wrong::Missing).into())
}

fn begin(disk: &dyn Disk, segment_size: u64) -> io::Result<Tail> {
    let head = Head {
        first: Sequence(1),
        salt: Salt::random(),
    };
    let file = segment::make_spare(disk, segment_size)?;
    segment::adopt_spare(disk, &*file, &head)?;
    Ok(Tail {
        file,
        name: segment::name(head.first),
        salt: head.salt,
        at: segment::HEADER as u64,
        crc: 0,
        written: Sequence(0),
        synced: Sequence(0),
        sealed: true,
    })
}

/// How the frames of a segment end.
enum End {
    /// With a close frame.
    Closed,
    /// Without one. `dirty` when anything but zeros stands behind the last frame.
    Torn { dirty: bool },
}

/// A segment that was read.
struct Segment {
    file: Box<dyn DiskFile>,
    name: String,
    salt: Salt,
    bytes: Vec<u8>,
    /// Where its frames end.
    at: usize,
    /// Is the last frame a seal?
    sealed: bool,
    end: End,
}

struct Reader<'a> {
    disk: &'a dyn Disk,
    apply: Apply<'a>,
    /// The sequence that must come next.
    next: Sequence,
    /// CRC of the last frame.
    crc: u32,
    /// What the close frame before names.
    expected: Option<[u8; 24]>,
    found: Recovered,
}

impl Reader<'_> {
    fn damage(&self, file: &str, offset: usize, what: Wrong) -> Damage {
        Damage {
            file: file.to_owned(),
            offset: offset as u64,
            sequence: self.next,
            what,
        }
    }

    fn read_segment(&mut self, first: Sequence) -> Result<Segment, OpenError> {
        let name = segment::name(first);
        if first != self.next {
            let missing = segment::name(self.next);
            return Err(self.damage(&missing, 0, Wrong::Missing).into());
        }
        let (file, bytes) = read_file(self.disk, &name)?;
        let head = Head::decode(&bytes).map_err(|bad| self.damage(&name, 0, bad.into()))?;
        let follows = self.expected.is_none_or(|expected| expected == successor(&head));
        if head.first != first || !follows {
            return Err(self.damage(&name, 0, Wrong::NotTheSuccessor).into());
        }
        self.found.segments += 1;
        let mut segment = Segment {
            file,
            name,
            salt: head.salt,
            bytes,
            at: segment::HEADER,
            sealed: false,
            end: End::Closed,
        };
        segment.end = self.read_frames(&mut segment)?;
        Ok(segment)
    }

    fn read_frames(&mut self, segment: &mut Segment) -> Result<End, Damage> {
        loop {
            let rest = segment.bytes.get(segment.at..).unwrap_or_default();
            let Some(frame) = frame::read(rest, &segment.salt) else {
                return self.judge_the_end(segment, rest);
            };
            if frame.header.first != self.next || frame.header.previous != self.crc {
                let wrong = Wrong::OutOfPlace {
                    found: frame.header.first,
                };
                return Err(self.damage(&segment.name, segment.at, wrong));
            }
            self.read_frame(&frame)
                .map_err(|wrong| self.damage(&segment.name, segment.at, wrong))?;
            self.crc = frame.crc;
            segment.at += frame::len(frame.payload.len());
            segment.sealed = frame.header.kind == Kind::Seal;
            if frame.header.kind == Kind::Close {
                return Ok(End::Closed);
            }
        }
    }

    fn read_frame(&mut self, frame: &Frame<'_>) -> Result<(), Wrong> {
        match frame.header.kind {
            Kind::Seal => Ok(()),
            Kind::Close => {
                let payload = frame.payload.try_into().map_err(|_| Unreadable::Malformed)?;
                self.expected = Some(payload);
                Ok(())
            }
            Kind::Commits => self.read_commits(frame),
        }
    }

    fn read_commits(&mut self, frame: &Frame<'_>) -> Result<(), Wrong> {
        for commit in commit::decode(frame.payload, frame.header.first) {
            let commit = commit?;
            for fact in commit.facts() {
                fact?;
                self.found.facts += 1;
            }
            (self.apply)(commit)?;
            self.next = self.next.next();
            self.found.commits += 1;
        }
        let counted = self.next.0 - frame.header.first.0;
        if counted == u64::from(frame.header.commits) {
            Ok(())
        } else {
            Err(Unreadable::Malformed.into())
        }
    }

    /// No whole frame stands at the end of what was read. Is that the torn end of something nobody was told, or does
    /// a witness behind it say that there was more?
    fn judge_the_end(&self, segment: &Segment, rest: &[u8]) -> Result<End, Damage> {
        let dirty = rest.iter().any(|&byte| byte != 0);
        if dirty {
            let witness =
                frame::search(rest, &segment.salt).find(|(_, f)| f.header.durable_through >= self.next);
            if let Some((at, _)) = witness {
                return Err(self.witnessed(segment, &segment.name, segment.at + at));
            }
        }
        Ok(End::Torn { dirty })
    }

    fn witnessed(&self, segment: &Segment, witness_file: &str, witness_offset: usize) -> Damage {
        let wrong = Wrong::Frame {
            witness_file: witness_file.to_owned(),
            witness_offset: witness_offset as u64,
        };
        self.damage(&segment.name, segment.at, wrong)
    }

    /// The frames ended in `last`. Segments behind it may only be the one that was begun when the crash came, still
    /// empty.
    fn resume(
        mut self,
        behind: &[Sequence],
        last: Segment,
        dirty: bool,
    ) -> Result<(Tail, Recovered), OpenError> {
        for &first in behind {
            let name = segment::name(first);
            let (_, bytes) = read_file(self.disk, &name)?;
            let head = Head::decode(&bytes).map_err(|bad| self.damage(&name, 0, bad.into()))?;
            let frames = bytes.get(segment::HEADER..).unwrap_or_default();
            if let Some((at, _)) = frame::search(frames, &head.salt).next() {
                return Err(self.witnessed(&last, &name, segment::HEADER + at).into());
            }
        }
        if dirty {
            let end = last.bytes.len() as u64;
            last.file
                .zero(last.at as u64, end)
                .map_err(io_error("cutting the torn end of"))?;
            self.found.cut = Some((last.name.clone(), last.at as u64));
        }
        // After a kill the page cache may hold what the disk does not: only now may anything of it be told.
        last.file.sync().map_err(io_error("syncing"))?;
        for &first in behind {
            self.disk
                .remove(&segment::name(first))
                .map_err(io_error("removing an unused segment of"))?;
        }
        self.disk.sync().map_err(io_error("syncing the directory of"))?;
        let read = Sequence(self.next.0 - 1);
        self.found.last = read;
        let tail = Tail {
            file: last.file,
            name: last.name,
            salt: last.salt,
            at: last.at as u64,
            crc: self.crc,
            written: read,
            synced: read,
            sealed: last.sealed || last.at == segment::HEADER,
        };
        Ok((tail, self.found))
    }
}

fn read_file(disk: &dyn Disk, name: &str) -> Result<(Box<dyn DiskFile>, Vec<u8>), OpenError> {
    let file = disk.open(name).map_err(io_error("opening a segment of"))?;
    let bytes = file.read_all().map_err(io_error("reading a segment of"))?;
    Ok((file, bytes))
}

fn io_error(doing: &'static str) -> impl Fn(io::Error) -> OpenError {
    move |error| OpenError::Io { doing, error }
}
