//! `--restore` into an empty directory, interrupted at any operation.

use std::path::Path;
use std::sync::Arc;

use bookline_server::codec::Sequence;
use bookline_server::state::{Records, StateLimits, Store};
use bookline_server::storage::data_dir::clean_stop::CleanStop;
use bookline_server::storage::disks::Disks;
use bookline_server::storage::journal::disk::Disk;
use bookline_server::storage::log::Log;
use bookline_server::storage::recovery::{RecoverError, Recovery};
use bookline_server::storage::restore::RestoreError;
use bookline_testkit::Rng;
use bookline_testkit::disk::{Faults, IoSource, SimDisk};
use bookline_testkit::system_clock;
use tempfile::NamedTempFile;

use super::machine::{Machine, disks, recover};

/// A machine with a few changes, and a backup of its state, which is a snapshot.
fn backup() -> (Machine, NamedTempFile) {
    let mut machine = Machine::new(11);
    let server = machine.start().expect("a fresh disk");
    machine.changes(&server, &mut Rng::new(11), 60).expect("no disk error");
    server.snapshot().expect("no disk error");
    server.stop();
    let snapshots = machine.images().snapshots;
    let [(_, bytes)] = &snapshots.0.iter().collect::<Vec<_>>()[..] else { panic!("one snapshot") };
    let file = NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes.as_slice()).expect("write succeeds");
    (machine, file)
}

/// Starts with `--restore` of this file, or without it.
fn start(
    journal: &SimDisk,
    snapshots: &SimDisk,
    file: Option<&Path>,
) -> Result<Recovery<Records>, RecoverError> {
    recover(&disks(journal.clone(), snapshots.clone()), file, true)
}

fn text(machine: &Machine, state: Recovery<Records>) -> (String, Sequence) {
    let last = state.journal.appended();
    let store = Store::new(state.state, StateLimits::NONE, Arc::new(state.journal), system_clock());
    (super::state_text::state_text(&store, &machine.ids), last)
}

#[test]
fn an_interrupted_restore_is_complete_or_can_be_repeated() {
    let (machine, file) = backup();
    let complete = (machine.text().to_owned(), Sequence(machine.acknowledged));
    for on_snapshots in [true, false] {
        for n in 1.. {
            let (mut journal, mut snapshots) = (SimDisk::new(n), SimDisk::new(!n));
            let dying = if on_snapshots { &snapshots } else { &journal };
            dying.set_faults(Faults { source: IoSource::Foreground, die_at: Some(n), ..Faults::default() });
            let first = start(&journal, &snapshots, Some(file.path()));
            let died = dying.list().is_err();
            let power = n.is_multiple_of(2);
            let next = |disk: &SimDisk| if power { disk.cut_power() } else { disk.kill() };
            (journal, snapshots) = (next(&journal), next(&snapshots));
            drop(first);

            // A second restore succeeds, or finds the restored data, which must be complete.
            let again = match start(&journal, &snapshots, Some(file.path())) {
                Err(RecoverError::Restore(RestoreError::NotEmpty { .. })) => {
                    start(&journal, &snapshots, None)
                }
                other => other,
            };
            let again = again.unwrap_or_else(|refused| panic!("operation {n}: {refused}"));
            assert_eq!(text(&machine, again), complete, "operation {n} on the snapshots: {on_snapshots}");
            if !died {
                break;
            }
        }
    }
}

#[test]
fn a_restore_into_a_directory_with_data_is_refused_and_changes_nothing() {
    let (mut machine, file) = backup();
    // The files were copied back without `time-zone`, so that only they show that the directory was in use.
    let before = machine.images();
    let refused = start(&machine.journal, &machine.snapshots, Some(file.path()));
    assert!(matches!(refused, Err(RecoverError::Restore(RestoreError::NotEmpty { .. }))), "{refused:?}");
    assert_eq!(machine.images().journal, before.journal);
    assert_eq!(machine.images().snapshots, before.snapshots);
    machine.start().expect("recovery succeeds").stop();
}

#[test]
fn a_corrupt_backup_is_refused_with_its_name_and_leaves_nothing() {
    let (_, file) = backup();
    let mut bytes = std::fs::read(file.path()).expect("a backup");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(file.path(), bytes).expect("write succeeds");
    let (journal, snapshots) = (SimDisk::new(1), SimDisk::new(2));
    let refused = start(&journal, &snapshots, Some(file.path())).expect_err("it is corrupt").to_string();
    assert!(refused.contains(&file.path().display().to_string()), "{refused}");
    assert!(snapshots.list().expect("no disk error").is_empty());
    assert!(start(&journal, &snapshots, None).is_ok(), "a start in an empty directory");
}

/// A directory with snapshots that this start did not restore is not empty.
#[test]
fn a_missing_journal_beside_a_snapshot_is_refused() {
    let (machine, _) = backup();
    let images = machine.images();
    let newest = images.snapshots().pop().expect("a snapshot");
    for fresh in [true, false] {
        for corrupt in [false, true] {
            let snapshots = SimDisk::holding(&images.snapshots, 1);
            if corrupt {
                snapshots.rename(&newest, &format!("{newest}.damaged")).expect("no disk error");
            }
            let journal = SimDisk::new(1);
            let refused = recover(&disks(journal.clone(), snapshots), None, fresh);
            let refused = refused.expect_err("commits are missing").to_string();
            assert!(refused.contains("the journal is missing"), "{refused}");
            let advice = format!("snapshots/{newest} is a backup");
            assert_eq!(refused.contains(&advice), !corrupt, "{refused}");
            assert!(journal.list().expect("no disk error").is_empty(), "no journal was created");
        }
    }
}

/// The clean-shutdown record alone shows that there was a journal.
#[test]
fn a_missing_journal_beside_a_clean_stop_is_refused() {
    let root = SimDisk::new(1);
    CleanStop::write(&root, Sequence(7)).expect("no disk error");
    let disks = Disks { root: Arc::new(root), ..disks(SimDisk::new(2), SimDisk::new(3)) };
    let refused = recover(&disks, None, true).expect_err("commits are missing").to_string();
    assert!(refused.contains("there were commits up to sequence 7"), "{refused}");
    CleanStop::write(&*disks.root, Sequence(0)).expect("no disk error");
    assert!(recover(&disks, None, true).is_ok(), "no commit existed");
}
