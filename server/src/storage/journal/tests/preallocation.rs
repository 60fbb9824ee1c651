//! Space is made in the background, and never in the way of a stop.

use std::sync::Arc;
use std::time::Instant;

use super::generate::Draft;
use super::history::{HANG, History, options};
use super::rng::Rng;
use super::sim_disk::{SimDisk, Whose};
use crate::storage::journal::{AppendError, Durability};

/// Three pieces, each synced by itself.
const THREE_PIECES: u64 = 12 << 20;

/// It would fail if a stop waited for all of a segment: on a slow disk that takes a second a piece.
#[test]
fn a_stop_waits_for_one_piece_of_the_segment_that_is_being_made() {
    let disk = SimDisk::new(1);
    disk.hold_spares();
    let mut history = History::default();
    let (journal, _) =
        history.open(&disk, options(Durability::Always, THREE_PIECES)).expect("a fresh journal");
    disk.wait_for_a_held_write();
    let journal = Arc::new(journal);
    let closing = std::thread::spawn({
        let journal = journal.clone();
        move || journal.close()
    });
    // Refused from when the close has begun.
    let (begun, mut rng) = (Instant::now(), Rng::new(1));
    while history.append(&journal, &Draft::any(&mut rng)) != Err(AppendError::Closed) {
        assert!(begun.elapsed() < HANG, "the close never begins");
        std::thread::yield_now();
    }
    disk.release();
    closing.join().expect("no panic").expect("a disk that behaves");
    assert_eq!(disk.counts(Whose::Preallocation).syncs, 1, "pieces that were synced");
}
