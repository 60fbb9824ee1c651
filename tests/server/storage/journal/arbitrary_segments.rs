//! Segments of valid frames with arbitrary contents. The fuzz targets read whole files of them, `commit`,
//! `segment` and `snapshot`; here the first sequence number is arbitrary as well.
//!
//! It would fail if the reader panicked, hung, or allocated by an unchecked length.

use std::sync::Arc;

use bookline_server::changes::commit;
use bookline_server::codec::Sequence;
use bookline_server::codec::frame::{self, Header, Kind};
use bookline_server::codec::salt::Salt;
use bookline_server::codec::segment_header::{self, SegmentHeader};
use bookline_server::storage::journal::{Base, check, segment};
use bookline_testkit::Rng;
use bookline_testkit::disk::Image;
use proptest::prelude::*;

use super::generate::RandomCommit;

/// Encoded commits, or encoded changes with or without a number before each.
fn encoded() -> impl Strategy<Value = Vec<u8>> {
    (prop::collection::vec(any::<u64>(), 0..4), 0..3_u8).prop_map(|(seeds, format)| {
        let mut bytes = Vec::new();
        for seed in seeds {
            let random_commit = RandomCommit::any(&mut Rng::new(seed));
            if format == 0 {
                bytes.extend(random_commit.bytes());
                continue;
            }
            for change in random_commit.changes() {
                if format == 1 {
                    bytes.extend_from_slice(&7_u64.to_le_bytes());
                }
                change.encode(&mut bytes);
            }
        }
        bytes
    })
}

/// Encoded commits or changes with a few bytes changed.
fn edited() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (encoded(), edits).prop_map(|(mut bytes, edits)| {
        for (at, byte) in edits.into_iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..120), 2 => edited()]
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

/// A segment of these frames, with correct checksums and links.
fn segment_of(first: u64, frames: &[(Kind, Vec<u8>)]) -> Vec<u8> {
    let salt = Salt::new([7; 16]);
    let header = SegmentHeader { first: Sequence(first), salt, length: None };
    let mut bytes = header.encode(segment_header::MAGIC).to_vec();
    let mut previous = 0;
    for (kind, payload) in frames {
        let commits = u32::try_from(commit::decode(payload, Sequence(1)).count()).expect("a few");
        let (first, durable_through) = (Sequence(first), Sequence(first));
        let header = Header { kind: *kind, first, commits, durable_through, previous, term: 0 };
        let (frame, crc) = frame::bare(&header, payload, &salt);
        bytes.extend(frame);
        previous = crc;
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_segment_with_arbitrary_frames_is_read_or_refused(
        frames in prop::collection::vec((kind(), payload()), 1..4),
        first in prop_oneof![Just(1), any::<u64>()],
    ) {
        let mut bytes = segment_of(first, &frames);
        bytes.resize(bytes.len() + 512, 0);
        let length = bytes.len() as u64;
        let image = Image([(segment::name(Sequence(first)), Arc::new(bytes))].into());
        let mut commits = 0;
        let base = Base { snapshot: Sequence(first.saturating_sub(1)), ..Base::default() };
        let checked = check(&image, base, &mut |_| {
            commits += 1;
            Ok(())
        });
        prop_assert!(commits * 20 <= length);
        if let Ok(recovered) = checked {
            prop_assert_eq!(recovered.commits, commits);
        }
    }
}
