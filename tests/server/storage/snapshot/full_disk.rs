//! A disk with both journal and snapshots fills up. A snapshot frees the space of old segments, and changes
//! are accepted again.
//!
//! It would fail if the next segment took the space that a snapshot needs, if a failed snapshot were not
//! retried, or if SNAPSHOT kept snapshots for which a full disk has no space.

use std::time::Instant;

use bookline_protocol::{Hour, Period, Slot};
use bookline_server::codec::Sequence;
use bookline_server::domain::FreeingRejection;
use bookline_server::state::{Context, Error, NewEntries, NewEntry};
use bookline_server::storage::log::AppendError;
use bookline_testkit::HANG_TIMEOUT;
use bookline_testkit::disk::Faults;

use super::machine::{Machine, Server};
use super::state_text::days;
use crate::storage::journal::history::{settle, wait_for_capacity};

const SEGMENT_BYTES: usize = 16 << 10;

/// A machine with one disk of this many bytes.
fn machine(capacity: usize) -> Machine {
    let mut machine = Machine::new(1);
    machine.snapshots = machine.journal.clone();
    set_capacity(&machine, capacity);
    machine
}

fn set_capacity(machine: &Machine, capacity: usize) {
    machine.journal.set_faults(Faults { capacity: Some(capacity), ..Faults::default() });
}

/// The number of bytes used on the disk.
fn used(machine: &Machine) -> usize {
    machine.journal.image().0.values().map(|file| file.len()).sum()
}

/// Blocks an hour, or frees it, so that the state stays small. Fails if there is no space.
fn change(server: &Server) -> Result<(), AppendError> {
    let slot = Slot { date: days()[0], hour: Hour::parse("09:00").expect("an hour") };
    let mut context = Context::default();
    loop {
        let who = "somebody-with-a-long-name.so-that-segments-are-filled-soon";
        let new = NewEntries { who, entry: NewEntry::Block, periods: &[Period::of_slot(slot)], series: None };
        let changed = match server.store.create_entries(&mut context, &new, None) {
            Err(Error::Rejected(_)) => {
                server.store.delete_entries(&mut context, who, slot, None, None).map(drop)
            }
            Ok(_) => Ok(()),
            Err(Error::Full(full)) => Err(Error::Full(full)),
            Err(Error::TooLarge(too_large)) => Err(Error::TooLarge(too_large)),
            Err(Error::Append(append_error)) => Err(Error::<FreeingRejection>::Append(append_error)),
            Err(Error::NoShare(no_share)) => Err(Error::NoShare(no_share)),
        };
        match changed {
            Ok(()) => {
                settle(server.journal(), context.depends_on.0).expect("a full disk is no failure");
                return Ok(());
            }
            Err(Error::Append(AppendError::Backpressure)) => {
                wait_for_capacity(server.journal()).expect("no disk error")
            }
            Err(Error::Append(refused)) => return Err(refused),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Makes a change, and retries as long as there is no space.
fn change_soon(server: &Server) {
    let begun = Instant::now();
    while let Err(refused) = change(server) {
        assert!(begun.elapsed() < HANG_TIMEOUT, "no space is freed: {refused}");
        std::thread::yield_now();
    }
}

#[test]
fn a_journal_that_fills_the_disk_is_trimmed_by_snapshots() {
    let capacity = 7 * SEGMENT_BYTES;
    let mut machine = machine(capacity);
    let server = machine.start().expect("enough space");
    while server.journal().bytes() < 3 * capacity as u64 {
        change_soon(&server);
    }
    assert!(server.snapshotter.newest() > Sequence(0));
    server.stop();
}

/// Other programs may take and free space, so a snapshot that failed for lack of space is retried after a
/// time.
#[test]
fn a_snapshot_that_failed_for_lack_of_space_is_retried() {
    let mut machine = machine(8 * SEGMENT_BYTES);
    let server = machine.start().expect("enough space");
    while server.journal().bytes() < 2 * SEGMENT_BYTES as u64 {
        change_soon(&server);
    }
    // Other programs take the remaining space.
    let used = used(&machine);
    set_capacity(&machine, used);
    while change(&server).is_ok() {}
    assert!(server.snapshot().is_err(), "there is no space for a snapshot");
    assert!(change(&server).is_err());
    assert_eq!(server.snapshotter.newest(), Sequence(0));
    // They free space for a snapshot, and too little for a segment.
    set_capacity(&machine, used + SEGMENT_BYTES / 2);
    change_soon(&server);
    assert!(server.snapshotter.newest() > Sequence(0));
    server.stop();
}

/// The snapshot existed before the disk was full. SNAPSHOT has nothing to write, and only trims the journal.
#[test]
fn an_existing_snapshot_trims_the_journal_when_space_is_short() {
    let mut machine = machine(20 * SEGMENT_BYTES);
    let server = machine.start().expect("enough space");
    while server.journal().bytes() < 3 * SEGMENT_BYTES as u64 {
        change_soon(&server);
    }
    let first = server.snapshot().expect("enough space");
    assert!(machine.journal.image().segments().len() > 3, "one snapshot does not trim the journal");
    machine.acknowledged = first.sequence.0;
    server.stop();
    // The next start has to preallocate a segment, and other programs have taken the space.
    let used = used(&machine);
    machine.journal = machine.journal.kill();
    machine.snapshots = machine.journal.clone();
    set_capacity(&machine, used);
    machine.states.clear();
    let server = machine.start().expect("recovery succeeds");
    let begun = Instant::now();
    loop {
        let again = server.snapshot().expect("an existing snapshot");
        assert_eq!((again.sequence, again.bytes), (first.sequence, first.bytes));
        let segments = machine.journal.image().segments();
        if segments.len() == 1 {
            break;
        }
        assert!(begun.elapsed() < HANG_TIMEOUT, "nothing was trimmed: {segments:?}");
    }
    change_soon(&server);
    server.stop();
}
