//! Reading a journal back after a stop of any kind.
//!
//! Sectors that were never synced may have reached the disk in any order, so a bad frame alone says nothing: it may
//! be the torn tail of what nobody was told. It is *corruption* if anything proves that it was once synced: a later whole
//! frame whose `durable_through` reaches it, a segment that follows, or a snapshot that holds it. Corruption is refused by
//! file, offset and sequence; a torn tail is cut, and the space behind it zeroed and synced before anything is
//! appended, so that its remains never meet a later reader. The one limit: corruption to the very last write before a
//! crash, with no durability marker behind it, cannot be told from a torn tail.
//!
//! What is read may stand in the page cache only, and after a failed sync the system believes it clean. So all that
//! nothing behind it proves durable is written again, then synced, before any of it is told.

use std::collections::VecDeque;
use std::io;

use super::disk::{Disk, DiskFile};
use super::error::{Corruption, CorruptionKind, OpenError, Proof};
use super::segment::{self};
use super::tail::Tail;
use crate::codec::Sequence;
use crate::codec::commit;
use crate::codec::commit::{Commit, Unreadable};
use crate::codec::frame;
use crate::codec::frame::{Frame, Kind};
use crate::codec::segment_header;
use crate::codec::segment_header::{Salt, SegmentHeader};
use crate::domain::Contradiction;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The last commit.
    pub last: Sequence,
    /// Commits read and applied.
    pub commits: u64,
    /// Changes read and applied.
    pub changes: u64,
    /// Bytes of the frames that hold them.
    pub bytes: u64,
    /// Segments read.
    pub segments: usize,
    /// The torn tail that is cut, if there is one: file and offset.
    pub cut: Option<(String, u64)>,
}

/// Applies one commit.
pub type Apply<'a> = &'a mut dyn FnMut(Commit<'_>) -> Result<(), Contradiction>;

/// From where to read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Base {
    /// A snapshot holds all commits up to this one.
    pub snapshot: Sequence,
    /// A snapshot, whole or not, was made of all commits up to this one: they were durable.
    pub known_durable: Sequence,
    /// The last commit when the server stopped in order, if nothing was written since.
    pub clean_stop: Option<Sequence>,
    /// There is no journal yet: to find none is no corruption.
    pub fresh: bool,
}

/// A journal that was read. Nothing on disk was changed.
pub(super) enum Read {
    /// There is none yet; a snapshot may hold the commits up to this one.
    Fresh(Sequence),
    /// There is one.
    Scan(Box<Scan>),
}

/// Reads the journal on `disk`.
pub(super) fn read(disk: &dyn Disk, base: Base, apply: Apply<'_>) -> Result<Read, OpenError> {
    let firsts = segment::list(disk).map_err(io_error("listing", "its directory"))?;
    if firsts.is_empty() && base.fresh {
        return Ok(Read::Fresh(base.snapshot));
    }
    Ok(Read::Scan(Box::new(scan(disk, base, apply)?)))
}

impl Read {
    /// Makes what was read durable, truncates a torn tail, and says where writing goes on. A fresh disk gets its first
    /// segment.
    pub fn take_up(self, disk: &dyn Disk, segment_size: u64) -> Result<(Tail, Recovered), OpenError> {
        match self {
            Self::Scan(scan) => scan.take_up(disk),
            Self::Fresh(last) => {
                let tail = begin(disk, segment_size, last.next())
                    .map_err(io_error("beginning", segment::PREALLOCATED))?;
                Ok((tail, Recovered { last, segments: 1, ..Recovered::default() }))
            }
        }
    }
}

/// Reads the journal on `disk` as recovery would, and changes nothing.
pub fn check(disk: &dyn Disk, base: Base, apply: Apply<'_>) -> Result<Recovered, OpenError> {
    Ok(scan(disk, base, apply)?.found)
}

