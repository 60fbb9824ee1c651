//! A file that ends too early.

use super::*;

#[test]
fn a_journal_cut_at_any_byte_is_a_prefix_with_all_that_was_whole_before_the_cut() {
    let journal = AtRest::sealed(64 << 10, 1, Draft::small);
    let mut journal = grown(journal, 250);
    let name = journal.last_segment();
    let whole = journal.image.bytes(&name).to_vec();
    let frames = frames(&whole);
    for length in 0..frames.last().expect("commits").place.end {
        *journal.image.bytes_mut(&name) = whole[..length].to_vec();
        if length < segment::HEADER {
            assert_eq!((journal.damage().file, journal.damage().offset), (name.clone(), 0));
            continue;
        }
        let before = frames.iter().filter(|frame| frame.place.end <= length);
        let expected = before.map(|frame| frame.last.0).max().unwrap_or(0);
        let recovered = journal.recover().expect("a torn end");
        assert_eq!(recovered.last.0, expected, "cut at {length}");
        if length.is_multiple_of(997) {
            goes_on(&journal.image, &journal.history);
        }
    }
}

#[test]
fn a_segment_before_the_last_that_is_cut_is_refused() {
    let mut journal = AtRest::sealed(TINY, 3, Draft::any);
    for name in &journal.image.segments()[..2] {
        let whole = journal.image.bytes(name).to_vec();
        let used = used(&whole);
        for length in 0..whole.len() {
            *journal.image.bytes_mut(name) = whole[..length].to_vec();
            let refused = journal.check(|| format!("{name} cut at {length}"));
            assert_eq!(refused == 1, length < used, "{name} cut at {length}");
        }
        *journal.image.bytes_mut(name) = whole;
    }
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
