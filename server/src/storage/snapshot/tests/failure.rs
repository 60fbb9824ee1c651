//! A sync of a directory that fails, whoever tried it: a later one would succeed over names that are not on
//! the disk. So it ends the journal, and nothing is acknowledged any more.

use super::machine::{Machine, Server};
use crate::storage::journal::tests::history::{failure, is_ready};
use crate::storage::journal::tests::rng::Rng;
use crate::storage::journal::tests::sim_disk::{Faults, IoSource, SimDisk};

/// Lives in which snapshots are made and old segments used again. In each, another sync of the directory by
/// `source` threads fails, on the disk that `which` finds. Says how many there were.
fn fail_every_sync(which: fn(&Machine) -> &SimDisk, source: IoSource) -> u64 {
    for n in 1.. {
        let mut machine = Machine::new(1);
        let server = machine.start().expect("a fresh disk");
        let nth = Some(which(&machine).counts(source).directory_syncs + n);
        which(&machine).set_faults(Faults { source, fail_directory_sync: nth, ..Faults::default() });
        live(&mut machine, &server);
        if !which(&machine).has_failed(source) {
            assert!(!is_ready(server.journal().failed()), "nothing has failed");
            return n - 1;
        }
        let failure = failure(server.journal());
        assert!(failure.file.contains("directory") || failure.doing == "beginning", "{failure}");
        assert_eq!(server.journal().close(), Err(failure));
    }
    unreachable!("a crash cycle has an end")
}

fn live(machine: &mut Machine, server: &Server) {
    let mut rng = Rng::new(1);
    for _ in 0..8 {
        // One that could not be made costs nothing.
        let _ = server.snapshot();
        if machine.changes(server, &mut rng, 200).is_err() {
            return;
        }
    }
}

#[test]
fn of_the_snapshots() {
    assert!(fail_every_sync(|machine| &machine.snapshots, IoSource::Foreground) > 3);
}

#[test]
fn of_the_journal_when_segments_begin_or_go() {
    assert!(fail_every_sync(|machine| &machine.journal, IoSource::Foreground) > 3);
}

#[test]
fn of_the_journal_when_old_segments_are_used_again() {
    assert!(fail_every_sync(|machine| &machine.journal, IoSource::Preallocation) > 0);
}
