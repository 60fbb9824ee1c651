//! Replay of the journal at a start, and the decision between a torn tail and corruption.
//!
//! Sectors that were not synced reach the disk in any order. So an invalid frame alone is ambiguous: it may
//! be a torn write that was never acknowledged. It is *corruption* if something proves it durable: a later
//! valid frame whose `durable_through` reaches it, a later segment, a snapshot that holds it, or the
//! clean-shutdown record. Corruption is refused with its file, offset and sequence number. A torn tail is
//! truncated: the space after the last valid frame is zeroed and synced before anything is appended, so that
//! no later replay reads its remains. The one limit: corruption of the last write before a crash, without a
//! durability marker after it, cannot be distinguished from a torn tail.
//!
//! The frames that are read may be in the page cache only, and after a failed sync the system considers them
//! clean. So frames that nothing proves durable are written again and synced before any of them is
//! acknowledged.

use std::collections::VecDeque;
use std::io;

use super::disk::{Disk, DiskFile};
use super::error::{Corruption, CorruptionKind, OpenError, Proof};
use super::segment::{self, FAST_FILL_BYTES_PER_SYNC};
use super::tail::Tail;
use crate::changes::commit::{self, Commit};
use crate::codec::DecodeError;
use crate::codec::Sequence;
use crate::codec::frame::{self, Frame, Kind};
use crate::codec::salt::Salt;
use crate::codec::segment_header::{self, SegmentHeader};
use crate::domain::Contradiction;

/// What a replay found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The sequence number of the last commit.
    pub last: Sequence,
    /// The latest time of the commits that were read, in microseconds since 1970 (UTC). The commits of a
    /// snapshot have no time, but the segment after it usually has some of them. `None` if no commit was
    /// read: there is none yet, or nothing was appended since a backup was restored, or a crash interrupted a
    /// rotation right after a snapshot.
    pub last_commit_micros: Option<i64>,
    /// The number of commits applied.
    pub commits: u64,
    /// The number of changes applied.
    pub changes: u64,
    /// The length of the frames that hold them, in bytes.
    pub bytes: u64,
    /// The number of segments read.
    pub segments: usize,
    /// The file and offset of the torn tail, if there is one.
    pub torn_tail: Option<(String, u64)>,
}

/// Applies a commit to the state.
pub type Apply<'a> = &'a mut dyn FnMut(Commit<'_>) -> Result<(), Contradiction>;

/// What is known of the journal before it is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Base {
    /// The last commit that the loaded snapshot holds.
    pub snapshot: Sequence,
    /// The last commit that any snapshot was made of, including corrupt ones. It was durable.
    pub known_durable: Sequence,
    /// The last commit at a graceful shutdown, if nothing was written since.
    pub clean_stop: Option<Sequence>,
    /// Whether no journal exists yet, so that it is no corruption to find none.
    pub fresh: bool,
}

/// The result of a replay. Nothing on disk was changed.
pub enum Replayed {
    /// There is no journal yet. A snapshot may hold the commits up to this one.
    Fresh(Sequence),
    /// There is a journal.
    Scan(Box<Scan>),
}

/// Replays the journal on `disk`, and changes nothing.
pub fn read(disk: &dyn Disk, base: Base, apply: Apply<'_>) -> Result<Replayed, OpenError> {
    let firsts = segment::list(disk).map_err(io_error("listing", "its directory"))?;
    if firsts.is_empty() && base.fresh {
        return Ok(Replayed::Fresh(base.snapshot));
    }
    Ok(Replayed::Scan(Box::new(scan(disk, base, apply)?)))
}

impl Replayed {
    /// Makes the frames that were read durable, truncates a torn tail, and returns the position of the next
    /// frame. On a fresh disk, creates the first segment.
    pub fn resume(self, disk: &dyn Disk, segment_size: u64) -> Result<(Tail, Recovered), OpenError> {
        match self {
            Self::Scan(scan) => scan.resume(disk),
            Self::Fresh(last) => {
                let tail = begin(disk, segment_size, last.next())
                    .map_err(io_error("beginning", segment::PREALLOCATED))?;
                Ok((tail, Recovered { last, segments: 1, ..Recovered::default() }))
            }
        }
    }
}

/// Replays the journal on `disk` as recovery does, and changes nothing.
///
/// # Errors
///
/// [`OpenError::Io`] if a file cannot be read, [`OpenError::Corruption`] if recovery would refuse the
/// journal.
pub fn check(disk: &dyn Disk, base: Base, apply: Apply<'_>) -> Result<Recovered, OpenError> {
    Ok(scan(disk, base, apply)?.recovered)
}

