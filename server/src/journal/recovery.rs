//! Reading a journal back after a stop of any kind.
//!
//! Sectors that were never synced may have reached the disk in any order, so a bad frame alone says nothing: it may
//! be the torn end of what nobody was told. It is *damage* if anything vouches that it was once synced: a later whole
//! frame whose `durable_through` reaches it, a segment that follows, or a snapshot that holds it. Damage is refused by
//! file, offset and sequence; a torn end is cut, and the space behind it zeroed and synced before anything is
//! appended, so that its remains never meet a later reader. The one limit: damage to the very last write before a
//! crash, with no seal behind it, cannot be told from a torn end.
//!
//! What is read may stand in the page cache only, and after a failed sync the system believes it clean. So all that
//! nothing behind it vouches for is written again, then synced, before any of it is told.

use std::collections::VecDeque;
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

/// Something in the journal that must not be passed over. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the journal cannot be read: {file}, offset {offset}, sequence {}: {what}", sequence.0)]
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
    #[error("{}", with_advice(.0))]
    Head(#[from] BadHead),
    /// A file that lost its end.
    #[error(
        "the file was made with {made} bytes and has {found}: what was behind them is missing, and it may have been \
         acknowledged. {ADVICE}"
    )]
    Shorter {
        /// Its length in its header.
        made: u64,
        /// Its length.
        found: u64,
    },
    /// A bad frame that was once good.
    #[error("this frame is damaged, and {witness} shows that it was once whole. {ADVICE}")]
    Frame {
        /// What vouches for it.
        witness: Witness,
    },
    /// A good frame in a place where it does not belong.
    #[error("a frame stands here that belongs elsewhere (it begins with sequence {}). {ADVICE}", found.0)]
    OutOfPlace {
        /// The sequence that it begins with.
        found: Sequence,
    },
    /// A segment that another one names, or that the order of names wants.
    #[error("this segment is missing. {ADVICE}")]
    Missing,
    /// A segment that does not continue the one before.
    #[error("this segment does not follow the one before it. {ADVICE}")]
    NotTheSuccessor,
    /// Contents that this program does not understand.
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    /// Contents that contradict what stands before them.
    #[error("it contradicts what stands before it: {0}. {ADVICE}")]
    Contradiction(#[from] Contradiction),
}

/// A newer format says itself what to do.
fn with_advice(bad: &BadHead) -> String {
    if *bad == BadHead::Damaged { format!("{bad}. {ADVICE}") } else { bad.to_string() }
}

/// What to do about damage.
const ADVICE: &str = "Nothing was changed. Restore the file from a backup; without one, keep a copy of the data \
                      directory before you try anything else";

/// What vouches for a commit that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Witness {
    /// A later frame, or the beginning of a later segment.
    #[error("{file}, offset {offset},")]
    Place {
        /// In which file.
        file: String,
        /// Where.
        offset: u64,
    },
    /// A snapshot.
    #[error("the snapshot that was made of sequence {}", .0.0)]
    Snapshot(Sequence),
    /// The clean-shutdown record.
    #[error("the orderly stop at sequence {}, recorded in clean-stop,", .0.0)]
    CleanStop(Sequence),
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The last commit.
    pub last: Sequence,
    /// Commits read and applied.
    pub commits: u64,
    /// Facts read and applied.
    pub facts: u64,
    /// Bytes of the frames that hold them.
    pub bytes: u64,
    /// Segments read.
    pub segments: usize,
    /// The torn end that is cut, if there is one: file and offset.
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
    pub vouched: Sequence,
    /// The last commit when the server stopped in order, if nothing was written since.
    pub clean_stop: Option<Sequence>,
    /// There is no journal yet: to find none is no damage.
    pub fresh: bool,
}

