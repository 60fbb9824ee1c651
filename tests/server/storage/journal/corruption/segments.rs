//! Segments that are missing, swapped, renamed, or of another journal.

use super::*;

#[test]
fn a_missing_segment_is_refused_with_its_name() {
    let journal = StoppedJournal::marked(TINY, 4, RandomCommit::any);
    for name in journal.image.segments() {
        let mut without = journal.clone();
        without.image.0.remove(&name);
        let corruption = without.corruption();
        assert_eq!(corruption.file, name);
        assert!(corruption.to_string().contains("missing"), "{corruption}");
    }
}

#[test]
fn a_journal_without_any_segment_is_refused() {
    let mut journal = StoppedJournal::marked(TINY, 2, RandomCommit::any);
    for name in journal.image.segments() {
        journal.image.0.remove(&name);
    }
    assert!(journal.corruption().to_string().contains("missing"));
}

#[test]
fn swapped_segments_are_refused() {
    let journal = StoppedJournal::marked(TINY, 4, RandomCommit::any);
    let names = journal.image.segments();
    for (i, one) in names.iter().enumerate() {
        for other in &names[..i] {
            let mut swapped = journal.clone();
            let bytes = [swapped.image.0[one].clone(), swapped.image.0[other].clone()];
            swapped.image.0.insert(other.clone(), bytes[0].clone());
            swapped.image.0.insert(one.clone(), bytes[1].clone());
            assert_eq!(swapped.check(|| format!("{one} and {other} swapped")), 1);
        }
    }
}

#[test]
fn a_renamed_segment_is_refused() {
    let journal = StoppedJournal::marked(TINY, 3, RandomCommit::any);
    for name in journal.image.segments() {
        for to in [0, 2, 40, 1_000_000] {
            let to = segment::name(Sequence(to));
            let mut renamed = journal.clone();
            let bytes = renamed.image.0.remove(&name).expect("a segment");
            renamed.image.0.insert(to.clone(), bytes.clone());
            assert_eq!(renamed.check(|| format!("{name} renamed {to}")), 1);
            // A copy beside the original must not lose a commit either.
            renamed.image.0.insert(name.clone(), bytes);
            renamed.check(|| format!("{name} copied to {to}"));
        }
    }
}

/// It has the same commits, and another salt.
#[test]
fn a_segment_of_another_journal_is_refused() {
    let journal = StoppedJournal::marked(TINY, 3, RandomCommit::any);
    let other = StoppedJournal::marked(TINY, 3, RandomCommit::any);
    let names = journal.image.segments();
    assert_eq!(names, other.image.segments());
    for name in &names {
        let mut mixed = journal.clone();
        mixed.image.0.insert(name.clone(), other.image.0[name].clone());
        assert_eq!(mixed.check(|| format!("{name} of another journal")), 1);
    }
}
