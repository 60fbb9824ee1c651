//! A crash at every operation on either disk, while a snapshot is written, the journal is trimmed and its old
//! segments are recycled. Recovery then yields everything that was acknowledged, and the next snapshot is
//! valid.
//!
//! It would fail if a snapshot got its name before it was complete, if the journal were trimmed before the
//! snapshot that replaces it was durable, or if an incomplete snapshot broke the next one.

use bookline_server::storage::journal::disk::Disk;
use bookline_testkit::Rng;
use bookline_testkit::disk::{Faults, IoSource, SimDisk};

use super::machine::{Machine, Server};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Kill,
    PowerCut,
}

/// Crashes at the first, the second … operation of the `source` threads on the disk that `which` selects,
/// while snapshots are made with `round` changes between them. Returns the number of operations.
fn die_everywhere(which: fn(&Machine) -> &SimDisk, source: IoSource, end: End, round: u64) -> u64 {
    for n in 1.. {
        let mut rng = Rng::new(round);
        let mut machine = Machine::new(n);
        let server = machine.start().expect("a fresh disk");
        machine.changes(&server, &mut rng, 100).expect("no disk error");
        server.snapshot().expect("no disk error");
        machine.changes(&server, &mut rng, 60).expect("no disk error");

        let done = which(&machine).counts(source).operations;
        which(&machine).set_faults(Faults { source, die_at: Some(done + n), ..Faults::default() });
        run_snapshots(&mut machine, &server, &mut rng, round);
        let died = which(&machine).list().is_err();
        machine.crash(server, end == End::PowerCut);

        let server = machine.start().unwrap_or_else(|refused| panic!("operation {n}, {end:?}: {refused}"));
        machine.changes(&server, &mut rng, 30).expect("no disk error");
        server.snapshot().expect("no disk error");
        machine.assert_older_snapshot_suffices();
        server.stop();
        if !died {
            return n;
        }
    }
    unreachable!("the scenario ends")
}

/// Makes two snapshots with this many changes after each. The first makes segments recyclable. Ends early
/// when the disk fails.
fn run_snapshots(machine: &mut Machine, server: &Server, rng: &mut Rng, round: u64) {
    for _ in 0..2 {
        // If it fails, the journal still has everything.
        let _ = server.snapshot();
        if machine.changes(server, rng, round).is_err() {
            return;
        }
    }
}

#[test]
fn a_kill_at_any_operation_on_the_snapshots_loses_nothing_acknowledged() {
    let n = die_everywhere(|machine| &machine.snapshots, IoSource::Foreground, End::Kill, 40);
    assert!(n > 30, "two snapshots take more than {n} operations");
}

#[test]
fn a_power_cut_at_any_operation_on_the_snapshots_loses_nothing_acknowledged() {
    let n = die_everywhere(|machine| &machine.snapshots, IoSource::Foreground, End::PowerCut, 40);
    assert!(n > 30, "two snapshots take more than {n} operations");
}

#[test]
fn a_kill_at_any_operation_on_the_journal_loses_nothing_acknowledged() {
    let n = die_everywhere(|machine| &machine.journal, IoSource::Foreground, End::Kill, 50);
    assert!(n > 60, "commits, compaction and trimming take more than {n} operations");
}

#[test]
fn a_power_cut_at_any_operation_on_the_journal_loses_nothing_acknowledged() {
    let n = die_everywhere(|machine| &machine.journal, IoSource::Foreground, End::PowerCut, 50);
    assert!(n > 60, "commits, compaction and trimming take more than {n} operations");
}

#[test]
fn a_kill_at_any_operation_of_preallocation_loses_nothing_acknowledged() {
    let n = die_everywhere(|machine| &machine.journal, IoSource::Preallocation, End::Kill, 400);
    assert!(n > 8, "recycling takes more than {n} operations");
}

#[test]
fn a_power_cut_at_any_operation_of_preallocation_loses_nothing_acknowledged() {
    let n = die_everywhere(|machine| &machine.journal, IoSource::Preallocation, End::PowerCut, 400);
    assert!(n > 8, "recycling takes more than {n} operations");
}