/// What a close frame says of the next segment.
pub(super) fn successor(head: &Head) -> [u8; 24] {
    let mut payload = [0; 24];
    payload[..8].copy_from_slice(&head.first.0.to_le_bytes());
    payload[8..].copy_from_slice(head.salt.bytes());
    payload
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
            Read::Scan(scan) => scan.take_up(disk),
            Read::Fresh(last) => {
                let tail =
                    begin(disk, segment_size, last.next()).map_err(io_error("beginning", segment::SPARE))?;
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
        vouched: base.vouched.max(base.snapshot),
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
    Err(reader.damage(&missing, 0, Wrong::Missing).into())
}

fn begin(disk: &dyn Disk, segment_size: u64, first: Sequence) -> io::Result<Tail> {
    let head = Head { first, salt: Salt::random(), length: Some(segment_size) };
    let file = segment::make_spare(disk, segment_size, || true)?;
    segment::adopt_spare(disk, &*file, &head)?;
    let before = Sequence(first.0 - 1);
    Ok(Tail {
        file,
        name: segment::name(head.first),
        salt: head.salt,
        at: segment::HEADER as u64,
        space: segment_size,
        crc: 0,
        written: before,
        synced: before,
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
    vouched: Sequence,
    /// The last commit at an orderly stop, if nothing was written since.
    clean_stop: Option<Sequence>,
    /// The sequence that must come next.
    next: Sequence,
    /// CRC of the last frame; unknown before the first one of a journal whose beginning was trimmed.
    crc: Option<u32>,
    /// What the close frame before names.
    expected: Option<[u8; 24]>,
    /// Frames of the segment being read that no later frame vouches for: the last sequence and where it begins.
    unvouched: VecDeque<(Sequence, usize)>,
    /// The segment before, for as long as nothing vouches for its close frame.
    previous: Option<Segment>,
    found: Recovered,
}

impl Reader<'_> {
    fn damage(&self, file: &str, offset: usize, what: Wrong) -> Damage {
        Damage { file: file.to_owned(), offset: offset as u64, sequence: self.next, what }
    }

    fn read_segment(&mut self, first: Sequence) -> Result<Segment, OpenError> {
        let name = segment::name(first);
        if first != self.next {
            let missing = segment::name(self.next);
            return Err(self.damage(&missing, 0, Wrong::Missing).into());
        }
        let (file, bytes) = read_file(self.disk, &name)?;
        let head = self.read_head(&name, &bytes)?;
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

    /// The header of a segment that has its full length.
    fn read_head(&self, name: &str, bytes: &[u8]) -> Result<Head, Damage> {
        let head = Head::decode(bytes, segment::MAGIC).map_err(|bad| self.damage(name, 0, bad.into()))?;
        let found = bytes.len() as u64;
        match head.length {
            Some(made) if found < made => Err(self.damage(name, bytes.len(), Wrong::Shorter { made, found })),
            _ => Ok(head),
        }
    }

    fn read_frames(&mut self, segment: &mut Segment) -> Result<End, Damage> {
        self.unvouched.clear();
        loop {
            let rest = segment.bytes.get(segment.at..).unwrap_or_default();
            let Some(frame) = frame::read(rest, &segment.salt) else {
                return self.judge_the_end(segment, rest);
            };
            let follows = self.crc.is_none_or(|crc| frame.header.previous == crc);
            if frame.header.first != self.next || !follows {
                let wrong = Wrong::OutOfPlace { found: frame.header.first };
                return Err(self.damage(&segment.name, segment.at, wrong));
            }
            self.read_frame(&frame).map_err(|wrong| self.damage(&segment.name, segment.at, wrong))?;
            self.vouch(&frame, segment.at);
            // The first half of a seal shares its sector with what it vouches for.
            segment.sealed = frame.header.kind == Kind::Seal && segment.at.is_multiple_of(frame::SECTOR);
            self.crc = Some(frame.crc);
            let length = frame::len(frame.payload.len());
            segment.at += length;
            if self.next > self.base.next() {
                self.found.bytes += length as u64;
            }
            if frame.header.kind == Kind::Close {
                return Ok(End::Closed);
            }
        }
    }

    /// Takes note of what a frame says of those before it, and of the frame itself.
    fn vouch(&mut self, frame: &Frame<'_>, at: usize) {
        self.previous = None;
        while self.unvouched.front().is_some_and(|&(last, _)| last <= frame.header.durable_through) {
            self.unvouched.pop_front();
        }
        // A seal is two frames of one sync: only a commit behind it tells that it was synced.
        let sealing = frame.header.kind == Kind::Seal;
        let last = if sealing { self.next } else { Sequence(self.next.0 - 1) };
        self.unvouched.push_back((last, at));
    }

    fn read_frame(&mut self, frame: &Frame<'_>) -> Result<(), Wrong> {
        match frame.header.kind {
            Kind::Commits => self.read_commits(frame),
            Kind::Seal => Ok(()),
            Kind::Close => {
                let payload = frame.payload.try_into().map_err(|_| Unreadable::Malformed)?;
                self.expected = Some(payload);
                Ok(())
            }
            Kind::Facts | Kind::Footer => Err(Unreadable::Malformed.into()),
            Kind::Unknown(kind) => Err(Unreadable::UnknownFrame(kind).into()),
        }
    }

    fn read_commits(&mut self, frame: &Frame<'_>) -> Result<(), Wrong> {
        for commit in commit::decode(frame.payload, frame.header.first) {
            let commit = commit?;
            if commit.sequence > self.base {
                for fact in commit.facts() {
                    fact?;
                    self.found.facts += 1;
                }
                (self.apply)(commit)?;
                self.found.commits += 1;
            }
            self.next = self.next.next();
        }
        let counted = self.next.0 - frame.header.first.0;
        if counted == u64::from(frame.header.commits) { Ok(()) } else { Err(Unreadable::Malformed.into()) }
    }

    /// No whole frame stands at the end of what was read. Is that the torn end of something nobody was told, or does
    /// a witness say that there was more?
    fn judge_the_end(&self, segment: &Segment, rest: &[u8]) -> Result<End, Damage> {
        let damaged = |witness| Err(self.damage(&segment.name, segment.at, Wrong::Frame { witness }));
        if self.next <= self.vouched {
            return damaged(Witness::Snapshot(self.vouched));
        }
        match self.clean_stop {
            Some(stop) if self.next <= stop => return damaged(Witness::CleanStop(stop)),
            // Nothing was written behind it: what stands there is what the file held before it became this segment.
            Some(stop) if self.next == stop.next() => return Ok(End::Torn { dirty: false }),
            _ => {}
        }
        let dirty = rest.iter().any(|&byte| byte != 0);
        if dirty && let Some((at, _)) = frame::find_proof(rest, &segment.salt, self.next) {
            return damaged(Witness::Place { file: segment.name.clone(), offset: (segment.at + at) as u64 });
        }
        Ok(End::Torn { dirty })
    }

    /// The frames ended in `last`. Behind it may only be the one segment that was begun when the crash came: it is
    /// begun when everything before it is synced, so its name vouches for that.
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
            let frames = bytes.get(segment::HEADER..).unwrap_or_default();
            // All before a segment is synced when it is begun, so any frame of it proves that.
            let used = frame::find_proof(frames, &head.salt, Sequence(self.next.0 - 1)).is_some();
            if used || first != self.next || behind.len() > 1 {
                let witness = Witness::Place { file: name, offset: 0 };
                return Err(self.damage(&last.name, last.at, Wrong::Frame { witness }).into());
            }
        }
        self.found.last = Sequence(self.next.0 - 1);
        // Behind a seal stands what a recycled file held before.
        self.found.cut = (dirty && !last.sealed).then(|| (last.name.clone(), last.at as u64));
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
    /// The one before, if nothing vouches for its close frame.
    previous: Option<Segment>,
    /// A segment that was begun and not used.
    unused: Option<String>,
    /// From here on nothing vouches for the frames of the last segment.
    rewrite_from: usize,
    /// CRC of the last frame.
    crc: u32,
    found: Recovered,
}

impl Scan {
    /// Makes what was read durable, cuts a torn end, and says where writing goes on.
    fn take_up(self, disk: &dyn Disk) -> Result<(Tail, Recovered), OpenError> {
        let Scan { last, dirty, previous, unused, rewrite_from, crc, found } = self;
        let space = last.bytes.len() as u64;
        if dirty {
            last.clear().map_err(io_error("clearing the end of", &last.name))?;
        }
        if let Some(previous) = &previous {
            // Its frames were synced before its close was written.
            previous.rewrite(previous.at - frame::CLOSE_LEN)?;
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
            sealed: last.sealed || last.at == segment::HEADER,
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
