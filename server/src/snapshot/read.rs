//! Reading a snapshot back: as a whole or not at all.

use std::io;

use thiserror::Error;

use super::contents::{Contents, Misplaced};
use super::{MAGIC, name, parse_name};
use crate::domain::{Contradiction, Fact, Impossible};
use crate::journal::commit::{self, Unreadable};
use crate::journal::disk::{Disk, DiskFile};
use crate::journal::frame::Kind;
use crate::journal::reader::FrameReader;
use crate::journal::segment::{self, BadHead, Head};
use crate::journal::{Sequence, frame};

/// Why a snapshot cannot be used.
#[derive(Debug, Error)]
#[error("snapshot {file}, offset {offset}: {what}")]
pub struct BadSnapshot {
    /// The file.
    pub file: String,
    /// Where in it, in bytes.
    pub offset: u64,
    /// What is wrong.
    pub what: Wrong,
}

/// What is wrong with a snapshot.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Wrong {
    /// The system said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its header.
    #[error(transparent)]
    Head(#[from] BadHead),
    /// A sequence that no journal reaches.
    #[error("it claims to hold {} commits, and no more than {} are possible", .0.0, Sequence::MAX.0)]
    Sequence(Sequence),
    /// A frame that is not whole, or not in its place.
    #[error("it is damaged here")]
    Frame,
    /// Something behind the footer, with which a snapshot ends.
    #[error("it ends here, and {0} bytes stand behind its end")]
    Behind(u64),
    /// Contents that this program does not understand.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Contents that no server decides.
    #[error(transparent)]
    Impossible(#[from] Impossible),
    /// Contents in a place where they cannot be.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    /// Contents that contradict one another.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
}

/// The system's number for an input/output error.
const EIO: i32 = 5;

impl BadSnapshot {
    /// Is it damaged, rather than newer than this program, or out of the system's reach for now?
    pub fn is_damage(&self) -> bool {
        match &self.what {
            Wrong::Head(BadHead::Damaged)
            | Wrong::Sequence(_)
            | Wrong::Frame
            | Wrong::Behind(_)
            | Wrong::Impossible(_)
            | Wrong::Misplaced(_)
            | Wrong::Contradiction(_) => true,
            Wrong::Unreadable(unreadable) => *unreadable == Unreadable::Malformed,
            // What a bad sector says.
            Wrong::Io(error) => error.raw_os_error() == Some(EIO),
            Wrong::Head(BadHead::Format { .. }) => false,
        }
    }
}

/// An open snapshot.
#[derive(Debug)]
pub struct Snapshot {
    file: Box<dyn DiskFile>,
    name: String,
    head: Head,
}

/// The sequences of all snapshots on the disk, newest first.
pub fn list(disk: &dyn Disk) -> io::Result<Vec<Sequence>> {
    let mut sequences: Vec<Sequence> = disk.list()?.iter().filter_map(|name| parse_name(name)).collect();
    sequences.sort_unstable_by(|a, b| b.cmp(a));
    Ok(sequences)
}

impl Snapshot {
    /// Opens the snapshot of `sequence`. Only its header is checked.
    pub fn open(disk: &dyn Disk, sequence: Sequence) -> Result<Snapshot, BadSnapshot> {
        let snapshot = Snapshot::open_file(disk, &name(sequence))?;
        if snapshot.head.first == sequence { Ok(snapshot) } else { Err(snapshot.bad(0, Wrong::Frame)) }
    }

    /// Opens a snapshot by its file name, whatever that is.
    pub fn open_file(disk: &dyn Disk, name: &str) -> Result<Snapshot, BadSnapshot> {
        let bad = |what| BadSnapshot { file: name.to_owned(), offset: 0, what };
        let file = disk.open(name).map_err(|e| bad(e.into()))?;
        let head = read_head(&*file).map_err(bad)?;
        Ok(Snapshot { file, name: name.to_owned(), head })
    }

    /// The last commit that it holds.
    pub fn sequence(&self) -> Sequence {
        self.head.first
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> Result<u64, BadSnapshot> {
        self.file.len().map_err(|e| self.bad(0, e.into()))
    }

    /// Reads all of it and applies none: is it whole, and are its contents possible? Says how many facts it has.
    pub fn verify(&self) -> Result<u64, BadSnapshot> {
        let mut facts = 0;
        self.read(&mut |_, _| {
            facts += 1;
            Ok(())
        })?;
        Ok(facts)
    }

    /// Gives each fact, with the number of its event or entry, to `apply`. Nothing that is impossible gets so far.
    pub fn read(
        &self,
        apply: &mut dyn FnMut(u64, &Fact<'_>) -> Result<(), Contradiction>,
    ) -> Result<(), BadSnapshot> {
        let mut frames = FrameReader::new(&*self.file, self.head.salt);
        let mut contents = Contents::new(self.head.first);
        let (mut crc, mut facts) = (0, 0);
        loop {
            let offset = frames.offset();
            let bad = |what| self.bad(offset, what);
            let frame = frames.next_frame().map_err(|e| bad(e.into()))?.ok_or_else(|| bad(Wrong::Frame))?;
            if frame.header.first != self.head.first || frame.header.previous != crc {
                return Err(bad(Wrong::Frame));
            }
            crc = frame.crc;
            match frame.header.kind {
                Kind::Facts => {
                    let mut each = |number, fact: &Fact<'_>| {
                        contents.add(number, fact)?;
                        Ok(apply(number, fact)?)
                    };
                    facts += read_facts(frame.payload, &mut each).map_err(bad)?;
                }
                Kind::Footer if frame.payload == u64::to_le_bytes(facts) => break,
                Kind::Unknown(kind) => return Err(bad(Unreadable::UnknownFrame(kind).into())),
                _ => return Err(bad(Wrong::Frame)),
            }
            debug_assert!(frame.payload.len() <= frame::MAX_PAYLOAD);
        }
        let end = frames.offset();
        let length = self.file.len().map_err(|e| self.bad(end, e.into()))?;
        if length > end { Err(self.bad(end, Wrong::Behind(length - end))) } else { Ok(()) }
    }

    fn bad(&self, offset: u64, what: Wrong) -> BadSnapshot {
        BadSnapshot { file: self.name.clone(), offset, what }
    }
}

/// The header of a file that is a snapshot by what it begins with.
pub fn read_head(file: &dyn DiskFile) -> Result<Head, Wrong> {
    let mut header = [0; segment::HEADER];
    file.read_exact_at(&mut header, 0).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => BadHead::Damaged.into(),
        _ => Wrong::Io(e),
    })?;
    let head = Head::decode(&header, MAGIC)?;
    if head.first > Sequence::MAX { Err(Wrong::Sequence(head.first)) } else { Ok(head) }
}

fn read_facts(
    mut payload: &[u8],
    each: &mut dyn FnMut(u64, &Fact<'_>) -> Result<(), Wrong>,
) -> Result<u64, Wrong> {
    let mut facts = 0;
    while !payload.is_empty() {
        let (number, rest) = payload.split_first_chunk::<8>().ok_or(Unreadable::Malformed)?;
        let (fact, rest) = commit::split_fact(rest)?;
        each(u64::from_le_bytes(*number), &fact)?;
        payload = rest;
        facts += 1;
    }
    Ok(facts)
}
