//! Segments that end too early.

use super::*;
use bookline_server::storage::log::Log;

/// A segment has its full length before it gets its name. A shorter one may have lost acknowledged commits,
/// even if only zeros are missing.
#[test]
fn a_segment_shorter_than_its_header_says_is_refused_with_both_lengths() {
    let mut journal = StoppedJournal::marked(TINY, 3, RandomCommit::any);
    for name in journal.image.segments() {
        let original = journal.image.bytes(&name).to_vec();
        for length in 0..original.len() {
            *journal.image.bytes_mut(&name) = original[..length].to_vec();
            assert_eq!(
                journal.check(|| format!("{name} truncated to {length}")),
                1,
                "{name} truncated to {length}"
            );
            let corruption = journal.corruption();
            assert_eq!(corruption.file, name);
            if length >= segment_header::BYTES {
                let message = corruption.to_string();
                let numbers = format!("made with {} bytes and has {length}", original.len());
                assert!(message.contains(&numbers), "{message}");
            }
        }
        *journal.image.bytes_mut(&name) = original;
    }
}

/// The next start removes an unused segment, unless it is too short.
#[test]
fn a_short_segment_without_commits_is_refused() {
    let mut journal = StoppedJournal::marked(TINY, 2, RandomCommit::small);
    let next = journal.acknowledged().next();
    let header = SegmentHeader {
        first: next,
        salt: bookline_server::codec::salt::Salt::new([4; 16]),
        length: Some(TINY),
    };
    journal.image.0.insert(segment::name(next), header.encode(segment_header::MAGIC).to_vec().into());
    assert_eq!(journal.corruption().file, segment::name(next));
}

#[test]
fn a_journal_torn_at_any_byte_recovers_all_frames_before_it() {
    assert_recovers_frames_before(|original, length| {
        let mut torn = original.to_vec();
        torn[length..].iter_mut().for_each(|byte| *byte = !*byte);
        torn
    });
}

/// Version 0.1.0 did not record the length of a segment.
#[test]
fn a_journal_of_format_1_truncated_at_any_byte_recovers_all_frames_before_it() {
    assert_recovers_frames_before(|original, length| {
        let mut truncated = of_format_1(original);
        truncated.truncate(length);
        truncated
    });
}

#[test]
fn a_segment_of_format_1_with_a_truncated_header_is_refused() {
    let mut journal = StoppedJournal::marked(TINY, 1, RandomCommit::small);
    let name = journal.last_segment();
    let original = of_format_1(journal.image.bytes(&name));
    for length in 0..segment_header::BYTES {
        *journal.image.bytes_mut(&name) = original[..length].to_vec();
        assert_eq!((journal.corruption().file, journal.corruption().offset), (name.clone(), 0));
    }
}

/// Ends the last segment at every offset, as `ended_at` does, and asserts that recovery yields all frames
/// before.
fn assert_recovers_frames_before(ended_at: impl Fn(&[u8], usize) -> Vec<u8>) {
    let journal = StoppedJournal::marked(64 << 10, 1, RandomCommit::small);
    let mut journal = with_small_commits(journal, 250);
    let name = journal.last_segment();
    let original = journal.image.bytes(&name).to_vec();
    let frames = frames(&original);
    for length in segment_header::BYTES..frames.last().expect("commits").range.end {
        *journal.image.bytes_mut(&name) = ended_at(&original, length);
        let before = frames.iter().filter(|frame| frame.range.end <= length);
        let expected = before.map(|frame| frame.last.0).max().unwrap_or(0);
        let recovered = journal.recover().expect("a torn tail");
        assert_eq!(recovered.last.0, expected, "ended at {length}");
        if length.is_multiple_of(997) {
            assert_can_resume(&journal.image, &journal.history);
        }
    }
}

#[test]
fn a_truncated_segment_of_format_1_before_the_last_is_refused() {
    let mut journal = StoppedJournal::marked(TINY, 3, RandomCommit::any);
    for name in &journal.image.segments()[..2] {
        let original = of_format_1(journal.image.bytes(name));
        let end = frames_end(&original);
        for length in 0..original.len() {
            *journal.image.bytes_mut(name) = original[..length].to_vec();
            let refused = journal.check(|| format!("{name} truncated to {length}"));
            assert_eq!(refused == 1, length < end, "{name} truncated to {length}");
        }
        *journal.image.bytes_mut(name) = original;
    }
}

/// The same segment in the format of version 0.1.0.
fn of_format_1(segment: &[u8]) -> Vec<u8> {
    let header = SegmentHeader::decode(segment, segment_header::MAGIC).expect("a valid header");
    let old = SegmentHeader { length: None, ..header }.encode(segment_header::MAGIC);
    [&old[..], &segment[segment_header::BYTES..]].concat()
}

/// The same journal with this many small commits more.
fn with_small_commits(journal: StoppedJournal, commits: usize) -> StoppedJournal {
    let StoppedJournal { image, mut history } = journal;
    let disk = SimDisk::holding(&image, 2);
    let mut rng = Rng::new(2);
    let (journal, _) = history.open(&disk, options(Durability::Always, 64 << 10)).expect("a closed journal");
    for _ in 0..commits {
        commit(&mut history, &journal, &RandomCommit::small(&mut rng)).expect("no disk error");
    }
    journal.close().expect("no disk error");
    StoppedJournal { image: disk.image(), history }
}
