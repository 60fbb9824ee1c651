//! Randomized crash cycles of a server that makes snapshots on simulated disks: kills, power cuts, I/O errors
//! and full disks, each followed by recovery.
//!
//! It would fail if recovery yielded anything but a prefix of the commits with all acknowledged ones, if a
//! failed snapshot lost anything, or if a server stopped because its snapshots fail.

use bookline_server::storage::journal::OpenError;
use bookline_server::storage::recovery::RecoverError;
use bookline_testkit::Rng;
use bookline_testkit::disk::{Faults, IoSource};
use bookline_testkit::seeds::for_each_seed;

use super::machine::{Machine, Server};

#[test]
fn acknowledged_commits_survive_every_crash() {
    for_each_seed(150, |seed| {
        let mut rng = Rng::new(seed);
        let mut machine = Machine::new(rng.next());
        for _ in 0..rng.within(1..5) {
            run(&mut machine, &mut rng);
        }
        end(&mut machine, &mut rng);
    });
}

fn run(machine: &mut Machine, rng: &mut Rng) {
    let (journal, snapshots) = (faults(rng, true), faults(rng, false));
    machine.journal.set_faults(journal);
    machine.snapshots.set_faults(snapshots);
    let server = match machine.start() {
        Ok(server) => server,
        Err(refused) => {
            assert!(is_io_error(&refused) && (may_fail(journal) || may_fail(snapshots)), "{refused}");
            machine.end_process(rng.one_in(2));
            return;
        }
    };
    let well = serve(machine, &server, rng, may_fail(journal) || may_fail(snapshots));
    // A failed sync of either directory fails the journal.
    if well && rng.one_in(3) && !may_fail(journal) && !may_fail(snapshots) {
        server.stop();
        machine.end_process(rng.one_in(2));
    } else {
        machine.crash(server, rng.one_in(2));
    }
}

/// Returns false when the journal failed.
fn serve(machine: &mut Machine, server: &Server, rng: &mut Rng, has_faults: bool) -> bool {
    for _ in 0..rng.within(0..6) {
        let count = rng.within(0..50);
        if machine.changes(server, rng, count).is_err() {
            assert!(has_faults, "a failure without faults");
            return false;
        }
        if rng.one_in(2) {
            let made = server.snapshot();
            assert!(has_faults || made.is_ok(), "{made:?}");
        }
    }
    true
}

fn faults(rng: &mut Rng, journal: bool) -> Faults {
    let mut faults =
        Faults { short: rng.one_in(3), sync_error_drops_writes: rng.one_in(2), ..Faults::default() };
    if journal && rng.one_in(4) {
        faults.source = IoSource::Preallocation;
    }
    match rng.below(8) {
        0 | 1 => faults.die_at = Some(rng.within(1..150)),
        2 => faults.fail_write = Some(rng.within(1..60)),
        3 => faults.fail_sync = Some(rng.within(1..40)),
        4 if !journal => faults.capacity = Some(rng.below(16 << 10)),
        _ => {}
    }
    faults
}

/// Whether operations may fail with these faults.
fn may_fail(faults: Faults) -> bool {
    faults.die_at.is_some()
        || faults.fail_write.is_some()
        || faults.fail_sync.is_some()
        || faults.capacity.is_some()
}

/// Whether an I/O error is the reason, and not corruption.
fn is_io_error(refused: &RecoverError) -> bool {
    matches!(
        refused,
        RecoverError::Io(_) | RecoverError::Journal(OpenError::Io { .. } | OpenError::Failure(_))
    ) || refused.to_string().contains("simulated")
}

/// Recovers, makes snapshots and recovers again, without faults.
fn end(machine: &mut Machine, rng: &mut Rng) {
    machine.clear_faults();
    let server = machine.start().expect("recovery succeeds");
    for _ in 0..2 {
        machine.changes(&server, rng, 40).expect("no disk error");
        server.snapshot().expect("no disk error");
        machine.assert_older_snapshot_suffices();
    }
    machine.crash(server, true);
    machine.start().expect("recovery succeeds").stop();
}
