//! A failed sync of a directory, by any thread, fails the journal, and nothing is acknowledged after it: the
//! next sync would succeed although names are not on disk.

use bookline_testkit::Rng;
use bookline_testkit::disk::{Faults, IoSource, SimDisk};

use super::machine::{Machine, Server};
use crate::storage::journal::history::{failure, is_ready};
use bookline_server::storage::log::{Log, LogExt};

/// Runs a scenario of snapshots and recycled segments again and again. In the n-th run, the n-th sync of the
/// directory by the `source` threads fails, on the disk that `which` selects. Returns the number of these
/// syncs.
fn fail_every_sync(which: fn(&Machine) -> &SimDisk, source: IoSource) -> u64 {
    for n in 1.. {
        let mut machine = Machine::new(1);
        let server = machine.start().expect("a fresh disk");
        let nth = Some(which(&machine).counts(source).directory_syncs + n);
        which(&machine).set_faults(Faults { source, fail_directory_sync: nth, ..Faults::default() });
        run(&mut machine, &server);
        if !which(&machine).has_failed(source) {
            assert!(!is_ready(server.journal().failed()), "no failure without a failed sync");
            return n - 1;
        }
        let failure = failure(server.journal());
        assert!(failure.file.contains("directory") || failure.doing == "beginning", "{failure}");
        assert_eq!(server.journal().close(), Err(failure));
    }
    unreachable!("the scenario ends")
}

fn run(machine: &mut Machine, server: &Server) {
    let mut rng = Rng::new(1);
    for _ in 0..8 {
        // A failed snapshot loses nothing.
        let _ = server.snapshot();
        if machine.changes(server, &mut rng, 200).is_err() {
            return;
        }
    }
}

#[test]
fn a_failed_sync_of_the_snapshot_directory_fails_the_journal() {
    assert!(fail_every_sync(|machine| &machine.snapshots, IoSource::Foreground) > 3);
}

#[test]
fn a_failed_sync_of_the_journal_directory_fails_the_journal() {
    assert!(fail_every_sync(|machine| &machine.journal, IoSource::Foreground) > 3);
}

#[test]
fn a_failed_sync_after_recycling_a_segment_fails_the_journal() {
    assert!(fail_every_sync(|machine| &machine.journal, IoSource::Preallocation) > 0);
}
