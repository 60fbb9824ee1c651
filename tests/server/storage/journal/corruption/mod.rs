//! Corruption of every kind in a stopped journal. Recovery refuses it, and names file and offset, or recovers
//! everything that was acknowledged. It never recovers less, panics or hangs.

mod bits;
mod pieces;
mod sectors;
mod segments;
mod truncation;

use std::ops::Range;

use bookline_server::codec::Sequence;
use bookline_server::codec::frame;
use bookline_server::codec::frame::Kind;
use bookline_server::codec::segment_header;
use bookline_server::codec::segment_header::SegmentHeader;
use bookline_server::storage::journal::Corruption;
use bookline_server::storage::journal::replay::{self, Base, Recovered};
use bookline_server::storage::journal::segment::{self};
use bookline_server::storage::journal::{Durability, OpenError};
use bookline_server::storage::log::Log;
use bookline_testkit::Rng;
use bookline_testkit::disk::Image;
use bookline_testkit::disk::SimDisk;

use super::generate::RandomCommit;
use super::history::{History, append, commit, options};

/// Segments of a few dozen commits, so small that a test can flip every bit of them.
pub const TINY: u64 = 4 << 10;

/// The files of a stopped journal, and its history.
#[derive(Debug, Clone)]
pub struct StoppedJournal {
    pub image: Image,
    pub history: History,
}

impl StoppedJournal {
    /// A closed journal of `segments` segments of `segment_size` bytes. Each commit was acknowledged before
    /// the next, and five commits follow after the last segment was begun.
    pub fn marked(
        segment_size: u64,
        segments: usize,
        random_commit: impl Fn(&mut Rng) -> RandomCommit,
    ) -> Self {
        Self::written(segment_size, random_commit, |disk, _| disk.image().segments().len() >= segments)
    }

    /// A closed journal of at least five commits more than `commits`.
    pub fn of(commits: u64, segment_size: u64, random_commit: impl Fn(&mut Rng) -> RandomCommit) -> Self {
        Self::written(segment_size, random_commit, |_, history| history.len() >= commits)
    }

    fn written(
        segment_size: u64,
        random_commit: impl Fn(&mut Rng) -> RandomCommit,
        enough: impl Fn(&SimDisk, &History) -> bool,
    ) -> Self {
        let mut rng = Rng::new(7);
        let disk = SimDisk::new(7);
        let mut history = History::default();
        let (journal, _) =
            history.open(&disk, options(Durability::Always, segment_size)).expect("a fresh journal");
        while !enough(&disk, &history) {
            commit(&mut history, &journal, &random_commit(&mut rng)).expect("no disk error");
        }
        for _ in 0..5 {
            commit(&mut history, &journal, &random_commit(&mut rng)).expect("no disk error");
        }
        journal.close().expect("no disk error");
        Self { image: disk.image(), history }
    }

    /// The same after a crash directly after the last commit, which no durability marker proves durable.
    pub fn unmarked(
        segment_size: u64,
        segments: usize,
        random_commit: impl Fn(&mut Rng) -> RandomCommit,
    ) -> Self {
        let mut journal = Self::marked(segment_size, segments, random_commit);
        let last = journal.last_segment();
        let frames = frames(journal.image.bytes(&last));
        let markers = frames.iter().rev().take_while(|frame| frame.kind == Kind::Marker);
        let from = markers.last().expect("a durability marker").range.start;
        journal.image.bytes_mut(&last)[from..].fill(0);
        journal
    }

    pub fn last_segment(&self) -> String {
        self.image.segments().pop().expect("at least one segment")
    }

    pub fn acknowledged(&self) -> Sequence {
        Sequence(self.history.acknowledged())
    }

    pub fn recover(&self) -> Result<Recovered, OpenError> {
        recover(&self.image, &self.history)
    }

    /// Asserts that recovery refuses the journal with a message that names file and offset, or recovers
    /// everything. Returns how often it was refused: 0 or 1. `what` describes the corruption.
    #[track_caller]
    pub fn check(&self, what: impl Fn() -> String) -> usize {
        match self.recover() {
            Ok(recovered) => {
                assert_eq!(recovered.last, self.acknowledged(), "{}: acknowledged commits are lost", what());
                0
            }
            Err(OpenError::Corruption(corruption)) => {
                let message = corruption.to_string();
                assert!(
                    message.contains(&corruption.file) && message.contains("offset"),
                    "{}: {message}",
                    what()
                );
                1
            }
            Err(error) => panic!("{}: {error}", what()),
        }
    }

    #[track_caller]
    pub fn corruption(&self) -> Corruption {
        match self.recover() {
            Err(OpenError::Corruption(corruption)) => corruption,
            other => panic!("not refused: {other:?}"),
        }
    }
}

/// A frame in a segment.
#[derive(Debug, Clone)]
pub struct FrameOnDisk {
    pub range: Range<usize>,
    pub kind: Kind,
    /// Its last commit, or the last one before it if it has none.
    pub last: Sequence,
}

/// All frames of a segment, in order.
pub fn frames(bytes: &[u8]) -> Vec<FrameOnDisk> {
    let salt = SegmentHeader::decode(bytes, segment_header::MAGIC).expect("a valid header").salt;
    let mut frames = Vec::new();
    let mut offset = segment_header::BYTES;
    while let Some(frame) = frame::read(&bytes[offset..], &salt) {
        let range = offset..offset + frame::len(frame.payload.len());
        offset = range.end;
        let last = Sequence(frame.header.first.0 + u64::from(frame.header.commits) - 1);
        frames.push(FrameOnDisk { range, kind: frame.header.kind, last });
    }
    frames
}

/// The offset at which the frames of a segment end.
pub fn frames_end(bytes: &[u8]) -> usize {
    frames(bytes).last().map_or(segment_header::BYTES, |frame| frame.range.end)
}

pub fn recover(image: &Image, history: &History) -> Result<Recovered, OpenError> {
    let base = Base { snapshot: Sequence(0), known_durable: Sequence(0), clean_stop: None, fresh: false };
    let mut next = 1;
    let read = replay::read(image, base, &mut |commit| {
        assert_eq!(commit.sequence.0, next, "commits come in order");
        next += 1;
        history.check(commit)
    })?;
    let (_, recovered) = read.resume(image, TINY)?;
    assert_eq!(recovered.last.0, next - 1);
    Ok(recovered)
}

/// Asserts that the journal can be opened and appended to, and that all of it is recovered afterwards.
pub fn assert_can_resume(image: &Image, history: &History) {
    let mut history = history.clone();
    history.forget_acknowledgements();
    let disk = SimDisk::holding(image, 1);
    let mut rng = Rng::new(1);
    let options = options(Durability::Always, TINY);
    history.set_begun();
    {
        let (journal, _) = history.open(&disk, options).expect("a journal that can be recovered");
        for _ in 0..3 {
            append(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("no disk error");
        }
        commit(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("no disk error");
    }
    let disk = disk.cut_power();
    let (journal, recovered) = history.open(&disk, options).expect("a closed journal");
    assert_eq!(recovered.last.0, history.len());
    drop(journal);
}