fn scan(disk: &dyn Disk, base: Base, apply: Apply<'_>) -> Result<Scan, OpenError> {
    let firsts = segment::list(disk).map_err(io_error("listing", "its directory"))?;
    // Segments all of whose commits are in the snapshot are skipped.
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
        successor: None,
        unproven: VecDeque::new(),
        previous: None,
        recovered: Recovered::default(),
    };
    for (i, &first) in firsts.iter().enumerate().skip(from) {
        let segment = reader.read_segment(first)?;
        match segment.end {
            SegmentEnd::Trailer => reader.previous = Some(segment),
            SegmentEnd::Open { dirty } => {
                return reader.check_later_segments(&firsts[i + 1..], segment, dirty);
            }
        }
    }
    // There is no segment, or the trailer of the last one names a segment that does not exist.
    let missing = segment::name(reader.next);
    Err(reader.corruption(&missing, 0, CorruptionKind::Missing).into())
}

fn begin(disk: &dyn Disk, segment_size: u64, first: Sequence) -> io::Result<Tail> {
    let header = SegmentHeader { first, salt: Salt::random(), length: Some(segment_size) };
    let file = segment::preallocate(disk, segment_size, |_| Some(FAST_FILL_BYTES_PER_SYNC))?;
    segment::adopt_preallocated(disk, &*file, &header)?;
    let before = Sequence(first.0 - 1);
    Ok(Tail {
        file,
        name: segment::name(header.first),
        salt: header.salt,
        offset: segment_header::BYTES as u64,
        file_bytes: segment_size,
        crc: 0,
        written: before,
        synced: before,
        marked: true,
    })
}

/// How the frames of a segment end.
enum SegmentEnd {
    /// With a trailer.
    Trailer,
    /// Without one. `dirty` if the space after the last frame is not all zeros.
    Open { dirty: bool },
}

/// A segment that was read.
struct Segment {
    file: Box<dyn DiskFile>,
    name: String,
    salt: Salt,
    bytes: Vec<u8>,
    /// The offset at which its frames end.
    frames_end: usize,
    /// Whether the last frame completes a durability marker.
    marked: bool,
    end: SegmentEnd,
}

impl Segment {
    /// Writes the frames from offset `from` again, and syncs them.
    fn rewrite(&self, from: usize) -> Result<(), OpenError> {
        let written = self.file.write_all_at(&self.bytes[from..self.frames_end], from as u64);
        written.and_then(|()| self.file.sync()).map_err(io_error("making sure of", &self.name))
    }

    /// Zeros the space after the frames. Pieces that are zero already are skipped, because most of a large
    /// segment is.
    fn clear(&self) -> io::Result<()> {
        let mut at = self.frames_end;
        while at < self.bytes.len() {
            let end = (at + 1).next_multiple_of(CLEAR_BYTES_PER_WRITE).min(self.bytes.len());
            if self.bytes[at..end].iter().any(|&byte| byte != 0) {
                self.file.zero(at as u64, end as u64)?;
            }
            at = end;
        }
        Ok(())
    }
}

/// The space after a torn tail is examined and cleared in pieces of this size.
const CLEAR_BYTES_PER_WRITE: usize = 64 << 10;

struct Reader<'a> {
    disk: &'a dyn Disk,
    apply: Apply<'a>,
    /// The last commit that the snapshot holds.
    base: Sequence,
    /// The last commit that is known durable without the journal.
    known_durable: Sequence,
    /// The last commit at a graceful shutdown, if nothing was written since.
    clean_stop: Option<Sequence>,
    /// The sequence number of the next commit.
    next: Sequence,
    /// The CRC of the last frame. Unknown before the first frame of a trimmed journal.
    crc: Option<u32>,
    /// The payload of the last trailer, which the header of the next segment must match.
    successor: Option<[u8; frame::TRAILER_PAYLOAD_BYTES]>,
    /// The frames of the current segment that no later frame proves durable: the sequence number that a proof
    /// must reach, and the offset of the frame.
    unproven: VecDeque<(Sequence, usize)>,
    /// The previous segment, as long as nothing proves its trailer durable.
    previous: Option<Segment>,
    recovered: Recovered,
}