fn scan(disk: &dyn Disk, base: Base, apply: Apply<'_>) -> Result<Scan, OpenError> {
    let firsts = segment::list(disk).map_err(io_error("listing", "its directory"))?;
    // Segments that the snapshot holds as a whole are not needed.
    let wanted = base.snapshot.next();
    let from = firsts.iter().rposition(|&first| first <= wanted).unwrap_or(0);
    let next = firsts.get(from).map_or(wanted, |&first| first.min(wanted));
    let mut reader = Reader {
        disk,
        apply,
        base: base.snapshot,
        known_durable: base.known_durable.max(base.snapshot),
        clean_stop: base.clean_stop,
        next,
        crc: (next == Sequence(1)).then_some(0),
        expected: None,
        unvouched: VecDeque::new(),
        previous: None,
        found: Recovered::default(),
    };
    for (i, &first) in firsts.iter().enumerate().skip(from) {
        let segment = reader.read_segment(first)?;
        match segment.end {
            End::Closed => reader.previous = Some(segment),
            End::Torn { dirty } => return reader.judge_what_is_behind(&firsts[i + 1..], segment, dirty),
        }
    }
    // Nothing is there, or the last one is closed and names a segment that is not.
    let missing = segment::name(reader.next);
    Err(reader.corruption(&missing, 0, CorruptionKind::Missing).into())
}

