//! What holds for any bytes that stand where a frame, a commit, a change or a snapshot should: no panic, no
//! hang, no allocation by a length that nobody checked. The same is done for longer by the fuzz targets in
//! `fuzz/`.

use std::sync::Arc;

use bookline_protocol::{Date, Slot};
use proptest::prelude::*;

use crate::codec::frame;
use crate::codec::frame::{Header, Kind};
use crate::codec::segment_header;
use crate::codec::segment_header::{Salt, SegmentHeader};
use crate::codec::{Sequence, commit};
use crate::domain::{Change, EntryNumber, EventKey, EventNumber};
use crate::storage::journal::segment::{self};
use crate::storage::journal::tests::image::Image;
use crate::storage::journal::{Base, check};
use crate::storage::snapshot::read::Snapshot;
use crate::storage::snapshot::{MAGIC, name};

/// A change with its own texts.
#[derive(Debug, Clone)]
enum Owned {
    Created { tag: u16, id: String, name: String, date: Date, total: u32, issued: u32 },
    Issued { event: EventKey, tickets: Vec<[u8; 16]> },
    Block { slot: Slot, who: String },
    Meeting { slot: Slot, who: String, title: String, group: String, host: String },
    Freed { slot: Slot, entry: EntryNumber },
}

impl Owned {
    fn change(&self) -> Change<'_> {
        match *self {
            Self::Created { tag, ref id, ref name, date, total, issued } => {
                Change::EventCreated { tag, id, name, date, total, issued }
            }
            Self::Issued { event, ref tickets } => Change::TicketsIssued { event, tickets },
            Self::Block { slot, ref who } => Change::BlockTaken { slot, who },
            Self::Meeting { slot, ref who, ref title, ref group, ref host } => {
                Change::MeetingTaken { slot, who, title, group, host }
            }
            Self::Freed { slot, entry } => Change::EntryFreed { slot, entry },
        }
    }
}

fn slot() -> impl Strategy<Value = Slot> {
    (24..3_652_060 * 24_u32).prop_map(|index| Slot::from_index(index).expect("an hour of the calendar"))
}

fn change() -> impl Strategy<Value = Owned> {
    let text = || "\\PC{0,30}";
    let event = || (any::<u16>(), any::<u64>()).prop_map(|(tag, n)| EventKey { tag, number: EventNumber(n) });
    let date = (1..3_652_060_u32).prop_map(|n| Date::from_day_number(n).expect("a day of the calendar"));
    prop_oneof![
        (any::<u16>(), text(), text(), date, any::<u32>(), any::<u32>()).prop_map(
            |(tag, id, name, date, total, issued)| Owned::Created { tag, id, name, date, total, issued }
        ),
        (event(), prop::collection::vec(any::<[u8; 16]>(), 0..9))
            .prop_map(|(event, tickets)| Owned::Issued { event, tickets }),
        (slot(), text()).prop_map(|(slot, who)| Owned::Block { slot, who }),
        (slot(), text(), text(), text(), text()).prop_map(|(slot, who, title, group, host)| Owned::Meeting {
            slot,
            who,
            title,
            group,
            host
        }),
        (slot(), any::<u64>()).prop_map(|(slot, n)| Owned::Freed { slot, entry: EntryNumber(n) }),
    ]
}

