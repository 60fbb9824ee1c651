//! A snapshot is exactly the state: of mixed changes, of previous snapshots, and without freed entries.
//!
//! It would fail if compaction lost a change, kept a freed entry, a forgotten hold or a ticket of a deleted
//! event, took a change twice, or if a segment were removed that the older snapshot needs.

use bookline_server::changes::{Change, HoldKept, TicketsKept, decode_entry, decode_occurrence};
use bookline_server::codec::Sequence;
use bookline_server::domain::hold::HoldState;
use bookline_server::state::Context;
use bookline_server::storage::log::Log;
use bookline_server::storage::snapshot::read::Snapshot;
use bookline_server::storage::snapshot::snapshotter::find_newest_valid;
use bookline_server::storage::snapshot::{name, parse_name};
use bookline_testkit::Rng;
use bookline_testkit::seeds::for_each_seed;

use super::machine::{Images, Machine};

/// Makes several snapshots with changes between them, and calls `each` with the disks after each snapshot.
fn chain(seed: u64, rounds: usize, mut each: impl FnMut(&Machine, &Images, usize)) {
    let mut rng = Rng::new(seed);
    let mut machine = Machine::new(seed);
    let server = machine.start().expect("a fresh disk");
    for round in 0..rounds {
        machine.changes(&server, &mut rng, 60).expect("no disk error");
        let made = server.snapshot().expect("no disk error");
        assert_eq!(made.sequence, server.journal().appended(), "it holds all acknowledged commits");
        let images = machine.images();
        assert_eq!(made.bytes, images.snapshots.bytes(&name(made.sequence)).len() as u64);
        each(&machine, &images, round);
    }
    server.stop();
}

/// The same disks without this snapshot.
fn without(images: &Images, snapshot: &str) -> Images {
    let mut images = images.clone();
    images.snapshots.0.remove(snapshot);
    images
}

#[test]
fn each_of_several_snapshots_and_the_one_before_it_recover_the_same_state() {
    for_each_seed(20, |seed| {
        chain(seed, 6, |machine, images, round| {
            let names = images.snapshots();
            assert_eq!(names.len(), (round + 1).min(2), "two snapshots are kept: {names:?}");
            let last = Sequence(machine.acknowledged);
            let now = (machine.text().to_owned(), last);
            assert_eq!(images.recover(&machine.ids).unwrap(), now);
            // Without the newest snapshot, the older one and the journal since give the same state.
            let fallen_back = without(images, &name(last)).recover(&machine.ids);
            assert_eq!(fallen_back.unwrap(), now, "round {round}");
        });
    });
}

#[test]
fn a_snapshot_has_each_change_in_effect_once_and_no_freed_entry() {
    for_each_seed(10, |seed| {
        chain(seed, 4, |machine, images, _| {
            let usable = find_newest_valid(&images.snapshots).unwrap();
            let snapshot = usable.snapshot.expect("a snapshot");
            let (mut events, mut entries, mut tickets, mut active, mut ended) = (0, 0, 0, 0, 0);
            let (mut numbers, mut keys) = (Vec::new(), 0);
            snapshot
                .read(&mut |number, change| {
                    match change {
                        Change::EventAdded(_) => events += 1,
                        Change::TicketsKept(TicketsKept { tickets: kept, .. }) => tickets += kept.len(),
                        Change::HoldKept(HoldKept { hold, .. }) => match hold.state {
                            HoldState::Active => active += 1,
                            HoldState::Ended(_) => ended += 1,
                        },
                        Change::BlockTaken(_) | Change::MeetingTaken(_) => {
                            entries += 1;
                            numbers.push((number, 0));
                        }
                        Change::EntriesCreated(created) => {
                            entries += created.occurrences.len();
                            numbers.extend(created.occurrences.iter().map(|occurrence| {
                                let (index, _) = decode_occurrence(*occurrence).expect("an occurrence");
                                (number, index)
                            }));
                        }
                        Change::EntriesMoved(moved) => {
                            entries += moved.entries.len();
                            numbers.extend(moved.entries.iter().map(|entry| {
                                let (entry, _) = decode_entry(entry).expect("an entry");
                                (entry.commit().0, entry.index())
                            }));
                        }
                        Change::KeyKept(_) => keys += 1,
                        other => panic!("a snapshot has no {other:?}"),
                    }
                    Ok(())
                })
                .unwrap();
            let state_text = machine.text().lines().last().unwrap().to_owned();
            assert!(state_text.contains(&format!("events: {events},")), "{state_text}");
            assert!(state_text.contains(&format!("entries: {entries},")), "{state_text}");
            // Tickets issued before the event was created here have no ids.
            assert!(state_text.contains(&format!("ticket_ids: {tickets},")), "{state_text}");
            assert!(state_text.contains(&format!(" holds: {active},")), "{state_text}");
            assert!(state_text.contains(&format!("ended_holds: {ended},")), "{state_text}");
            assert!(state_text.contains(&format!(" keys: {keys},")), "{state_text}");
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), entries, "no entry is in it twice");
        });
    });
}

#[test]
fn an_empty_snapshot_is_made_and_recovered() {
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
fn two_snapshots_without_a_change_between_are_one() {
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
fn a_reply_after_recovery_depends_on_nothing_in_the_snapshot() {
    // The changes of a snapshot are durable, so a reply must not depend on them.
    let mut machine = Machine::new(4);
    let mut rng = Rng::new(4);
    let server = machine.start().expect("a fresh disk");
    machine.changes(&server, &mut rng, 80).expect("no disk error");
    server.snapshot().expect("no disk error");
    machine.crash(server, false);
    let server = machine.start().expect("recovery succeeds");
    let mut context = Context::default();
    server.store.totals(&mut context);
    assert!(context.depends_on.0 <= server.journal().durable(), "the reply depends on durable commits only");
    machine.changes(&server, &mut rng, 80).expect("no disk error");
    server.stop();
}

#[test]
fn snapshot_names_sort_by_sequence_and_other_names_are_not_parsed() {
    assert_eq!(name(Sequence(42)), "00000000000000000042.snap");
    assert_eq!(parse_name("00000000000000000042.snap"), Some(Sequence(42)));
    for other in ["new", "42.snap", "00000000000000000042.snap.damaged", "0000000000000000004x.snap"] {
        assert_eq!(parse_name(other), None, "{other}");
    }
}

#[test]
fn a_snapshot_under_the_name_of_another_is_refused() {
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
