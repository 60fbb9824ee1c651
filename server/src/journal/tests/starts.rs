//! What a start writes.
//!
//! It would fail if a start rewrote a segment that it has only to clear in one place.

use super::damage::{AtRest, used};
use super::generate::Draft;
use super::history::options;
use super::sim_disk::{SimDisk, Whose};
use crate::journal::Durability;

const LARGE: u64 = 1 << 20;

/// Bytes that recovery writes to the last segment of `journal`.
fn bytes_written_by_a_start(journal: &AtRest) -> u64 {
    let disk = SimDisk::holding(&journal.image, 1);
    let mut history = journal.history.clone();
    let (journal, recovered) = history.open(&disk, options(Durability::Always, LARGE)).expect("a crash");
    assert_eq!(recovered.last.0, history.acknowledged());
    drop(journal);
    disk.counts(Whose::Commits).bytes
}

#[test]
fn a_start_behind_a_torn_write_clears_only_what_is_not_zero() {
    let mut journal = AtRest::unsealed(LARGE, 1, Draft::small);
    let name = journal.last_segment();
    let end = used(journal.image.bytes(&name));
    journal.image.bytes_mut(&name)[end..end + 100].fill(0xaa);
    let written = bytes_written_by_a_start(&journal);
    assert!(written < LARGE / 8, "{written} bytes were written to clear 100");
}