/// Bytes that begin as something and go on as anything: changes, with a few bytes changed.
fn nearly_changes() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (prop::collection::vec(change(), 0..5), edits, any::<bool>()).prop_map(|(changes, edits, numbered)| {
        let mut bytes = Vec::new();
        for change in &changes {
            if numbered {
                bytes.extend_from_slice(&7_u64.to_le_bytes());
            }
            commit::encode_change(&mut bytes, &change.change());
        }
        for (at, byte) in edits.into_iter().filter(|_| !changes.is_empty()) {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

fn nearly_commits() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let commits = prop::collection::vec(prop::collection::vec(change(), 0..3), 1..4);
    (commits, edits).prop_map(|(commits, edits)| {
        let mut bytes = Vec::new();
        for changes in &commits {
            commit::encode(&mut bytes, 5, &changes.iter().map(Owned::change).collect::<Vec<_>>());
        }
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::collection::vec(any::<u8>(), 0..120), nearly_changes(), nearly_commits()]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        8 => Just(Kind::Changes),
        4 => Just(Kind::Footer),
        4 => Just(Kind::Commits),
        1 => Just(Kind::Marker),
        1 => Just(Kind::Trailer),
        1 => (6..=u8::MAX).prop_map(Kind::Unknown),
    ]
}

fn image(name: &str, bytes: Vec<u8>) -> Image {
    Image([(name.to_owned(), Arc::new(bytes))].into())
}

/// A file of whole frames with the right links, whatever is in them.
fn file(magic: &[u8; 8], first: u64, frames: &[(Kind, Vec<u8>)]) -> Vec<u8> {
    let salt = Salt::new([7; 16]);
    let mut bytes = SegmentHeader { first: Sequence(first), salt, length: None }.encode(magic).to_vec();
    let mut previous = 0;
    for (kind, payload) in frames {
        let commits = u32::try_from(commit::decode(payload, Sequence(1)).count()).expect("a few");
        let header = Header {
            kind: *kind,
            first: Sequence(first),
            commits,
            durable_through: Sequence(first),
            previous,
        };
        let (frame, crc) = frame::bare(&header, payload, &salt);
        bytes.extend(frame);
        previous = crc;
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_fact_comes_back_as_it_was(change in change(), behind in prop::collection::vec(any::<u8>(), 0..9)) {
        let mut bytes = Vec::new();
        commit::encode_change(&mut bytes, &change.change());
        bytes.extend_from_slice(&behind);
        let (read, rest) = commit::split_change(&bytes).expect("it is whole");
        prop_assert_eq!((read, rest), (change.change(), &behind[..]));
    }

    #[test]
    fn no_bytes_break_the_reader_of_commits(bytes in payload()) {
        let mut taken = 0;
        for commit in commit::decode(&bytes, Sequence(1)) {
            let Ok(commit) = commit else { break };
            // A change has four bytes at least, so that walking ends.
            taken += 20 + 4 * commit.changes().take_while(Result::is_ok).count();
        }
        prop_assert!(taken <= bytes.len());
        let (mut rest, mut changes) = (&bytes[..], 0);
        while let Ok((_, behind)) = commit::split_change(rest) {
            prop_assert!(behind.len() + 4 <= rest.len());
            (rest, changes) = (behind, changes + 1);
        }
        prop_assert!(changes * 4 <= bytes.len());
    }

    #[test]
    fn no_bytes_break_the_reader_of_frames(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let salt = Salt::new([7; 16]);
        if let Some(frame) = frame::read(&bytes, &salt) {
            prop_assert!(frame::len(frame.payload.len()) <= bytes.len());
        }
        if let Some((at, frame)) = frame::find_proof(&bytes, &salt, Sequence(0)) {
            prop_assert!(at + frame::len(frame.payload.len()) <= bytes.len());
        }
    }

    #[test]
    fn no_bytes_break_the_reader_of_snapshots(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let opened = Snapshot::open(&image(&name(Sequence(7)), bytes), Sequence(7));
        prop_assert!(opened.is_err(), "chance does not find a header");
    }

    #[test]
    fn no_contents_break_the_reader_of_snapshots(frames in prop::collection::vec((kind(), payload()), 0..5)) {
        let mut frames = frames;
        // The right number of changes now and then, so that it is read to its end.
        let changes = frames.len() as u64 % 3;
        frames.push((Kind::Footer, changes.to_le_bytes().to_vec()));
        let bytes = file(MAGIC, 7, &frames);
        let length = bytes.len() as u64;
        let disk = image(&name(Sequence(7)), bytes);
        let snapshot = Snapshot::open(&disk, Sequence(7)).expect("its header is right");
        match snapshot.verify() {
            Ok(changes) => prop_assert!(changes * 12 <= length),
            Err(bad) => prop_assert!(bad.offset < length, "{}", bad),
        }
    }

    #[test]
    fn no_contents_break_the_reader_of_segments(
        frames in prop::collection::vec((kind(), payload()), 1..4),
        first in prop_oneof![Just(1), any::<u64>()],
    ) {
        let mut bytes = file(segment_header::MAGIC, first, &frames);
        bytes.resize(bytes.len() + 512, 0);
        let length = bytes.len() as u64;
        let mut commits = 0;
        let name = segment::name(Sequence(first));
        let base = Base { snapshot: Sequence(first.saturating_sub(1)), ..Base::default() };
        let checked = check(&image(&name, bytes), base, &mut |_| {
            commits += 1;
            Ok(())
        });
        prop_assert!(commits * 20 <= length);
        if let Ok(found) = checked {
            prop_assert_eq!(found.commits, commits);
        }
    }
}
