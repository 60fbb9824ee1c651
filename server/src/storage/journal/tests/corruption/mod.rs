//! Corruption of every kind to a journal at rest. Recovery refuses, naming file and offset, or yields all
//! that was acknowledged: never fewer, never a panic, never a hang.

mod bits;
mod pieces;
mod sectors;
mod segments;
mod truncation;

use std::ops::Range;

use super::generate::Draft;
use super::history::{History, append, commit, options};
use super::image::Image;
use super::rng::Rng;
use super::sim_disk::SimDisk;
use crate::codec::Sequence;
use crate::codec::frame;
use crate::codec::frame::Kind;
use crate::codec::segment_header;
use crate::codec::segment_header::SegmentHeader;
use crate::storage::journal::Corruption;
use crate::storage::journal::replay::{self, Base, Recovered};
use crate::storage::journal::segment::{self};
use crate::storage::journal::{Durability, OpenError};

/// Segments of this size hold some dozens of commits: every bit can be tried.
pub const TINY: u64 = 4 << 10;

/// A journal at rest.
#[derive(Debug, Clone)]
pub struct AtRest {
    pub image: Image,
    pub history: History,
}

impl AtRest {
    /// Written with segments of `segment_size` until `segments` are in use, each commit acknowledged before
    /// the next, then five more; then closed.
    pub fn marked(segment_size: u64, segments: usize, draft: impl Fn(&mut Rng) -> Draft) -> Self {
        Self::written(segment_size, draft, |disk, _| disk.image().segments().len() >= segments)
    }

    /// The same with five commits more than `commits`.
    pub fn of(commits: u64, segment_size: u64, draft: impl Fn(&mut Rng) -> Draft) -> Self {
        Self::written(segment_size, draft, |_, history| history.len() >= commits)
    }

    fn written(
        segment_size: u64,
        draft: impl Fn(&mut Rng) -> Draft,
        enough: impl Fn(&SimDisk, &History) -> bool,
    ) -> Self {
        let mut rng = Rng::new(7);
        let disk = SimDisk::new(7);
        let mut history = History::default();
        let (journal, _) =
            history.open(&disk, options(Durability::Always, segment_size)).expect("a fresh journal");
        while !enough(&disk, &history) {
            commit(&mut history, &journal, &draft(&mut rng)).expect("a disk that behaves");
        }
        for _ in 0..5 {
            commit(&mut history, &journal, &draft(&mut rng)).expect("a disk that behaves");
        }
        journal.close().expect("a disk that behaves");
        Self { image: disk.image(), history }
    }

    /// The same after a crash right behind the last commit: no durability marker proves it durable.
    pub fn unmarked(segment_size: u64, segments: usize, draft: impl Fn(&mut Rng) -> Draft) -> Self {
        let mut journal = Self::marked(segment_size, segments, draft);
        let last = journal.last_segment();
        let frames = frames(journal.image.bytes(&last));
        let markers = frames.iter().rev().take_while(|frame| frame.kind == Kind::Marker);
        let from = markers.last().expect("it was marked durable").place.start;
        journal.image.bytes_mut(&last)[from..].fill(0);
        journal
    }

    pub fn last_segment(&self) -> String {
        self.image.segments().pop().expect("there is one at least")
    }

    pub fn acknowledged(&self) -> Sequence {
        Sequence(self.history.acknowledged())
    }

    pub fn recover(&self) -> Result<Recovered, OpenError> {
        recover(&self.image, &self.history)
    }

    /// Refused by a message that names file and offset, or all there. Returns how often it was refused: 0 or
    /// 1.
    #[track_caller]
    pub fn check(&self, what: impl Fn() -> String) -> usize {
        match self.recover() {
            Ok(recovered) => {
                assert_eq!(recovered.last, self.acknowledged(), "{}: acknowledged commits are gone", what());
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

/// A frame that stands in a segment.
#[derive(Debug, Clone)]
pub struct Standing {
    pub place: Range<usize>,
    pub kind: Kind,
    /// Its last commit, or the one before it if it has none.
    pub last: Sequence,
}

/// All frames of a segment, in order.
pub fn frames(bytes: &[u8]) -> Vec<Standing> {
    let salt = SegmentHeader::decode(bytes, segment_header::MAGIC).expect("a whole segment").salt;
    let mut frames = Vec::new();
    let mut at = segment_header::BYTES;
    while let Some(frame) = frame::read(&bytes[at..], &salt) {
        let place = at..at + frame::len(frame.payload.len());
        at = place.end;
        let last = Sequence(frame.header.first.0 + u64::from(frame.header.commits) - 1);
        frames.push(Standing { place, kind: frame.header.kind, last });
    }
    frames
}

/// Where the frames of a segment end.
pub fn used(bytes: &[u8]) -> usize {
    frames(bytes).last().map_or(segment_header::BYTES, |frame| frame.place.end)
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

/// Opens it in earnest, appends, and finds it all again.
pub fn goes_on(image: &Image, history: &History) {
    let mut history = history.clone();
    history.forget_acknowledgements();
    let disk = SimDisk::holding(image, 1);
    let mut rng = Rng::new(1);
    let options = options(Durability::Always, TINY);
    history.begun();
    {
        let (journal, _) = history.open(&disk, options).expect("it was recovered before");
        for _ in 0..3 {
            append(&mut history, &journal, &Draft::any(&mut rng)).expect("a disk that behaves");
        }
        commit(&mut history, &journal, &Draft::any(&mut rng)).expect("a disk that behaves");
    }
    let disk = disk.cut_power();
    let (journal, recovered) = history.open(&disk, options).expect("it was closed");
    assert_eq!(recovered.last.0, history.len());
    drop(journal);
}
