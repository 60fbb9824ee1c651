//! Rotation: recovery after a crash at any step, and refusal of states that no crash can leave.

use bookline_server::codec::Sequence;
use bookline_server::codec::frame::Kind;
use bookline_server::codec::salt::Salt;
use bookline_server::codec::segment_header;
use bookline_server::codec::segment_header::{MAGIC, SegmentHeader};
use bookline_server::storage::journal::OpenError;
use bookline_server::storage::journal::segment::{self};
use bookline_testkit::disk::SECTOR;

use super::corruption::{StoppedJournal, TINY, assert_can_resume, frames};
use super::generate::RandomCommit;

/// The next segment exists, and the trailer that names it was not written.
#[test]
fn a_new_segment_that_no_trailer_names_is_removed() {
    let journal = rotating(Trailer::Unwritten);
    let recovered = journal.recover().expect("recovery succeeds");
    assert_eq!((recovered.last, recovered.torn_tail.as_ref()), (journal.acknowledged(), None));
    assert_can_resume(&journal.image, &journal.history);
}

/// The trailer was torn, or is corrupt. It proves no further commits durable.
#[test]
fn a_new_segment_that_a_torn_trailer_names_is_removed() {
    for byte in 0..64 {
        let journal = rotating(Trailer::Torn { byte });
        let recovered = journal.recover().expect("recovery succeeds");
        assert_eq!(recovered.last, journal.acknowledged());
    }
    assert_can_resume(
        &rotating(Trailer::Torn { byte: 5 }).image,
        &rotating(Trailer::Torn { byte: 5 }).history,
    );
}

#[test]
fn a_new_segment_that_the_trailer_names_is_resumed() {
    let journal = rotating(Trailer::Written);
    let recovered = journal.recover().expect("recovery succeeds");
    assert_eq!((recovered.last, recovered.torn_tail.as_ref()), (journal.acknowledged(), None));
    assert_can_resume(&journal.image, &journal.history);
}

/// The next segment is created after everything before it was synced, so its name alone proves that durable.
#[test]
fn a_new_segment_proves_all_commits_before_it_durable() {
    for trailer in [Trailer::Written, Trailer::Unwritten, Trailer::Torn { byte: 0 }] {
        let original = rotating(trailer);
        let old = original.image.segments()[1].clone();
        for sector in 0..original.image.bytes(&old).len() / SECTOR {
            let mut journal = original.clone();
            journal.image.bytes_mut(&old)[sector * SECTOR..][..SECTOR].fill(0);
            journal.check(|| format!("{trailer:?}, sector {sector} zeroed"));
        }
        let mut journal = original;
        for bit in (0..frames(journal.image.bytes(&old)).last().expect("commits").range.end * 8).step_by(3) {
            journal.image.bytes_mut(&old)[bit / 8] ^= 1 << (bit % 8);
            journal.check(|| format!("{trailer:?}, bit {bit}"));
            journal.image.bytes_mut(&old)[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn a_segment_with_a_torn_trailer_before_one_with_frames_is_refused() {
    let mut journal = StoppedJournal::marked(TINY, 3, RandomCommit::any);
    let old = journal.image.segments()[1].clone();
    let trailer = frames(journal.image.bytes(&old)).last().expect("a trailer").range.clone();
    journal.image.bytes_mut(&old)[trailer.clone()].fill(0);
    let corruption = journal.corruption();
    assert_eq!((corruption.file, corruption.offset), (old, trailer.start as u64));
}

#[test]
fn two_new_segments_or_one_that_is_not_the_next_are_refused() {
    let mut journal = rotating(Trailer::Unwritten);
    let next = journal.acknowledged().next();
    for later in [next.next(), Sequence(next.0 + 50)] {
        let mut two = journal.clone();
        two.image.0.insert(segment::name(later), std::sync::Arc::new(empty(later)));
        assert_eq!(two.check(|| "two empty segments".to_owned()), 1);
    }
    // One new segment, which is not the next.
    journal.image.0.remove(&segment::name(next));
    let later = Sequence(next.0 + 1);
    journal.image.0.insert(segment::name(later), std::sync::Arc::new(empty(later)));
    assert_eq!(journal.check(|| "an empty segment that is not the next".to_owned()), 1);
}

/// It has the right name, and another salt than the trailer names.
#[test]
fn an_empty_segment_of_another_journal_is_refused() {
    let mut journal = rotating(Trailer::Written);
    let next = journal.acknowledged().next();
    journal.image.0.insert(segment::name(next), std::sync::Arc::new(empty(next)));
    let corruption = journal.corruption();
    assert_eq!(corruption.file, segment::name(next));
    assert!(corruption.to_string().contains("does not follow"), "{corruption}");
}

#[test]
fn a_new_segment_with_a_corrupt_header_is_refused_with_its_name() {
    for trailer in [Trailer::Written, Trailer::Unwritten] {
        let mut journal = rotating(trailer);
        let name = journal.image.segments().pop().expect("the new segment");
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

/// The state of the trailer that names the new segment.
#[derive(Debug, Clone, Copy)]
enum Trailer {
    Unwritten,
    Torn { byte: usize },
    Written,
}

/// A journal of two segments that crashed while it rotated into the third.
fn rotating(trailer: Trailer) -> StoppedJournal {
    let mut journal = StoppedJournal::marked(TINY, 3, RandomCommit::any);
    let names = journal.image.segments();
    let range = {
        let last = frames(journal.image.bytes(&names[1])).pop().expect("a trailer");
        assert_eq!(last.kind, Kind::Trailer);
        last.range
    };
    let old = journal.image.bytes_mut(&names[1]);
    match trailer {
        Trailer::Unwritten => old[range].fill(0),
        Trailer::Torn { byte } => old[range.start + byte] ^= 0x10,
        Trailer::Written => {}
    }
    journal.image.bytes_mut(&names[2])[segment_header::BYTES..].fill(0);
    let first = segment::parse_name(&names[2]).expect("a segment");
    journal.history.truncate(first.0 - 1);
    journal
}

fn empty(first: Sequence) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(TINY).expect("tiny")];
    let header = SegmentHeader { first, salt: Salt::new([4; 16]), length: Some(TINY) };
    bytes[..segment_header::BYTES].copy_from_slice(&header.encode(MAGIC));
    bytes
}
