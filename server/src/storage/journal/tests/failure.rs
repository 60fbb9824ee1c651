//! A write or a sync that fails: nobody who waits is told anything, ever.

use super::generate::Draft;
use super::history::{History, SMALL, TINY, append, commit, failure, is_ready, options};
use super::rng::Rng;
use super::sim_disk::{Faults, SimDisk, Whose};
use crate::codec::Sequence;
use crate::storage::journal::{AppendError, Durability};

#[test]
fn a_failed_sync_is_never_followed_by_an_acknowledgement() {
    after_a_failure("syncing", |syncs, _| Faults { fail_sync: Some(syncs + 1), ..Faults::default() });
}

#[test]
fn a_failed_write_is_never_followed_by_an_acknowledgement() {
    after_a_failure("writing to", |_, writes| Faults { fail_write: Some(writes + 1), ..Faults::default() });
}

fn after_a_failure(doing: &str, faults: impl Fn(u64, u64) -> Faults) {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let mut rng = Rng::new(1);
    let (journal, _) = history.open(&disk, SMALL).expect("a fresh journal");
    let durable = commit(&mut history, &journal, &Draft::any(&mut rng)).expect("all is well");

    let counts = disk.counts(Whose::Commits);
    disk.set_faults(faults(counts.syncs, counts.writes));
    // A durability marker may meet the failure before a commit does.
    let sequence = append(&mut history, &journal, &Draft::any(&mut rng)).expect("there is room");
    let failure = failure(&journal);
    assert_eq!((failure.doing, failure.file.as_str()), (doing, "00000000000000000001.seg"));
    assert!(failure.to_string().contains("EIO"), "{failure}");
    assert!(!is_ready(journal.wait(sequence)));

    // It latches: no second try, no later commit, no close that says all is well.
    let counts = disk.counts(Whose::Commits);
    disk.set_faults(Faults::default());
    assert_eq!(history.append(&journal, &Draft::any(&mut rng)), Err(AppendError::Closed));
    assert_eq!(journal.close(), Err(failure.clone()));
    assert_eq!(journal.close(), Err(failure));
    assert!(!is_ready(journal.wait(sequence)));
    assert_eq!(journal.durable(), durable);
    assert_eq!(disk.counts(Whose::Commits).operations, counts.operations, "the disk is left alone");

    // What was acknowledged before is still told, and still there.
    assert!(is_ready(journal.wait(durable)));
    let disk = disk.cut_power();
    history.open(&disk, SMALL).expect("recovery");
}

/// Where nobody waits for the disk, an append is as good as told: one that nobody will write must be refused.
#[test]
fn nothing_is_appended_behind_a_failure_whatever_the_durability() {
    for durability in [Durability::Always, Durability::Interval, Durability::Never] {
        let disk = SimDisk::new(1);
        let mut history = History::default();
        let mut rng = Rng::new(1);
        let options = options(durability, SMALL.segment_size);
        let (journal, _) = history.open(&disk, options).expect("a fresh journal");
        let writes = disk.counts(Whose::Commits).writes;
        disk.set_faults(Faults { fail_write: Some(writes + 1), ..Faults::default() });
        append(&mut history, &journal, &Draft::any(&mut rng)).expect("there is room");
        failure(&journal);
        assert_eq!(
            history.append(&journal, &Draft::any(&mut rng)),
            Err(AppendError::Closed),
            "{durability:?}"
        );
        assert!(is_ready(journal.capacity()), "nobody is kept waiting for room that never comes");
    }
}

/// The system forgets what a failed sync should have written, and shows it all the same. The next start must
/// not believe its eyes.
#[test]
fn what_a_failed_sync_forgot_is_written_again_before_it_is_told() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let mut rng = Rng::new(1);
    {
        let (journal, _) = history.open(&disk, SMALL).expect("a fresh journal");
        commit(&mut history, &journal, &Draft::any(&mut rng)).expect("all is well");
        let syncs = disk.counts(Whose::Commits).syncs;
        disk.set_faults(Faults { fail_sync: Some(syncs + 1), forgetful: true, ..Faults::default() });
        append(&mut history, &journal, &Draft::any(&mut rng)).expect("there is room");
        failure(&journal);
    }
    let disk = disk.kill();
    let (journal, recovered) = history.open(&disk, SMALL).expect("it reads well");
    assert_eq!(recovered.last, Sequence(2), "the second commit shows, so it counts");
    commit(&mut history, &journal, &Draft::any(&mut rng)).expect("all is well");
    let disk = disk.cut_power();
    let (_, recovered) = history.open(&disk, SMALL).expect("nothing is corrupt");
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
        commit(&mut history, &journal, &Draft::any(&mut rng)).expect("a slow disk, not a bad one");
    }
    journal.close().expect("a slow disk, not a bad one");
    let disk = disk.cut_power();
    disk.set_faults(Faults { short: true, ..Faults::default() });
    let (_, recovered) = history.open(&disk, TINY).expect("it was closed");
    assert_eq!((recovered.last, recovered.torn_tail), (Sequence(100), None));
}

#[test]
fn a_start_that_fails_names_the_file() {
    let disk = SimDisk::new(1);
    disk.set_faults(Faults { fail_write: Some(1), ..Faults::default() });
    let mut history = History::default();
    let error = history.open(&disk, SMALL).expect_err("the first write fails").to_string();
    assert!(error.contains("spare") && error.contains("EIO"), "{error}");
    disk.set_faults(Faults::default());
    history.open(&disk, SMALL).expect("the next start begins again");
}
