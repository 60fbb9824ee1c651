//! Reading a snapshot back: as a whole or not at all.

use std::io;

use thiserror::Error;

use super::{MAGIC, name, parse_name};
use crate::domain::{Contradiction, Fact};
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
pub enum Wrong {
    /// The system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Its header.
    #[error("{0}")]
    Head(#[from] BadHead),
    /// A frame that is not whole, or not in its place.
    #[error("it is damaged here")]
    Frame,
    /// Contents that this program does not understand.
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    /// Contents that contradict one another.
    #[error("it contradicts itself: {0}")]
    Contradiction(#[from] Contradiction),
}

/// The system's number for an input/output error.
const EIO: i32 = 5;

impl BadSnapshot {
    /// Is it damaged, rather than newer than this program, or out of the system's reach for now?
    pub fn is_damage(&self) -> bool {
        match &self.what {
            Wrong::Head(BadHead::Damaged) | Wrong::Frame | Wrong::Contradiction(_) => true,
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
        let mut header = [0; segment::HEADER];
        file.read_exact_at(&mut header, 0).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => bad(BadHead::Damaged.into()),
            _ => bad(e.into()),
        })?;
        let head = Head::decode(&header, MAGIC).map_err(|e| bad(e.into()))?;
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

    /// Reads all of it and applies none: is it whole? Says how many facts it has.
    pub fn verify(&self) -> Result<u64, BadSnapshot> {
        let mut facts = 0;
        self.read(&mut |_, _| {
            facts += 1;
            Ok(())
        })?;
        Ok(facts)
    }

    /// Gives each fact, with the number of its event or entry, to `apply`.
    pub fn read(
        &self,
        apply: &mut dyn FnMut(u64, &Fact<'_>) -> Result<(), Contradiction>,
    ) -> Result<(), BadSnapshot> {
        let mut frames = FrameReader::new(&*self.file, self.head.salt);
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
                Kind::Facts => facts += read_facts(frame.payload, apply).map_err(bad)?,
                Kind::Footer if frame.payload == u64::to_le_bytes(facts) => return Ok(()),
                Kind::Unknown(kind) => return Err(bad(Unreadable::UnknownFrame(kind).into())),
                _ => return Err(bad(Wrong::Frame)),
            }
            debug_assert!(frame.payload.len() <= frame::MAX_PAYLOAD);
        }
    }

    fn bad(&self, offset: u64, what: Wrong) -> BadSnapshot {
        BadSnapshot { file: self.name.clone(), offset, what }
    }
}

fn read_facts(
    mut payload: &[u8],
    apply: &mut dyn FnMut(u64, &Fact<'_>) -> Result<(), Contradiction>,
) -> Result<u64, Wrong> {
    let mut facts = 0;
    while !payload.is_empty() {
        let (number, rest) = payload.split_first_chunk::<8>().ok_or(Unreadable::Malformed)?;
        let (fact, rest) = commit::split_fact(rest)?;
        apply(u64::from_le_bytes(*number), &fact)?;
        payload = rest;
        facts += 1;
    }
    Ok(facts)
}