fn begin(disk: &dyn Disk, segment_size: u64, first: Sequence) -> io::Result<Tail> {
    let head = SegmentHeader { first, salt: Salt::random(), length: Some(segment_size) };
    let file = segment::preallocate(disk, segment_size, || true)?;
    segment::adopt_preallocated(disk, &*file, &head)?;
    let before = Sequence(first.0 - 1);
    Ok(Tail {
        file,
        name: segment::name(head.first),
        salt: head.salt,
        at: segment_header::BYTES as u64,
        space: segment_size,
        crc: 0,
        written: before,
        synced: before,
        marked: true,
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
    /// Is the last frame a durability marker?
    marked: bool,
    end: End,
}

impl Segment {
    /// Writes what stands from `from` to the end of the frames again, and syncs it.
    fn rewrite(&self, from: usize) -> Result<(), OpenError> {
        let written = self.file.write_all_at(&self.bytes[from..self.at], from as u64);
        written.and_then(|()| self.file.sync()).map_err(io_error("making sure of", &self.name))
    }

    /// Zeros all behind the frames. What is zero is not written: a segment is large, and most of it is.
    fn clear(&self) -> io::Result<()> {
        let mut at = self.at;
        while at < self.bytes.len() {
            let end = (at + 1).next_multiple_of(CLEARED_AT_ONCE).min(self.bytes.len());
            if self.bytes[at..end].iter().any(|&byte| byte != 0) {
                self.file.zero(at as u64, end as u64)?;
            }
            at = end;
        }
        Ok(())
    }
}

/// The space behind a torn write is looked at, and cleared, in pieces of this size.
const CLEARED_AT_ONCE: usize = 64 << 10;

struct Reader<'a> {
    disk: &'a dyn Disk,
    apply: Apply<'a>,
    /// Commits up to this one are in the snapshot.
    base: Sequence,
    /// Commits up to this one were durable.
    known_durable: Sequence,
    /// The last commit at an orderly stop, if nothing was written since.
    clean_stop: Option<Sequence>,
    /// The sequence that must come next.
    next: Sequence,
    /// CRC of the last frame; unknown before the first one of a journal whose beginning was trimmed.
    crc: Option<u32>,
    /// What the close frame before names.
    expected: Option<[u8; 24]>,
    /// Frames of the segment being read that no later frame proves durable: the last sequence and where it begins.
    unvouched: VecDeque<(Sequence, usize)>,
    /// The segment before, for as long as nothing proves durable its close frame.
    previous: Option<Segment>,
    found: Recovered,
}

impl Reader<'_> {
    fn corruption(&self, file: &str, offset: usize, what: CorruptionKind) -> Corruption {
        Corruption { file: file.to_owned(), offset: offset as u64, sequence: self.next, what }
    }

    fn read_segment(&mut self, first: Sequence) -> Result<Segment, OpenError> {
        let name = segment::name(first);
        if first != self.next {
            let missing = segment::name(self.next);
            return Err(self.corruption(&missing, 0, CorruptionKind::Missing).into());
        }
        let (file, bytes) = read_file(self.disk, &name)?;
        let head = self.read_head(&name, &bytes)?;
        let follows = self.expected.is_none_or(|expected| expected == head.trailer());
        if head.first != first || !follows {
            return Err(self.corruption(&name, 0, CorruptionKind::NotTheSuccessor).into());
        }
        self.found.segments += 1;
        let mut segment = Segment {
            file,
            name,
            salt: head.salt,
            bytes,
            at: segment_header::BYTES,
            marked: false,
            end: End::Closed,
        };
        segment.end = self.read_frames(&mut segment)?;
        Ok(segment)
    }

    /// The header of a segment that has its full length.
    fn read_head(&self, name: &str, bytes: &[u8]) -> Result<SegmentHeader, Corruption> {
        let head = SegmentHeader::decode(bytes, segment_header::MAGIC)
            .map_err(|bad| self.corruption(name, 0, bad.into()))?;
        let found = bytes.len() as u64;
        match head.length {
            Some(made) if found < made => {
                Err(self.corruption(name, bytes.len(), CorruptionKind::Shorter { made, found }))
            }
            _ => Ok(head),
        }
    }

    fn read_frames(&mut self, segment: &mut Segment) -> Result<End, Corruption> {
        self.unvouched.clear();
        loop {
            let rest = segment.bytes.get(segment.at..).unwrap_or_default();
            let Some(frame) = frame::read(rest, &segment.salt) else {
                return self.judge_the_end(segment, rest);
            };
            let follows = self.crc.is_none_or(|crc| frame.header.previous == crc);
            if frame.header.first != self.next || !follows {
                let wrong = CorruptionKind::OutOfPlace { found: frame.header.first };
                return Err(self.corruption(&segment.name, segment.at, wrong));
            }
            self.read_frame(&frame).map_err(|wrong| self.corruption(&segment.name, segment.at, wrong))?;
            self.note_durable(&frame, segment.at);
            // The first half of a durability marker shares its sector with what it proves durable.
            segment.marked =
                frame.header.kind == Kind::Marker && segment.at.is_multiple_of(frame::SECTOR_BYTES);
            self.crc = Some(frame.crc);
            let length = frame::len(frame.payload.len());
            segment.at += length;
            if self.next > self.base.next() {
                self.found.bytes += length as u64;
            }
            if frame.header.kind == Kind::Trailer {
                return Ok(End::Closed);
            }
        }
    }

    /// Takes note of what a frame says of those before it, and of the frame itself.
    fn note_durable(&mut self, frame: &Frame<'_>, at: usize) {
        self.previous = None;
        while self.unvouched.front().is_some_and(|&(last, _)| last <= frame.header.durable_through) {
            self.unvouched.pop_front();
        }
        // A durability marker is two frames of one sync: only a commit behind it tells that it was synced.
        let sealing = frame.header.kind == Kind::Marker;
        let last = if sealing { self.next } else { Sequence(self.next.0 - 1) };
        self.unvouched.push_back((last, at));
    }

    fn read_frame(&mut self, frame: &Frame<'_>) -> Result<(), CorruptionKind> {
        match frame.header.kind {
            Kind::Commits => self.read_commits(frame),
            Kind::Marker => Ok(()),
            Kind::Trailer => {
                let payload = frame.payload.try_into().map_err(|_| Unreadable::Malformed)?;
                self.expected = Some(payload);
                Ok(())
            }
            Kind::Changes | Kind::Footer => Err(Unreadable::Malformed.into()),
            Kind::Unknown(kind) => Err(Unreadable::UnknownFrame(kind).into()),
        }
    }

    fn read_commits(&mut self, frame: &Frame<'_>) -> Result<(), CorruptionKind> {
        for commit in commit::decode(frame.payload, frame.header.first) {
            let commit = commit?;
            if commit.sequence > self.base {
                for change in commit.changes() {
                    change?;
                    self.found.changes += 1;
                }
                (self.apply)(commit)?;
                self.found.commits += 1;
            }
            self.next = self.next.next();
        }
        let counted = self.next.0 - frame.header.first.0;
        if counted == u64::from(frame.header.commits) { Ok(()) } else { Err(Unreadable::Malformed.into()) }
    }

    /// No whole frame stands at the end of what was read. Is that the torn tail of something nobody was told, or does
    /// a proof say that there was more?
    fn judge_the_end(&self, segment: &Segment, rest: &[u8]) -> Result<End, Corruption> {
        let corrupt =
            |proof| Err(self.corruption(&segment.name, segment.at, CorruptionKind::Frame { proof }));
        if self.next <= self.known_durable {
            return corrupt(Proof::Snapshot(self.known_durable));
        }
        match self.clean_stop {
            Some(stop) if self.next <= stop => return corrupt(Proof::CleanStop(stop)),
            // Nothing was written behind it: what stands there is what the file held before it became this segment.
            Some(stop) if self.next == stop.next() => return Ok(End::Torn { dirty: false }),
            _ => {}
        }
        let dirty = rest.iter().any(|&byte| byte != 0);
        if dirty && let Some((at, _)) = frame::find_proof(rest, &segment.salt, self.next) {
            return corrupt(Proof::Place { file: segment.name.clone(), offset: (segment.at + at) as u64 });
        }
        Ok(End::Torn { dirty })
    }

    /// The frames ended in `last`. Behind it may only be the one segment that was begun when the crash came: it is
    /// begun when everything before it is synced, so its name proves durable that.
    fn judge_what_is_behind(
        mut self,
        behind: &[Sequence],
        last: Segment,
        dirty: bool,
    ) -> Result<Scan, OpenError> {
        for &first in behind {
            let name = segment::name(first);
            let (_, bytes) = read_file(self.disk, &name)?;
            let head = self.read_head(&name, &bytes)?;
            let frames = bytes.get(segment_header::BYTES..).unwrap_or_default();
            // All before a segment is synced when it is begun, so any frame of it proves that.
            let used = frame::find_proof(frames, &head.salt, Sequence(self.next.0 - 1)).is_some();
            if used || first != self.next || behind.len() > 1 {
                let proof = Proof::Place { file: name, offset: 0 };
                return Err(self.corruption(&last.name, last.at, CorruptionKind::Frame { proof }).into());
            }
        }
        self.found.last = Sequence(self.next.0 - 1);
        // Behind a durability marker stands what a recycled file held before.
        self.found.cut = (dirty && !last.marked).then(|| (last.name.clone(), last.at as u64));
        let unused = behind.first().map(|&first| segment::name(first));
        let rewrite_from = self.unvouched.front().map_or(last.at, |&(_, at)| at);
        let crc = self.crc.unwrap_or(0);
        Ok(Scan { last, dirty, previous: self.previous, unused, rewrite_from, crc, found: self.found })
    }
}

