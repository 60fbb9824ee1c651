//! A disk that fills up: changes are refused before they are made, reads go on, and with room all goes on.

use std::time::Instant;

use super::generate::Draft;
use super::history::{HANG, History, TINY, block_on, commit, settle, wait_for_capacity};
use super::rng::Rng;
use super::sim_disk::{Faults, SimDisk};
use crate::codec::Sequence;
use crate::storage::journal::{AppendError, Journal};

const SEGMENT: usize = TINY.segment_size as usize;

/// Room for two segments, and not for a third.
const TWO_SEGMENTS: Faults = room_for(2 * SEGMENT + 100);

const fn room_for(capacity: usize) -> Faults {
    Faults {
        capacity: Some(capacity),
        whose: super::sim_disk::Whose::Commits,
        die_at: None,
        fail_write: None,
        fail_sync: None,
        fail_directory_sync: None,
        forgetful: false,
        short: false,
    }
}

#[test]
fn without_room_for_the_next_segment_changes_are_refused_until_there_is_some() {
    let disk = SimDisk::new(1);
    disk.set_faults(TWO_SEGMENTS);
    let mut history = History::default();
    let mut rng = Rng::new(1);
    let (journal, _) = history.open(&disk, TINY).expect("there is room to begin");
    assert!(!journal.read_only());

    let last = fill(&mut history, &journal, &mut rng);
    assert!(journal.read_only());
    assert_eq!(journal.appended(), last, "what is refused takes no sequence");
    settle(&journal, last).expect("what was taken is kept, and reads are answered");
    assert_eq!(disk.image().segments().len(), 2);

    disk.set_faults(room_for(4 * SEGMENT));
    // Larger than what was refused, so that it does not fit into what is left of the segment either.
    let sequence = when_there_is_room(&mut history, &journal, &Draft::tickets(&mut rng, 40));
    assert_eq!(sequence, last.next());
    assert!(!journal.read_only());
    settle(&journal, sequence).expect("all is well");
    journal.close().expect("all is well");

    let disk = disk.cut_power();
    let (_, recovered) = history.open(&disk, TINY).expect("recovery");
    assert_eq!((recovered.last, recovered.torn_tail), (sequence, None));
}

/// However often it stops and starts, killed or closed, it never needs room that it has not: only the next
/// segment.
#[test]
fn a_journal_on_a_full_disk_opens_closes_and_serves() {
    let mut disk = SimDisk::new(1);
    disk.set_faults(TWO_SEGMENTS);
    let mut history = History::default();
    let mut rng = Rng::new(1);
    let mut last = Sequence(0);
    for closed in [true, false, true, false, false, true] {
        let (journal, _) = history.open(&disk, TINY).expect("opening takes no room");
        last = last.max(fill(&mut history, &journal, &mut rng));
        assert_eq!(journal.appended(), last);
        settle(&journal, last).expect("reads are answered");
        history.acknowledge(last);
        if closed {
            journal.close().expect("closing takes no room");
        }
        disk = disk.cut_power();
        disk.set_faults(TWO_SEGMENTS);
        let _ = journal.close();
        let image = disk.image();
        for name in image.segments() {
            assert_eq!(image.bytes(&name).len(), SEGMENT, "{name} has not outgrown its space");
        }
    }
}

#[test]
fn without_room_to_begin_nothing_begins_and_the_next_start_does() {
    let disk = SimDisk::new(1);
    disk.set_faults(room_for(SEGMENT / 2));
    let mut history = History::default();
    let error = history.open(&disk, TINY).expect_err("no room").to_string();
    assert!(error.contains("spare"), "{error}");
    disk.set_faults(Faults::default());
    let (journal, _) = history.open(&disk, TINY).expect("there is room now");
    commit(&mut history, &journal, &Draft::any(&mut Rng::new(1))).expect("all is well");
}

/// Appends until it is refused. The last that was not.
fn fill(history: &mut History, journal: &Journal, rng: &mut Rng) -> Sequence {
    loop {
        match history.append(journal, &Draft::any(rng)) {
            // One by one, so that each is a frame of its own and durability markers may come between.
            Ok(sequence) => settle(journal, sequence).expect("nothing fails for want of room"),
            Err(AppendError::Backpressure) => {
                wait_for_capacity(journal).expect("nothing fails for want of room")
            }
            Err(AppendError::ReadOnly { reason }) => {
                assert!(!reason.is_empty());
                // Who asks for room is not kept waiting for what may never be.
                block_on(journal.capacity());
                return journal.appended();
            }
            Err(closed) => panic!("{closed}"),
        }
    }
}

/// Tries again and again, as clients do.
fn when_there_is_room(history: &mut History, journal: &Journal, draft: &Draft) -> Sequence {
    let begun = Instant::now();
    loop {
        match history.append(journal, draft) {
            Ok(sequence) => return sequence,
            Err(_) => std::thread::yield_now(),
        }
        assert!(begun.elapsed() < HANG, "there is room, and it is never taken");
    }
}
