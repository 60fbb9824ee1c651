//! A snapshot is the state, no more and no less: of mixed changes, of snapshots of snapshots, of what was
//! freed.
//!
//! It would fail if compaction lost a change, kept one that was freed, took one twice, or let go of a segment
//! that the older snapshot needs.

use super::machine::{Images, Machine};
use crate::codec::Sequence;
use crate::state::DependsOn;
use crate::storage::journal::tests::rng::{Rng, for_each_seed};
use crate::storage::snapshot::read::Snapshot;
use crate::storage::snapshot::snapshotter::find_newest_valid;
use crate::storage::snapshot::{name, parse_name};

/// A life of several snapshots; `each` looks at the disks after each of them.
fn chain(seed: u64, rounds: usize, mut each: impl FnMut(&Machine, &Images, usize)) {
    let mut rng = Rng::new(seed);
    let mut machine = Machine::new(seed);
    let server = machine.start().expect("a fresh disk");
    for round in 0..rounds {
        machine.changes(&server, &mut rng, 60).expect("no disk error");
        let made = server.snapshot().expect("no disk error");
        assert_eq!(made.sequence, server.journal().appended(), "all that was answered is in it");
        let images = machine.images();
        assert_eq!(made.bytes, images.snapshots.bytes(&name(made.sequence)).len() as u64);
        each(&machine, &images, round);
    }
    server.stop();
}

/// The same disks without one file.
fn without(images: &Images, snapshot: &str) -> Images {
    let mut images = images.clone();
    images.snapshots.0.remove(snapshot);
    images
}

#[test]
fn a_snapshot_and_the_whole_journal_give_the_same_state() {
    for_each_seed(20, |seed| {
        chain(seed, 1, |machine, images, _| {
            let last = Sequence(machine.acknowledged);
            assert_eq!(images.recover(&machine.tickets).unwrap(), (machine.look().to_owned(), last));
            let without = without(images, &name(last));
            assert_eq!(without.recover(&machine.tickets).unwrap(), (machine.look().to_owned(), last));
        });
    });
}

#[test]
fn a_snapshot_of_a_snapshot_is_as_good_as_the_first() {
    for_each_seed(10, |seed| {
        chain(seed, 6, |machine, images, round| {
            let names = images.snapshots();
            assert_eq!(names.len(), (round + 1).min(2), "two are kept: {names:?}");
            let last = Sequence(machine.acknowledged);
            let now = (machine.look().to_owned(), last);
            assert_eq!(images.recover(&machine.tickets).unwrap(), now);
            // Whatever becomes of the newest, the one before it and the journal behind that give the same.
            let fallen_back = without(images, &name(last)).recover(&machine.tickets);
            assert_eq!(fallen_back.unwrap(), now, "round {round}");
        });
    });
}

#[test]
fn what_was_freed_is_not_in_it_and_what_counts_is_there_once() {
    for_each_seed(10, |seed| {
        chain(seed, 4, |machine, images, _| {
            let usable = find_newest_valid(&images.snapshots).unwrap();
            let snapshot = usable.snapshot.expect("it was made");
            let (mut events, mut entries, mut tickets) = (0, 0, 0);
            let mut numbers = Vec::new();
            snapshot
                .read(&mut |number, change| {
                    use crate::domain::Change;
                    match change {
                        Change::EventCreated { .. } => events += 1,
                        Change::TicketsIssued { tickets: issued, .. } => tickets += issued.len(),
                        Change::BlockTaken { .. } | Change::MeetingTaken { .. } => {
                            entries += 1;
                            numbers.push(number);
                        }
                        Change::EntryFreed { .. } => panic!("a snapshot has nothing to free"),
                    }
                    Ok(())
                })
                .unwrap();
            let shown = machine.look().lines().last().unwrap().to_owned();
            assert!(shown.contains(&format!("events: {events},")), "{shown}");
            assert!(shown.contains(&format!("entries: {entries},")), "{shown}");
            // Those that were sold before the event came here have no ids.
            assert_eq!(tickets, machine.sold);
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), entries, "no entry stands in it twice");
        });
    });
}

#[test]
fn a_snapshot_of_nothing_holds_nothing_and_harms_nothing() {
    let mut machine = Machine::new(1);
    let server = machine.start().expect("a fresh disk");
    for _ in 0..2 {
        let made = server.snapshot().expect("no disk error");
        assert_eq!(made.sequence, Sequence(0));
    }
    let mut rng = Rng::new(2);
    machine.changes(&server, &mut rng, 50).expect("no disk error");
    server.snapshot().expect("no disk error");
    machine.crash(server, true);
    let server = machine.start().expect("recovery succeeds");
    machine.changes(&server, &mut rng, 50).expect("no disk error");
    server.snapshot().expect("no disk error");
    machine.crash(server, true);
    machine.start().expect("recovery succeeds").stop();
}

#[test]
fn the_same_moment_twice_is_one_snapshot() {
    let mut machine = Machine::new(3);
    let server = machine.start().expect("a fresh disk");
    machine.changes(&server, &mut Rng::new(3), 40).expect("no disk error");
    let first = server.snapshot().expect("no disk error");
    let again = server.snapshot().expect("no disk error");
    assert_eq!((first.sequence, first.bytes), (again.sequence, again.bytes));
    assert_eq!(machine.images().snapshots(), [name(first.sequence)]);
    server.stop();
}

#[test]
fn after_a_snapshot_the_server_goes_on_as_before() {
    // Facts of a snapshot are older than what is done next: what a reply waits for must not be taken from
    // them.
    let mut machine = Machine::new(4);
    let mut rng = Rng::new(4);
    let server = machine.start().expect("a fresh disk");
    machine.changes(&server, &mut rng, 80).expect("no disk error");
    server.snapshot().expect("no disk error");
    machine.crash(server, false);
    let server = machine.start().expect("recovery succeeds");
    let mut seen = DependsOn::default();
    server.store.totals(&mut seen);
    assert!(seen.0 <= server.journal().durable(), "nothing of a snapshot has to be waited for");
    machine.changes(&server, &mut rng, 80).expect("no disk error");
    server.stop();
}

#[test]
fn names_sort_as_their_sequences() {
    assert_eq!(name(Sequence(42)), "00000000000000000042.snap");
    assert_eq!(parse_name("00000000000000000042.snap"), Some(Sequence(42)));
    for other in ["new", "42.snap", "00000000000000000042.snap.damaged", "0000000000000000004x.snap"] {
        assert_eq!(parse_name(other), None, "{other}");
    }
}

#[test]
fn no_snapshot_is_opened_by_the_name_of_another() {
    let mut machine = Machine::new(5);
    let server = machine.start().expect("a fresh disk");
    machine.changes(&server, &mut Rng::new(5), 20).expect("no disk error");
    let made = server.snapshot().expect("no disk error");
    server.stop();
    let mut disk = machine.images().snapshots;
    let bytes = disk.0[&name(made.sequence)].clone();
    let other = made.sequence.next();
    disk.0.insert(name(other), bytes);
    let refused = Snapshot::open(&disk, other).unwrap_err().to_string();
    assert!(refused.starts_with(&format!("snapshot {}, offset 0: ", name(other))), "{refused}");
}