/// A journal that was read and may be taken up.
pub(super) struct Scan {
    /// The segment in which it ends.
    last: Segment,
    /// Is there anything but zeros behind its frames?
    dirty: bool,
    /// The one before, if nothing proves durable its close frame.
    previous: Option<Segment>,
    /// A segment that was begun and not used.
    unused: Option<String>,
    /// From here on nothing proves durable the frames of the last segment.
    rewrite_from: usize,
    /// CRC of the last frame.
    crc: u32,
    found: Recovered,
}

impl Scan {
    /// Makes what was read durable, cuts a torn tail, and says where writing goes on.
    fn take_up(self, disk: &dyn Disk) -> Result<(Tail, Recovered), OpenError> {
        let Self { last, dirty, previous, unused, rewrite_from, crc, found } = self;
        let space = last.bytes.len() as u64;
        if dirty {
            last.clear().map_err(io_error("clearing the end of", &last.name))?;
        }
        if let Some(previous) = &previous {
            // Its frames were synced before its close was written.
            previous.rewrite(previous.at - frame::TRAILER_BYTES)?;
        }
        last.rewrite(rewrite_from)?;
        if let Some(name) = unused {
            disk.remove(&name).map_err(io_error("removing the unused segment", &name))?;
        }
        disk.sync().map_err(io_error("syncing", "its directory"))?;
        let tail = Tail {
            file: last.file,
            name: last.name,
            salt: last.salt,
            at: last.at as u64,
            space,
            crc,
            written: found.last,
            synced: found.last,
            marked: last.marked || last.at == segment_header::BYTES,
        };
        Ok((tail, found))
    }
}

fn read_file(disk: &dyn Disk, name: &str) -> Result<(Box<dyn DiskFile>, Vec<u8>), OpenError> {
    let file = disk.open(name).map_err(io_error("opening", name))?;
    let bytes = file.read_all().map_err(io_error("reading", name))?;
    Ok((file, bytes))
}

fn io_error(doing: &'static str, file: &str) -> impl FnOnce(io::Error) -> OpenError {
    move |error| OpenError::Io { doing, file: file.to_owned(), error }
}
