//! What a start makes of the end of the journal, and what it writes there.
//!
//! It would fail if a start rewrote a segment that it has only to clear in one place, or if it took a segment
//! that lost its frames for one that was never used.

use std::sync::Arc;

use super::corruption::{AtRest, frames, used};
use super::generate::Draft;
use super::history::options;
use super::sim_disk::{SECTOR, SimDisk, Whose};
use crate::codec::Sequence;
use crate::codec::frame::Kind;
use crate::storage::journal::replay::{self, Base};
use crate::storage::journal::{Durability, Journal, Opening, Options, Recovered};

const LARGE: u64 = 1 << 20;

/// Starts on `journal`. What was found, and how many bytes were written to its segments.
fn start(journal: &AtRest, clean_stop: Option<Sequence>) -> (Recovered, u64) {
    let disk = Arc::new(SimDisk::holding(&journal.image, 1));
    let base = Base { clean_stop, ..Base::default() };
    let options = Options { base, ..options(Durability::Always, LARGE) };
    let opening = Journal::read(disk.clone(), options, &mut |commit| journal.history.check(commit));
    let (opened, recovered) = opening.and_then(Opening::open).expect("a crash or a stop");
    assert_eq!(recovered.last, journal.acknowledged());
    drop(opened);
    (recovered, disk.counts(Whose::Commits).bytes)
}

#[test]
fn a_start_behind_a_torn_write_clears_only_what_is_not_zero() {
    let mut journal = AtRest::unmarked(LARGE, 1, Draft::small);
    let name = journal.last_segment();
    let end = used(journal.image.bytes(&name));
    journal.image.bytes_mut(&name)[end..end + 100].fill(0xaa);
    let (recovered, written) = start(&journal, None);
    assert_eq!(recovered.torn_tail, Some((name, end as u64)));
    assert!(written < LARGE / 8, "{written} bytes were written to clear 100");
}

/// What a segment that is used again held before is not cleared when nothing can have been torn.
#[test]
fn a_start_behind_an_orderly_stop_clears_nothing() {
    let mut journal = AtRest::marked(LARGE, 1, Draft::small);
    let name = journal.last_segment();
    let end = used(journal.image.bytes(&name));
    journal.image.bytes_mut(&name)[end..].fill(0xaa);
    let (recovered, written) = start(&journal, Some(journal.acknowledged()));
    assert_eq!(recovered.torn_tail, None);
    assert!(written < 2 * SECTOR as u64, "{written} bytes were written");
}

/// A last segment of its full length that lost its frames reads as one that was never used.
#[test]
fn a_segment_that_lost_what_an_orderly_stop_recorded_is_refused() {
    let whole = AtRest::marked(LARGE, 2, Draft::small);
    let name = whole.last_segment();
    let frames = frames(whole.image.bytes(&name));
    let stop = whole.acknowledged();
    for frame in frames.iter().filter(|frame| frame.kind == Kind::Commits) {
        let mut journal = whole.clone();
        journal.image.bytes_mut(&name)[frame.place.start..].fill(0);
        let base = Base { clean_stop: Some(stop), ..Base::default() };
        let message = replay::check(&journal.image, base, &mut |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains(&format!("{name}, offset {}", frame.place.start)), "{message}");
        assert!(message.contains(&format!("the orderly stop at sequence {}", stop.0)), "{message}");
        // Without the record nothing tells.
        assert!(replay::check(&journal.image, Base::default(), &mut |_| Ok(())).is_ok());
    }
}