impl Reader<'_> {
    fn corruption(&self, file: &str, offset: usize, kind: CorruptionKind) -> Corruption {
        Corruption { file: file.to_owned(), offset: offset as u64, sequence: self.next, kind }
    }

    fn read_segment(&mut self, first: Sequence) -> Result<Segment, OpenError> {
        let name = segment::name(first);
        if first != self.next {
            let missing = segment::name(self.next);
            return Err(self.corruption(&missing, 0, CorruptionKind::Missing).into());
        }
        let (file, bytes) = read_file(self.disk, &name)?;
        let header = self.read_header(&name, &bytes)?;
        let follows = self.successor.is_none_or(|successor| successor == header.trailer());
        if header.first != first || !follows {
            return Err(self.corruption(&name, 0, CorruptionKind::NotSuccessor).into());
        }
        self.recovered.segments += 1;
        let mut segment = Segment {
            file,
            name,
            salt: header.salt,
            bytes,
            frames_end: segment_header::BYTES,
            marked: false,
            end: SegmentEnd::Trailer,
        };
        segment.end = self.read_frames(&mut segment)?;
        Ok(segment)
    }

    /// Decodes the header of a segment, and checks that the file has its full length.
    fn read_header(&self, name: &str, bytes: &[u8]) -> Result<SegmentHeader, Corruption> {
        let header = SegmentHeader::decode(bytes, segment_header::MAGIC)
            .map_err(|error| self.corruption(name, 0, error.into()))?;
        let found = bytes.len() as u64;
        match header.length {
            Some(made) if found < made => {
                Err(self.corruption(name, bytes.len(), CorruptionKind::TooShort { made, found }))
            }
            _ => Ok(header),
        }
    }

    fn read_frames(&mut self, segment: &mut Segment) -> Result<SegmentEnd, Corruption> {
        self.unproven.clear();
        loop {
            let offset = segment.frames_end;
            let rest = segment.bytes.get(offset..).unwrap_or_default();
            let Some(frame) = frame::read(rest, &segment.salt) else {
                return self.classify_end(segment, rest);
            };
            let follows = self.crc.is_none_or(|crc| frame.header.previous == crc);
            if frame.header.first != self.next || !follows {
                let kind = CorruptionKind::OutOfPlace { found: frame.header.first };
                return Err(self.corruption(&segment.name, offset, kind));
            }
            self.read_frame(&frame).map_err(|kind| self.corruption(&segment.name, offset, kind))?;
            self.update_unproven(&frame, offset);
            // The first frame of a durability marker shares its sector with the commits that it proves
            // durable, so only the second frame, at the beginning of a sector, completes the marker.
            segment.marked = frame.header.kind == Kind::Marker && offset.is_multiple_of(frame::SECTOR_BYTES);
            self.crc = Some(frame.crc);
            let length = frame::len(frame.payload.len());
            segment.frames_end += length;
            if self.next > self.base.next() {
                self.recovered.bytes += length as u64;
            }
            if frame.header.kind == Kind::Trailer {
                return Ok(SegmentEnd::Trailer);
            }
        }
    }

    /// Removes the frames that this frame proves durable from `unproven`, and adds the frame itself.
    fn update_unproven(&mut self, frame: &Frame<'_>, offset: usize) {
        self.previous = None;
        while self.unproven.front().is_some_and(|&(last, _)| last <= frame.header.durable_through) {
            self.unproven.pop_front();
        }
        // The two frames of a durability marker are synced together, so neither proves the other durable.
        // Only a frame whose `durable_through` reaches the next commit does.
        let is_marker = frame.header.kind == Kind::Marker;
        let last = if is_marker { self.next } else { Sequence(self.next.0 - 1) };
        self.unproven.push_back((last, offset));
    }

    fn read_frame(&mut self, frame: &Frame<'_>) -> Result<(), CorruptionKind> {
        match frame.header.kind {
            Kind::Commits => self.read_commits(frame),
            Kind::Marker => Ok(()),
            Kind::Trailer => {
                let payload = frame.payload.try_into().map_err(|_| DecodeError::Malformed)?;
                self.successor = Some(payload);
                Ok(())
            }
            Kind::Changes
            | Kind::Footer
            | Kind::Genesis
            | Kind::Takeover
            | Kind::Heartbeat
            | Kind::Resign
            | Kind::SnapshotPoint => Err(DecodeError::Malformed.into()),
            Kind::Unknown(kind) => Err(DecodeError::UnknownFrame(kind).into()),
        }
    }

    fn read_commits(&mut self, frame: &Frame<'_>) -> Result<(), CorruptionKind> {
        for commit in commit::decode(frame.payload, frame.header.first) {
            let commit = commit?;
            self.recovered.last_commit_micros = self.recovered.last_commit_micros.max(Some(commit.micros));
            if commit.sequence > self.base {
                for change in commit.changes() {
                    change?;
                    self.recovered.changes += 1;
                }
                (self.apply)(commit)?;
                self.recovered.commits += 1;
            }
            self.next = self.next.next();
        }
        let counted = self.next.0 - frame.header.first.0;
        if counted == u64::from(frame.header.commits) { Ok(()) } else { Err(DecodeError::Malformed.into()) }
    }

    /// Decides what ends the frames of a segment where no valid frame follows: a torn tail or unused space,
    /// or corruption if something proves a further commit durable.
    fn classify_end(&self, segment: &Segment, rest: &[u8]) -> Result<SegmentEnd, Corruption> {
        let offset = segment.frames_end;
        let corrupt = |proof| Err(self.corruption(&segment.name, offset, CorruptionKind::Frame { proof }));
        if self.next <= self.known_durable {
            return corrupt(Proof::Snapshot(self.known_durable));
        }
        match self.clean_stop {
            Some(stop) if self.next <= stop => return corrupt(Proof::CleanStop(stop)),
            // Nothing was written after the last frame: any bytes there are those of a recycled file.
            Some(stop) if self.next == stop.next() => return Ok(SegmentEnd::Open { dirty: false }),
            _ => {}
        }
        let dirty = rest.iter().any(|&byte| byte != 0);
        if dirty && let Some((at, _)) = frame::find_proof(rest, &segment.salt, self.next) {
            return corrupt(Proof::Frame { file: segment.name.clone(), offset: (offset + at) as u64 });
        }
        Ok(SegmentEnd::Open { dirty })
    }

    /// Checks the segments after `last`, in which the frames end. There may be one, without frames, that a
    /// crash interrupted when the journal rotated into it. A segment is begun after everything before it was
    /// synced, so any other segment, or a frame in this one, proves that more commits were durable.
    fn check_later_segments(
        mut self,
        later: &[Sequence],
        last: Segment,
        dirty: bool,
    ) -> Result<Scan, OpenError> {
        for &first in later {
            let name = segment::name(first);
            let (_, bytes) = read_file(self.disk, &name)?;
            let header = self.read_header(&name, &bytes)?;
            let frames = bytes.get(segment_header::BYTES..).unwrap_or_default();
            let used = frame::find_proof(frames, &header.salt, Sequence(self.next.0 - 1)).is_some();
            if used || first != self.next || later.len() > 1 {
                let kind = CorruptionKind::Frame { proof: Proof::Frame { file: name, offset: 0 } };
                return Err(self.corruption(&last.name, last.frames_end, kind).into());
            }
        }
        self.recovered.last = Sequence(self.next.0 - 1);
        // Any bytes after a durability marker are those of a recycled file.
        let is_torn = dirty && !last.marked;
        self.recovered.torn_tail = is_torn.then(|| (last.name.clone(), last.frames_end as u64));
        let unused = later.first().map(|&first| segment::name(first));
        let rewrite_from = self.unproven.front().map_or(last.frames_end, |&(_, offset)| offset);
        let crc = self.crc.unwrap_or(0);
        let (previous, recovered) = (self.previous, self.recovered);
        Ok(Scan { last, dirty, previous, unused, rewrite_from, crc, recovered })
    }
}

