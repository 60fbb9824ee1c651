//! The log that is kept behind the snapshots.
//!
//! It would fail if a journal gave up more than it has to, kept more than it may, said that commits can be
//! read which it gave up, or kept them on a full disk.

use bookline_server::codec::Sequence;
use bookline_server::storage::journal::{Journal, Options, segment};
use bookline_server::storage::log::Log;
use bookline_testkit::Rng;
use bookline_testkit::disk::SimDisk;

use super::generate::RandomCommit;
use super::history::{History, TINY, append, settle};

const SEGMENT: u64 = TINY.segment_size;

/// A journal of so many commits, and their last sequence number.
fn journal(disk: &SimDisk, history: &mut History, options: Options) -> (Journal, Sequence) {
    let (journal, _) = history.open(disk, options).expect("a journal");
    let mut rng = Rng::new(1);
    for _ in 0..400 {
        append(history, &journal, &RandomCommit::any(&mut rng)).expect("no disk error");
    }
    let last = journal.appended();
    settle(&journal, last).expect("no disk error");
    (journal, last)
}

/// The first commit that a journal can replay after this one, read from its disk.
fn first_after(journal: &Journal, after: Sequence) -> std::io::Result<Sequence> {
    let mut first = None;
    journal.replay(after, &mut |commit| {
        first.get_or_insert(commit.sequence);
        Ok(())
    })?;
    Ok(first.expect("commits"))
}

#[test]
fn segments_are_kept_up_to_the_bytes_that_are_asked_for() {
    for (keep_bytes, kept) in [(0, 0), (SEGMENT - 1, 0), (SEGMENT, 1), (3 * SEGMENT + 1, 3)] {
        let disk = SimDisk::new(1);
        let mut history = History::default();
        let (journal, last) = journal(&disk, &mut history, Options { keep_bytes, ..TINY });
        let segments = disk.image().segments();
        assert!(segments.len() > 10, "{} segments", segments.len());
        history.trim(&journal, last).expect("no disk error");

        // All segments but the current one are without later commits.
        let oldest = segments.len() - 1 - kept;
        let first = segment::parse_name(&segments[oldest]);
        let trimmed = journal.trimmed();
        assert_eq!(trimmed.next(), first.expect("the name of a segment"), "{keep_bytes} bytes");
        if kept > 0 {
            assert_eq!(first_after(&journal, trimmed).expect("kept commits"), trimmed.next());
        }
    }
}

#[test]
fn what_is_kept_moves_with_the_snapshots_and_survives_a_restart() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let options = Options { keep_bytes: 2 * SEGMENT, ..TINY };
    let (journal, last) = journal(&disk, &mut history, options);
    history.trim(&journal, Sequence(last.0 / 2)).expect("no disk error");
    let before = journal.trimmed();
    history.trim(&journal, last).expect("no disk error");
    let after = journal.trimmed();
    assert!(Sequence(0) < before && before < after && after < last, "{before:?}, {after:?}, {last:?}");
    // A snapshot that holds less brings nothing back.
    journal.trim(Sequence(last.0 / 2)).expect("no disk error");
    assert_eq!(journal.trimmed(), after);
    journal.close().expect("no disk error");

    let (journal, _) = history.open(&disk, options).expect("a journal");
    // Segments that wait for recycling are still there.
    assert!(journal.trimmed() <= after);
    let oldest = journal.trimmed();
    assert_eq!(first_after(&journal, oldest).expect("kept commits"), oldest.next());
}
