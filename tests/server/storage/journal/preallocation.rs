//! Preallocation in the background.

use std::sync::Arc;
use std::time::Instant;

use bookline_server::storage::journal::Durability;
use bookline_server::storage::log::{AppendError, Log};

use bookline_testkit::disk::{IoSource, SimDisk};
use bookline_testkit::{HANG_TIMEOUT, Rng};

use super::generate::RandomCommit;
use super::history::{History, options};

/// A segment of three pieces, each with a sync of its own.
const THREE_PIECES: u64 = 12 << 20;

/// It would fail if a close waited for the whole segment. On a slow disk, each piece takes a second.
#[test]
fn a_close_waits_for_at_most_one_piece_of_the_preallocated_segment() {
    let disk = SimDisk::new(1);
    disk.pause_preallocation_writes();
    let mut history = History::default();
    let (journal, _) =
        history.open(&disk, options(Durability::Always, THREE_PIECES)).expect("a fresh journal");
    disk.wait_for_paused_write();
    let journal = Arc::new(journal);
    let closing = std::thread::spawn({
        let journal = journal.clone();
        move || journal.close()
    });
    // Appends are refused as soon as the close has begun.
    let (begun, mut rng) = (Instant::now(), Rng::new(1));
    while history.append(&journal, &RandomCommit::any(&mut rng)) != Err(AppendError::Closed) {
        assert!(begun.elapsed() < HANG_TIMEOUT, "the close does not begin");
        std::thread::yield_now();
    }
    disk.resume_writes();
    closing.join().expect("no panic").expect("no disk error");
    assert_eq!(disk.counts(IoSource::Preallocation).syncs, 1, "synced pieces");
}
