//! A file that ends too early.

use super::*;

/// A segment has its full length before it has its name. One that is shorter has lost what may have been
/// acknowledged, even if all that is missing are zeros.
#[test]
fn a_segment_that_is_shorter_than_it_was_made_is_refused_with_both_lengths() {
    let mut journal = AtRest::marked(TINY, 3, Draft::any);
    for name in journal.image.segments() {
        let whole = journal.image.bytes(&name).to_vec();
        for length in 0..whole.len() {
            *journal.image.bytes_mut(&name) = whole[..length].to_vec();
            assert_eq!(journal.check(|| format!("{name} cut at {length}")), 1, "{name} cut at {length}");
            let corruption = journal.corruption();
            assert_eq!(corruption.file, name);
            if length >= segment_header::BYTES {
                let message = corruption.to_string();
                let numbers = format!("made with {} bytes and has {length}", whole.len());
                assert!(message.contains(&numbers), "{message}");
            }
        }
        *journal.image.bytes_mut(&name) = whole;
    }
}

/// A segment that was begun and not used is removed by the next start, unless it is shorter than it was made.
#[test]
fn a_shorter_segment_without_commits_is_refused() {
    let mut journal = AtRest::marked(TINY, 2, Draft::small);
    let next = journal.acknowledged().next();
    let head = SegmentHeader { first: next, salt: segment_header::Salt::new([4; 16]), length: Some(TINY) };
    journal.image.0.insert(segment::name(next), head.encode(segment_header::MAGIC).to_vec().into());
    assert_eq!(journal.corruption().file, segment::name(next));
}

#[test]
fn a_journal_torn_at_any_byte_is_a_prefix_with_all_that_was_whole_before_it() {
    is_a_prefix_when_it_ends_early(|whole, length| {
        let mut torn = whole.to_vec();
        torn[length..].iter_mut().for_each(|byte| *byte = !*byte);
        torn
    });
}

/// Version 0.1.0 did not write down how long a segment was made.
#[test]
fn a_journal_of_format_1_cut_at_any_byte_is_a_prefix_with_all_that_was_whole_before_the_cut() {
    is_a_prefix_when_it_ends_early(|whole, length| {
        let mut cut = of_format_1(whole);
        cut.truncate(length);
        cut
    });
}

#[test]
fn a_segment_of_format_1_without_its_whole_header_is_refused() {
    let mut journal = AtRest::marked(TINY, 1, Draft::small);
    let name = journal.last_segment();
    let whole = of_format_1(journal.image.bytes(&name));
    for length in 0..segment_header::BYTES {
        *journal.image.bytes_mut(&name) = whole[..length].to_vec();
        assert_eq!((journal.corruption().file, journal.corruption().offset), (name.clone(), 0));
    }
}

/// `early` is the last segment, given as a whole, as it ends at an offset.
fn is_a_prefix_when_it_ends_early(early: impl Fn(&[u8], usize) -> Vec<u8>) {
    let journal = AtRest::marked(64 << 10, 1, Draft::small);
    let mut journal = grown(journal, 250);
    let name = journal.last_segment();
    let whole = journal.image.bytes(&name).to_vec();
    let frames = frames(&whole);
    for length in segment_header::BYTES..frames.last().expect("commits").place.end {
        *journal.image.bytes_mut(&name) = early(&whole, length);
        let before = frames.iter().filter(|frame| frame.place.end <= length);
        let expected = before.map(|frame| frame.last.0).max().unwrap_or(0);
        let recovered = journal.recover().expect("a torn tail");
        assert_eq!(recovered.last.0, expected, "it ends at {length}");
        if length.is_multiple_of(997) {
            goes_on(&journal.image, &journal.history);
        }
    }
}

#[test]
fn a_segment_of_format_1_before_the_last_that_is_cut_is_refused() {
    let mut journal = AtRest::marked(TINY, 3, Draft::any);
    for name in &journal.image.segments()[..2] {
        let whole = of_format_1(journal.image.bytes(name));
        let used = used(&whole);
        for length in 0..whole.len() {
            *journal.image.bytes_mut(name) = whole[..length].to_vec();
            let refused = journal.check(|| format!("{name} cut at {length}"));
            assert_eq!(refused == 1, length < used, "{name} cut at {length}");
        }
        *journal.image.bytes_mut(name) = whole;
    }
}

/// The same segment as version 0.1.0 would have written it.
fn of_format_1(segment: &[u8]) -> Vec<u8> {
    let head = SegmentHeader::decode(segment, segment_header::MAGIC).expect("a whole segment");
    let old = SegmentHeader { length: None, ..head }.encode(segment_header::MAGIC);
    [&old[..], &segment[segment_header::BYTES..]].concat()
}

/// The same with so many small commits more.
fn grown(journal: AtRest, commits: usize) -> AtRest {
    let AtRest { image, mut history } = journal;
    let disk = SimDisk::holding(&image, 2);
    let mut rng = Rng::new(2);
    let (journal, _) = history.open(&disk, options(Durability::Always, 64 << 10)).expect("it was closed");
    for _ in 0..commits {
        commit(&mut history, &journal, &Draft::small(&mut rng)).expect("a disk that behaves");
    }
    journal.close().expect("a disk that behaves");
    AtRest { image: disk.image(), history }
}
