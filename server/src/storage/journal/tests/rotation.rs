//! From one segment to the next: what a crash in between leaves, and what is recognised as more than a crash.

use super::corruption::{AtRest, TINY, frames, goes_on};
use super::generate::Draft;
use super::sim_disk::SECTOR;
use crate::codec::Sequence;
use crate::codec::frame::Kind;
use crate::codec::segment_header;
use crate::codec::segment_header::{MAGIC, Salt, SegmentHeader};
use crate::storage::journal::OpenError;
use crate::storage::journal::segment::{self};

/// The next segment is there, and the one before does not name it yet.
#[test]
fn a_segment_that_was_begun_and_not_named_is_forgotten() {
    let journal = begun(Close::Unwritten);
    let recovered = journal.recover().expect("a crash");
    assert_eq!((recovered.last, recovered.torn_tail.as_ref()), (journal.acknowledged(), None));
    goes_on(&journal.image, &journal.history);
}

/// Its close was torn, or is corrupt: that proves durable nothing that is not there.
#[test]
fn a_segment_that_was_begun_and_not_quite_named_is_forgotten() {
    for byte in 0..64 {
        let journal = begun(Close::Torn { byte });
        let recovered = journal.recover().expect("a crash");
        assert_eq!(recovered.last, journal.acknowledged());
    }
    goes_on(&begun(Close::Torn { byte: 5 }).image, &begun(Close::Torn { byte: 5 }).history);
}

#[test]
fn a_segment_that_is_named_and_empty_is_gone_on_with() {
    let journal = begun(Close::Whole);
    let recovered = journal.recover().expect("a crash");
    assert_eq!((recovered.last, recovered.torn_tail.as_ref()), (journal.acknowledged(), None));
    goes_on(&journal.image, &journal.history);
}

/// The next segment was begun when all before it was synced: its name proves durable that, even alone.
#[test]
fn the_beginning_of_a_segment_vouches_for_all_before_it() {
    for close in [Close::Whole, Close::Unwritten, Close::Torn { byte: 0 }] {
        let whole = begun(close);
        let old = whole.image.segments()[1].clone();
        for sector in 0..whole.image.bytes(&old).len() / SECTOR {
            let mut journal = whole.clone();
            journal.image.bytes_mut(&old)[sector * SECTOR..][..SECTOR].fill(0);
            journal.check(|| format!("{close:?}, sector {sector} zeroed"));
        }
        let mut journal = whole;
        for bit in (0..frames(journal.image.bytes(&old)).last().expect("commits").place.end * 8).step_by(3) {
            journal.image.bytes_mut(&old)[bit / 8] ^= 1 << (bit % 8);
            journal.check(|| format!("{close:?}, bit {bit}"));
            journal.image.bytes_mut(&old)[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn a_segment_with_frames_behind_a_torn_one_is_refused() {
    let mut journal = AtRest::marked(TINY, 3, Draft::any);
    let old = journal.image.segments()[1].clone();
    let close = frames(journal.image.bytes(&old)).last().expect("a close").place.clone();
    journal.image.bytes_mut(&old)[close.clone()].fill(0);
    let corruption = journal.corruption();
    assert_eq!((corruption.file, corruption.offset), (old, close.start as u64));
}

#[test]
fn two_segments_that_were_begun_are_one_too_many() {
    let mut journal = begun(Close::Unwritten);
    let next = journal.acknowledged().next();
    for later in [next.next(), Sequence(next.0 + 50)] {
        let mut two = journal.clone();
        two.image.0.insert(segment::name(later), std::sync::Arc::new(empty(later)));
        assert_eq!(two.check(|| "two empty segments".to_owned()), 1);
    }
    // One, but not the next.
    journal.image.0.remove(&segment::name(next));
    let later = Sequence(next.0 + 1);
    journal.image.0.insert(segment::name(later), std::sync::Arc::new(empty(later)));
    assert_eq!(journal.check(|| "an empty segment that is not the next".to_owned()), 1);
}

/// It has the right name, and is not the one that the close names: it has another salt.
#[test]
fn an_empty_segment_from_elsewhere_is_refused() {
    let mut journal = begun(Close::Whole);
    let next = journal.acknowledged().next();
    journal.image.0.insert(segment::name(next), std::sync::Arc::new(empty(next)));
    let corruption = journal.corruption();
    assert_eq!(corruption.file, segment::name(next));
    assert!(corruption.to_string().contains("does not follow"), "{corruption}");
}

/// An empty segment whose header is corrupt might be anything: it is refused by its name.
#[test]
fn a_segment_that_was_begun_and_cannot_be_read_is_refused() {
    for close in [Close::Whole, Close::Unwritten] {
        let mut journal = begun(close);
        let name = journal.image.segments().pop().expect("the one that was begun");
        for bit in 0..segment_header::BYTES * 8 {
            journal.image.bytes_mut(&name)[bit / 8] ^= 1 << (bit % 8);
            match journal.recover() {
                Err(OpenError::Corruption(corruption)) => {
                    assert_eq!((corruption.file, corruption.offset), (name.clone(), 0))
                }
                other => panic!("bit {bit}: {other:?}"),
            }
            journal.image.bytes_mut(&name)[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// How far the rotate came.
#[derive(Debug, Clone, Copy)]
enum Close {
    Unwritten,
    Torn { byte: usize },
    Whole,
}

/// A journal of two segments that has begun its third when the crash came.
fn begun(close: Close) -> AtRest {
    let mut journal = AtRest::marked(TINY, 3, Draft::any);
    let names = journal.image.segments();
    let place = {
        let last = frames(journal.image.bytes(&names[1])).pop().expect("a close");
        assert_eq!(last.kind, Kind::Trailer);
        last.place
    };
    let old = journal.image.bytes_mut(&names[1]);
    match close {
        Close::Unwritten => old[place].fill(0),
        Close::Torn { byte } => old[place.start + byte] ^= 0x10,
        Close::Whole => {}
    }
    journal.image.bytes_mut(&names[2])[segment_header::BYTES..].fill(0);
    let first = segment::parse_name(&names[2]).expect("a segment");
    journal.history.only(first.0 - 1);
    journal
}

fn empty(first: Sequence) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(TINY).expect("tiny")];
    let head = SegmentHeader { first, salt: Salt::new([4; 16]), length: Some(TINY) };
    bytes[..segment_header::BYTES].copy_from_slice(&head.encode(MAGIC));
    bytes
}
