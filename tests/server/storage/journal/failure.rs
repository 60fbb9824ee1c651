//! Failed writes and syncs: nothing is acknowledged after them.

use bookline_server::codec::Sequence;
use bookline_server::storage::journal::Durability;
use bookline_server::storage::log::{AppendError, Log, LogExt};
use bookline_testkit::Rng;
use bookline_testkit::disk::{Faults, IoSource, SimDisk};

use super::generate::RandomCommit;
use super::history::{History, SMALL, TINY, append, commit, failure, is_ready, options};

#[test]
fn a_failed_sync_is_never_followed_by_an_acknowledgement() {
    check_failure("syncing", |syncs, _| Faults { fail_sync: Some(syncs + 1), ..Faults::default() });
}

#[test]
fn a_failed_write_is_never_followed_by_an_acknowledgement() {
    check_failure("writing to", |_, writes| Faults { fail_write: Some(writes + 1), ..Faults::default() });
}

fn check_failure(doing: &str, faults: impl Fn(u64, u64) -> Faults) {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let mut rng = Rng::new(1);
    let (journal, _) = history.open(&disk, SMALL).expect("a fresh journal");
    let durable = commit(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("no disk error");

    let counts = disk.counts(IoSource::Foreground);
    disk.set_faults(faults(counts.syncs, counts.writes));
    // The operation that fails may be that of a durability marker.
    let sequence = append(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("capacity");
    let failure = failure(&journal);
    assert_eq!((failure.doing, failure.file.as_str()), (doing, "00000000000000000001.seg"));
    assert!(failure.to_string().contains("EIO"), "{failure}");
    assert!(!is_ready(journal.wait_durable(sequence)));

    // The failure is final: no retry, no later commit, and the close reports it.
    let counts = disk.counts(IoSource::Foreground);
    disk.set_faults(Faults::default());
    assert_eq!(history.append(&journal, &RandomCommit::any(&mut rng)), Err(AppendError::Closed));
    assert_eq!(journal.close(), Err(failure.clone()));
    assert_eq!(journal.close(), Err(failure));
    assert!(!is_ready(journal.wait_durable(sequence)));
    assert_eq!(journal.durable(), durable);
    assert_eq!(disk.counts(IoSource::Foreground).operations, counts.operations, "no further I/O");

    // What was acknowledged before is still acknowledged, and still durable.
    assert!(is_ready(journal.wait_durable(durable)));
    let disk = disk.cut_power();
    history.open(&disk, SMALL).expect("recovery succeeds");
}

/// With `interval` and `never`, an append is acknowledged at once. One that will not be written must be
/// refused.
#[test]
fn appends_after_a_failure_are_refused_under_every_durability() {
    for durability in [Durability::Always, Durability::Interval, Durability::Never] {
        let disk = SimDisk::new(1);
        let mut history = History::default();
        let mut rng = Rng::new(1);
        let options = options(durability, SMALL.segment_size);
        let (journal, _) = history.open(&disk, options).expect("a fresh journal");
        let writes = disk.counts(IoSource::Foreground).writes;
        disk.set_faults(Faults { fail_write: Some(writes + 1), ..Faults::default() });
        append(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("capacity");
        failure(&journal);
        assert_eq!(
            history.append(&journal, &RandomCommit::any(&mut rng)),
            Err(AppendError::Closed),
            "{durability:?}"
        );
        assert!(is_ready(journal.capacity()), "no wait for capacity that never comes");
    }
}

/// After a failed sync, the writes that it dropped can still be read from the page cache. The next start must
/// write them again before it acknowledges them.
#[test]
fn writes_dropped_by_a_failed_sync_are_written_again_by_the_next_start() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let mut rng = Rng::new(1);
    {
        let (journal, _) = history.open(&disk, SMALL).expect("a fresh journal");
        commit(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("no disk error");
        let syncs = disk.counts(IoSource::Foreground).syncs;
        disk.set_faults(Faults {
            fail_sync: Some(syncs + 1),
            sync_error_drops_writes: true,
            ..Faults::default()
        });
        append(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("capacity");
        failure(&journal);
    }
    let disk = disk.kill();
    let (journal, recovered) = history.open(&disk, SMALL).expect("recovery succeeds");
    assert_eq!(recovered.last, Sequence(2), "the second commit is in the page cache");
    commit(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("no disk error");
    let disk = disk.cut_power();
    let (_, recovered) = history.open(&disk, SMALL).expect("recovery succeeds");
    assert_eq!(recovered.last, Sequence(3));
}

#[test]
fn short_writes_and_reads_are_completed() {
    let disk = SimDisk::new(3);
    disk.set_faults(Faults { short: true, ..Faults::default() });
    let mut history = History::default();
    let mut rng = Rng::new(3);
    let (journal, _) = history.open(&disk, TINY).expect("a fresh journal");
    for _ in 0..100 {
        commit(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("no disk error");
    }
    journal.close().expect("no disk error");
    let disk = disk.cut_power();
    disk.set_faults(Faults { short: true, ..Faults::default() });
    let (_, recovered) = history.open(&disk, TINY).expect("a closed journal");
    assert_eq!((recovered.last, recovered.torn_tail), (Sequence(100), None));
}

#[test]
fn a_start_that_fails_names_the_file() {
    let disk = SimDisk::new(1);
    disk.set_faults(Faults { fail_write: Some(1), ..Faults::default() });
    let mut history = History::default();
    let refused = history.open(&disk, SMALL).expect_err("the first write fails");
    let error = format!("{:#}", anyhow::Error::from(refused));
    assert!(error.contains("spare") && error.contains("EIO"), "{error}");
    disk.set_faults(Faults::default());
    history.open(&disk, SMALL).expect("the next start succeeds");
}
