//! A full disk: changes are refused before they are made, reads continue, and changes are accepted again when
//! there is space.

use std::time::Instant;

use bookline_server::codec::Sequence;
use bookline_server::storage::journal::{Journal, Options, segment};
use bookline_server::storage::log::{AppendError, Log, LogExt};

use bookline_testkit::disk::{Faults, SimDisk};
use bookline_testkit::{HANG_TIMEOUT, Rng};

use super::generate::RandomCommit;
use super::history::{History, TINY, block_on, commit, settle, wait_for_capacity};

const SEGMENT: usize = TINY.segment_size as usize;

/// A disk with space for two segments.
const TWO_SEGMENTS: Faults = of_size(2 * SEGMENT + 100);

const fn of_size(capacity: usize) -> Faults {
    Faults {
        capacity: Some(capacity),
        source: bookline_testkit::disk::IoSource::Foreground,
        die_at: None,
        fail_write: None,
        fail_sync: None,
        fail_directory_sync: None,
        sync_error_drops_writes: false,
        short: false,
    }
}

#[test]
fn changes_are_refused_as_long_as_the_disk_has_no_space_for_the_next_segment() {
    let disk = SimDisk::new(1);
    disk.set_faults(TWO_SEGMENTS);
    let mut history = History::default();
    let mut rng = Rng::new(1);
    let (journal, _) = history.open(&disk, TINY).expect("space for the first segment");
    assert!(!journal.read_only());

    let last = fill(&mut history, &journal, &mut rng);
    assert!(journal.read_only());
    assert_eq!(journal.appended(), last, "a refused change takes no sequence number");
    settle(&journal, last).expect("accepted commits become durable");
    assert_eq!(disk.image().segments().len(), 2);

    disk.set_faults(of_size(4 * SEGMENT));
    // Larger than the refused commit, so that it does not fit into the rest of the segment either.
    let sequence = append_with_retries(&mut history, &journal, &RandomCommit::tickets(&mut rng, 40));
    assert_eq!(sequence, last.next());
    assert!(!journal.read_only());
    settle(&journal, sequence).expect("no disk error");
    journal.close().expect("no disk error");

    let disk = disk.cut_power();
    let (_, recovered) = history.open(&disk, TINY).expect("recovery succeeds");
    assert_eq!((recovered.last, recovered.torn_tail), (sequence, None));
}

/// It would fail if the log that is kept for readers took the space that the next segment needs.
#[test]
fn what_is_kept_of_the_log_is_given_up_when_the_disk_is_full() {
    let disk = SimDisk::new(1);
    disk.set_faults(of_size(6 * SEGMENT + 100));
    let mut history = History::default();
    let mut rng = Rng::new(1);
    let options = Options { keep_bytes: 100 * SEGMENT as u64, newest_snapshot: Some(0), ..TINY };
    let (journal, _) = history.open(&disk, options).expect("space for the first segment");
    let last = fill(&mut history, &journal, &mut rng);
    assert!(journal.wants_snapshot());
    history.trim(&journal, last).expect("no disk error");
    journal.snapshot_tried();
    assert_eq!(journal.trimmed().next(), segment::parse_name(&current(&disk)).expect("a segment"));
    append_with_retries(&mut history, &journal, &RandomCommit::tickets(&mut rng, 40));
}

/// The name of the segment that commits are appended to.
fn current(disk: &SimDisk) -> String {
    disk.image().segments().pop().expect("a segment")
}

/// It would fail if a start or a stop, graceful or not, needed space on a full disk.
#[test]
fn a_journal_on_a_full_disk_can_be_opened_and_closed() {
    let mut disk = SimDisk::new(1);
    disk.set_faults(TWO_SEGMENTS);
    let mut history = History::default();
    let mut rng = Rng::new(1);
    let mut last = Sequence(0);
    for closed in [true, false, true, false, false, true] {
        let (journal, _) = history.open(&disk, TINY).expect("opening needs no space");
        last = last.max(fill(&mut history, &journal, &mut rng));
        assert_eq!(journal.appended(), last);
        settle(&journal, last).expect("accepted commits become durable");
        history.acknowledge(last);
        if closed {
            journal.close().expect("closing needs no space");
        }
        disk = disk.cut_power();
        disk.set_faults(TWO_SEGMENTS);
        let _ = journal.close();
        let image = disk.image();
        for name in image.segments() {
            assert_eq!(image.bytes(&name).len(), SEGMENT, "{name} has grown");
        }
    }
}

#[test]
fn a_start_without_space_for_the_first_segment_fails_and_can_be_repeated() {
    let disk = SimDisk::new(1);
    disk.set_faults(of_size(SEGMENT / 2));
    let mut history = History::default();
    let error = history.open(&disk, TINY).expect_err("no space").to_string();
    assert!(error.contains("spare"), "{error}");
    disk.set_faults(Faults::default());
    let (journal, _) = history.open(&disk, TINY).expect("enough space");
    commit(&mut history, &journal, &RandomCommit::any(&mut Rng::new(1))).expect("no disk error");
}

/// Appends until an append is refused. Returns the last commit.
fn fill(history: &mut History, journal: &Journal, rng: &mut Rng) -> Sequence {
    loop {
        match history.append(journal, &RandomCommit::any(rng)) {
            // One at a time, so that each is a frame of its own, and durability markers may come between.
            Ok(sequence) => settle(journal, sequence).expect("a full disk is no failure"),
            Err(AppendError::Backpressure) => wait_for_capacity(journal).expect("a full disk is no failure"),
            Err(AppendError::ReadOnly { reason }) => {
                assert!(!reason.is_empty());
                // A wait for capacity ends although there may never be space again.
                block_on(journal.capacity());
                return journal.appended();
            }
            Err(closed) => panic!("{closed}"),
        }
    }
}

/// Appends, and retries as clients do.
fn append_with_retries(history: &mut History, journal: &Journal, random_commit: &RandomCommit) -> Sequence {
    let begun = Instant::now();
    loop {
        match history.append(journal, random_commit) {
            Ok(sequence) => return sequence,
            Err(_) => std::thread::yield_now(),
        }
        assert!(begun.elapsed() < HANG_TIMEOUT, "appends are refused although there is space");
    }
}
