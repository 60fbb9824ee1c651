//! A crash at every operation on either disk, while a snapshot is written, the journal trimmed and its old
//! segments used again. Recovery then yields everything that was acknowledged, and the next snapshot is as
//! good as any.
//!
//! It would fail if a snapshot got its name before it was whole, the journal were trimmed before the snapshot
//! that makes up for it was durable, or half of one were in the way of the next.

use super::machine::{Machine, Server};
use crate::storage::journal::disk::Disk;
use crate::storage::journal::tests::rng::Rng;
use crate::storage::journal::tests::sim_disk::{Faults, IoSource, SimDisk};

/// How the machine ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Killed,
    CutOff,
}

/// Dies at the first, the second … operation that `source` threads do on the disk that `which` finds, while
/// snapshots are made with `round` changes between them. Says how many operations there were.
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
        live_on(&mut machine, &server, &mut rng, round);
        let died = which(&machine).list().is_err();
        machine.crash(server, end == End::CutOff);

        let server = machine.start().unwrap_or_else(|refused| panic!("operation {n}, {end:?}: {refused}"));
        machine.changes(&server, &mut rng, 30).expect("no disk error");
        server.snapshot().expect("no disk error");
        machine.check_that_the_older_one_would_do();
        server.stop();
        if !died {
            return n;
        }
    }
    unreachable!("a crash cycle has an end")
}

/// Two snapshots with so many changes behind each, of which the first sets segments free to be used again. A
/// disk that dies ends it.
fn live_on(machine: &mut Machine, server: &Server, rng: &mut Rng, round: u64) {
    for _ in 0..2 {
        // Whether it could be made or not, the journal has everything.
        let _ = server.snapshot();
        if machine.changes(server, rng, round).is_err() {
            return;
        }
    }
}

#[test]
fn killed_at_every_operation_on_the_snapshots() {
    let n = die_everywhere(|machine| &machine.snapshots, IoSource::Foreground, End::Killed, 40);
    assert!(n > 30, "two snapshots take more than {n} operations");
}

#[test]
fn cut_off_at_every_operation_on_the_snapshots() {
    let n = die_everywhere(|machine| &machine.snapshots, IoSource::Foreground, End::CutOff, 40);
    assert!(n > 30, "two snapshots take more than {n} operations");
}

#[test]
fn killed_at_every_operation_on_the_journal() {
    let n = die_everywhere(|machine| &machine.journal, IoSource::Foreground, End::Killed, 50);
    assert!(n > 60, "commits, compaction and trimming take more than {n} operations");
}

#[test]
fn cut_off_at_every_operation_on_the_journal() {
    let n = die_everywhere(|machine| &machine.journal, IoSource::Foreground, End::CutOff, 50);
    assert!(n > 60, "commits, compaction and trimming take more than {n} operations");
}

#[test]
fn killed_at_every_operation_on_a_spare() {
    let n = die_everywhere(|machine| &machine.journal, IoSource::Preallocation, End::Killed, 400);
    assert!(n > 8, "old segments are used again in more than {n}");
}

#[test]
fn cut_off_at_every_operation_on_a_spare() {
    let n = die_everywhere(|machine| &machine.journal, IoSource::Preallocation, End::CutOff, 400);
    assert!(n > 8, "old segments are used again in more than {n}");
}
