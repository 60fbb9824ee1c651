//! How a start treats the end of the journal, and how much it writes there.
//!
//! It would fail if a start rewrote a whole segment to clear a part of it, or if it took a segment that lost
//! its frames for an unused one.

use std::sync::Arc;

use bookline_server::codec::Sequence;
use bookline_server::codec::frame::Kind;
use bookline_server::storage::journal::replay::{self, Base};
use bookline_server::storage::journal::{Durability, Journal, Opening, Options, Recovered};
use bookline_testkit::disk::{IoSource, SECTOR, SimDisk};

use super::corruption::{StoppedJournal, frames, frames_end};
use super::generate::RandomCommit;
use super::history::options;

const LARGE: u64 = 1 << 20;

/// Starts on `journal`. Returns what was recovered, and how many bytes were written to the disk.
fn start(journal: &StoppedJournal, clean_stop: Option<Sequence>) -> (Recovered, u64) {
    let disk = Arc::new(SimDisk::holding(&journal.image, 1));
    let base = Base { clean_stop, ..Base::default() };
    let options = Options { base, ..options(Durability::Always, LARGE) };
    let opening = Journal::read(disk.clone(), options, &mut |commit| journal.history.check(commit));
    let (opened, recovered) = opening.and_then(Opening::open).expect("recovery succeeds");
    assert_eq!(recovered.last, journal.acknowledged());
    drop(opened);
    (recovered, disk.counts(IoSource::Foreground).bytes)
}

#[test]
fn a_start_after_a_torn_write_clears_only_what_is_not_zero() {
    let mut journal = StoppedJournal::unmarked(LARGE, 1, RandomCommit::small);
    let name = journal.last_segment();
    let end = frames_end(journal.image.bytes(&name));
    journal.image.bytes_mut(&name)[end..end + 100].fill(0xaa);
    let (recovered, written) = start(&journal, None);
    assert_eq!(recovered.torn_tail, Some((name, end as u64)));
    assert!(written < LARGE / 8, "{written} bytes were written to clear 100");
}

/// The old contents of a recycled segment are not cleared when no write can have been torn.
#[test]
fn a_start_after_a_graceful_shutdown_clears_nothing() {
    let mut journal = StoppedJournal::marked(LARGE, 1, RandomCommit::small);
    let name = journal.last_segment();
    let end = frames_end(journal.image.bytes(&name));
    journal.image.bytes_mut(&name)[end..].fill(0xaa);
    let (recovered, written) = start(&journal, Some(journal.acknowledged()));
    assert_eq!(recovered.torn_tail, None);
    assert!(written < 2 * SECTOR as u64, "{written} bytes were written");
}

/// Without the clean-shutdown record, a last segment that lost its frames is indistinguishable from one in
/// which they were never written.
#[test]
fn a_last_segment_that_lost_commits_before_the_clean_stop_is_refused() {
    let original = StoppedJournal::marked(LARGE, 2, RandomCommit::small);
    let name = original.last_segment();
    let frames = frames(original.image.bytes(&name));
    let stop = original.acknowledged();
    for frame in frames.iter().filter(|frame| frame.kind == Kind::Commits) {
        let mut journal = original.clone();
        journal.image.bytes_mut(&name)[frame.range.start..].fill(0);
        let base = Base { clean_stop: Some(stop), ..Base::default() };
        let message = replay::check(&journal.image, base, &mut |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains(&format!("{name}, offset {}", frame.range.start)), "{message}");
        assert!(message.contains(&format!("the orderly stop at sequence {}", stop.0)), "{message}");
        // Without the record, nothing proves the commits durable.
        assert!(replay::check(&journal.image, Base::default(), &mut |_| Ok(())).is_ok());
    }
}
