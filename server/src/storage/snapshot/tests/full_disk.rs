//! One disk for journal and snapshots, and it fills up: a snapshot makes space for the journal, and
//! everything goes on.
//!
//! It would fail if the next segment took the space that a snapshot needs, if a snapshot that failed were not
//! tried again, or if SNAPSHOT kept what a full disk cannot hold.

use std::time::Instant;

use bookline_protocol::{Hour, Slot};

use super::machine::{Machine, Server};
use super::shown::days;
use crate::codec::Sequence;
use crate::state::{DependsOn, NewEntry, StateRejection};
use crate::storage::journal::AppendError;
use crate::storage::journal::tests::history::{HANG_TIMEOUT, settle, wait_for_capacity};
use crate::storage::journal::tests::sim_disk::Faults;

const SEGMENT: usize = 16 << 10;

/// A machine with one disk on which so many bytes fit.
fn machine(capacity: usize) -> Machine {
    let mut machine = Machine::new(1);
    machine.snapshots = machine.journal.clone();
    set_capacity(&machine, capacity);
    machine
}

fn set_capacity(machine: &Machine, capacity: usize) {
    machine.journal.set_faults(Faults { capacity: Some(capacity), ..Faults::default() });
}

/// Bytes on the disk.
fn used(machine: &Machine) -> usize {
    machine.journal.image().0.values().map(|file| file.len()).sum()
}

/// Blocks an hour, or frees it: what there is in all stays small. An error when there is no space.
fn change(server: &Server) -> Result<(), AppendError> {
    let slot = Slot { date: days()[0], hour: Hour::parse("09:00").expect("an hour") };
    let mut seen = DependsOn::default();
    loop {
        let who = "somebody with a long name, so that segments are filled soon";
        let changed = match server.store.take(who, slot, &NewEntry::Block, 0, &mut seen) {
            Err(StateRejection::Rule(_)) => server.store.free(who, slot, 0, &mut seen).map(|_| ()),
            taken => taken,
        };
        match changed {
            Ok(()) => {
                settle(server.journal(), seen.0).expect("nothing fails for want of space");
                return Ok(());
            }
            Err(StateRejection::AppendError(AppendError::Backpressure)) => {
                wait_for_capacity(server.journal()).expect("no disk error")
            }
            Err(StateRejection::AppendError(refused)) => return Err(refused),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Changes, again and again while there is no space.
fn change_soon(server: &Server) {
    let begun = Instant::now();
    while let Err(refused) = change(server) {
        assert!(begun.elapsed() < HANG_TIMEOUT, "it does not heal: {refused}");
        std::thread::yield_now();
    }
}

#[test]
fn a_disk_that_the_journal_would_fill_heals_itself() {
    let capacity = 7 * SEGMENT;
    let mut machine = machine(capacity);
    let server = machine.start().expect("there is space to begin");
    while server.journal().bytes() < 3 * capacity as u64 {
        change_soon(&server);
    }
    assert!(server.snapshotter.newest() > Sequence(0));
    server.stop();
}

/// What others take of the disk is no reason to give up for good either: a snapshot that had no space is
/// tried again.
#[test]
fn a_snapshot_that_had_no_space_is_tried_again_by_time() {
    let mut machine = machine(8 * SEGMENT);
    let server = machine.start().expect("there is space to begin");
    while server.journal().bytes() < 2 * SEGMENT as u64 {
        change_soon(&server);
    }
    // Others take all that is left.
    let used = used(&machine);
    set_capacity(&machine, used);
    while change(&server).is_ok() {}
    assert!(server.snapshot().is_err(), "there is no space for a snapshot");
    assert!(change(&server).is_err());
    assert_eq!(server.snapshotter.newest(), Sequence(0));
    // They give back so much that a snapshot fits, and no segment.
    set_capacity(&machine, used + SEGMENT / 2);
    change_soon(&server);
    assert!(server.snapshotter.newest() > Sequence(0));
    server.stop();
}

/// It was there already when the disk was full: SNAPSHOT has nothing to write, and much to let go.
#[test]
fn a_snapshot_that_is_there_trims_what_it_can_when_space_is_short() {
    let mut machine = machine(20 * SEGMENT);
    let server = machine.start().expect("there is space to begin");
    while server.journal().bytes() < 3 * SEGMENT as u64 {
        change_soon(&server);
    }
    let first = server.snapshot().expect("there is space");
    assert!(machine.journal.image().segments().len() > 3, "one snapshot alone lets nothing go");
    machine.acknowledged = first.sequence.0;
    server.stop();
    // The next start has to make a segment, and others have taken the space.
    let used = used(&machine);
    machine.journal = machine.journal.kill();
    machine.snapshots = machine.journal.clone();
    set_capacity(&machine, used);
    machine.looks.clear();
    let server = machine.start().expect("recovery succeeds");
    let begun = Instant::now();
    loop {
        let again = server.snapshot().expect("it is there");
        assert_eq!((again.sequence, again.bytes), (first.sequence, first.bytes));
        let segments = machine.journal.image().segments();
        if segments.len() == 1 {
            break;
        }
        assert!(begun.elapsed() < HANG_TIMEOUT, "nothing was let go: {segments:?}");
    }
    change_soon(&server);
    server.stop();
}
