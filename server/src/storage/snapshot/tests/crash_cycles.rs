//! Lives of a server on disks that lie: killed, cut off, failing and full while it makes snapshots, and every
//! time recovered.
//!
//! What a server recovers is a beginning of what was done, with all that was acknowledged; a snapshot that
//! could not be made costs nothing but its room; and a server source snapshots fail goes on.

use super::machine::{Machine, Server};
use crate::storage::journal::OpenError;
use crate::storage::journal::tests::rng::{Rng, for_each_seed};
use crate::storage::journal::tests::sim_disk::{Faults, IoSource};
use crate::storage::recovery::RecoverError;

#[test]
fn whatever_the_disks_do_what_was_acknowledged_is_there() {
    for_each_seed(150, |seed| {
        let mut rng = Rng::new(seed);
        let mut machine = Machine::new(rng.next());
        for _ in 0..rng.within(1..5) {
            live(&mut machine, &mut rng);
        }
        end(&mut machine, &mut rng);
    });
}

fn live(machine: &mut Machine, rng: &mut Rng) {
    let (journal, snapshots) = (faults(rng, true), faults(rng, false));
    machine.journal.set_faults(journal);
    machine.snapshots.set_faults(snapshots);
    let server = match machine.start() {
        Ok(server) => server,
        Err(refused) => {
            assert!(is_a_fault(&refused) && (goes_wrong(journal) || goes_wrong(snapshots)), "{refused}");
            machine.end_of_cycle(rng.one_in(2));
            return;
        }
    };
    let well = serve(machine, &server, rng, goes_wrong(journal) || goes_wrong(snapshots));
    // A failed sync of either directory fails the journal.
    if well && rng.one_in(3) && !goes_wrong(journal) && !goes_wrong(snapshots) {
        server.stop();
        machine.end_of_cycle(rng.one_in(2));
    } else {
        machine.crash(server, rng.one_in(2));
    }
}

/// False when the journal failed.
fn serve(machine: &mut Machine, server: &Server, rng: &mut Rng, may_go_wrong: bool) -> bool {
    for _ in 0..rng.within(0..6) {
        let count = rng.within(0..50);
        if machine.changes(server, rng, count).is_err() {
            assert!(may_go_wrong, "no disk failed");
            return false;
        }
        if rng.one_in(2) {
            let made = server.snapshot();
            assert!(may_go_wrong || made.is_ok(), "{made:?}");
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

/// May a disk with these faults refuse what is asked of it?
fn goes_wrong(faults: Faults) -> bool {
    faults.die_at.is_some()
        || faults.fail_write.is_some()
        || faults.fail_sync.is_some()
        || faults.capacity.is_some()
}

/// Did the system say no, and nothing else?
fn is_a_fault(refused: &RecoverError) -> bool {
    matches!(
        refused,
        RecoverError::Io(_) | RecoverError::Journal(OpenError::Io { .. } | OpenError::Failure(_))
    ) || refused.to_string().contains("simulated")
}

/// In the end the disks behave, and everything works.
fn end(machine: &mut Machine, rng: &mut Rng) {
    machine.heal();
    let server = machine.start().expect("recovery succeeds");
    for _ in 0..2 {
        machine.changes(&server, rng, 40).expect("no disk error");
        server.snapshot().expect("no disk error");
        machine.check_that_the_older_one_would_do();
    }
    machine.crash(server, true);
    machine.start().expect("recovery succeeds").stop();
}