/// A journal that was read and can be resumed.
pub struct Scan {
    /// The segment in which it ends.
    last: Segment,
    /// Whether the space after its frames is not all zeros.
    dirty: bool,
    /// The previous segment, if nothing proves its trailer durable.
    previous: Option<Segment>,
    /// The segment that a rotation began and no frame was written to.
    unused: Option<String>,
    /// The offset in the last segment from which nothing proves the frames durable.
    rewrite_from: usize,
    /// The CRC of the last frame.
    crc: u32,
    recovered: Recovered,
}

impl Scan {
    /// Makes the frames that were read durable, truncates a torn tail, and returns the position of the next
    /// frame.
    fn resume(self, disk: &dyn Disk) -> Result<(Tail, Recovered), OpenError> {
        let Self { last, dirty, previous, unused, rewrite_from, crc, recovered } = self;
        let file_bytes = last.bytes.len() as u64;
        if dirty {
            last.clear().map_err(io_error("clearing the end of", &last.name))?;
        }
        if let Some(previous) = &previous {
            // Its other frames were synced before its trailer was written.
            previous.rewrite(previous.frames_end - frame::TRAILER_BYTES)?;
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
            offset: last.frames_end as u64,
            file_bytes,
            crc,
            written: recovered.last,
            synced: recovered.last,
            marked: last.marked || last.frames_end == segment_header::BYTES,
        };
        Ok((tail, recovered))
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
