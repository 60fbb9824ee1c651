//! A crash at every single operation of the disk, and the failure of every single write and sync.
//!
//! Random crashes seldom hit the critical steps of a rotation: between the header of the next segment and its
//! name, its name and the trailer of the current one, the trailer and the first frame. Here each step is
//! interrupted, by a kill and by power cuts.

use bookline_server::codec::Sequence;
use bookline_server::storage::journal::{Journal, OpenError};
use bookline_server::storage::log::{AppendError, Failure, Log};
use bookline_testkit::Rng;
use bookline_testkit::disk::{Faults, IoSource, SimDisk};

use super::generate::RandomCommit;
use super::history::{History, TINY, append, commit, settle, wait_for_capacity};

/// The number of power cuts at each operation, each of which loses other unsynced writes.
const POWER_CUTS: u64 = 6;

#[test]
fn a_crash_at_any_operation_loses_nothing_acknowledged() {
    sweep(|source, n| Faults { source, die_at: Some(n), ..Faults::default() });
}

#[test]
fn a_failure_of_any_write_loses_nothing_acknowledged() {
    sweep(|source, n| Faults { source, fail_write: Some(n), ..Faults::default() });
}

#[test]
fn a_failure_of_any_sync_loses_nothing_acknowledged() {
    sweep(|source, n| Faults { source, fail_sync: Some(n), ..Faults::default() });
}

#[test]
fn a_failure_of_any_sync_that_drops_its_writes_loses_nothing_acknowledged() {
    sweep(|source, n| Faults {
        source,
        fail_sync: Some(n),
        sync_error_drops_writes: true,
        ..Faults::default()
    });
}

/// Runs the scenario with the fault at operation 1, 2, … until the scenario ends before the fault.
fn sweep(faults: impl Fn(IoSource, u64) -> Faults) {
    for source in [IoSource::Foreground, IoSource::Preallocation] {
        for n in 1.. {
            let runs_with_fault = (0..=POWER_CUTS).filter(|&seed| run_with(faults(source, n), seed)).count();
            if runs_with_fault == 0 {
                assert!(n > 2, "the scenario has more than two operations");
                break;
            }
        }
    }
}

/// Runs the scenario twice with these faults, each time followed by a crash, then checks that everything
/// acknowledged is recovered. Returns whether the fault occurred.
fn run_with(faults: Faults, seed: u64) -> bool {
    let mut disk = SimDisk::new(seed);
    let mut history = History::default();
    let mut rng = Rng::new(seed);
    let mut occurred = false;
    for bursts in [9, 4] {
        disk.set_faults(faults);
        occurred |= run(&disk, &mut history, &mut rng, bursts).is_err() || disk.has_failed(faults.source);
        disk = if seed == 0 { disk.kill() } else { disk.cut_power() };
    }
    let context = || format!("{faults:?}, seed {seed}\n{}", disk.operations());
    check(&disk, &mut history, &mut rng).unwrap_or_else(|error| panic!("{error}\n{}", context()));
    occurred
}

/// One process: group commits, rotations, a trim, a close.
fn run(disk: &SimDisk, history: &mut History, rng: &mut Rng, bursts: usize) -> Result<(), OpenError> {
    let (journal, _) = history.open(disk, TINY)?;
    let served = serve(disk, history, &journal, rng, bursts);
    history.acknowledge(journal.durable());
    let closed = journal.close();
    history.acknowledge(journal.durable());
    served?;
    closed?;
    Ok(())
}

fn serve(
    disk: &SimDisk,
    history: &mut History,
    journal: &Journal,
    rng: &mut Rng,
    bursts: usize,
) -> Result<(), Failure> {
    for burst in 0..bursts {
        wait_for_capacity(journal)?;
        disk.pause_writes();
        let last = group(disk, history, journal, rng);
        disk.resume_writes();
        let Some(last) = last? else { return Ok(()) };
        settle(journal, last)?;
        history.acknowledge(last);
        if burst == bursts / 2 {
            // It fails if the process was killed before.
            let _ = history.trim(journal, Sequence(last.0 * 2 / 3));
        }
    }
    Ok(())
}

/// One commit by itself, then five as a group. `None` if the journal is read-only.
fn group(
    disk: &SimDisk,
    history: &mut History,
    journal: &Journal,
    rng: &mut Rng,
) -> Result<Option<Sequence>, Failure> {
    let mut last = None;
    while last.is_none_or(|(_, count)| count < 6) {
        let random_commit = RandomCommit::any(rng);
        match history.append(journal, &random_commit) {
            Ok(sequence) => {
                if last.is_none() {
                    disk.wait_for_paused_write();
                }
                last = Some((sequence, last.map_or(1, |(_, count)| count + 1)));
            }
            Err(AppendError::ReadOnly { .. }) => return Ok(None),
            Err(AppendError::Unavailable { .. } | AppendError::Misconfigured { .. }) => {
                unreachable!("a journal is no replicated log")
            }
            // If a failure has closed the journal, the wait ends with it.
            Err(AppendError::Backpressure | AppendError::Closed) => {
                disk.resume_writes();
                wait_for_capacity(journal)?;
            }
        }
    }
    Ok(last.map(|(sequence, _)| sequence))
}

/// Recovers after the crash, then commits, cuts the power, and recovers again.
fn check(disk: &SimDisk, history: &mut History, rng: &mut Rng) -> Result<(), OpenError> {
    let (journal, _) = history.open(disk, TINY)?;
    for _ in 0..3 {
        append(history, &journal, &RandomCommit::any(rng))?;
    }
    let last = commit(history, &journal, &RandomCommit::any(rng))?;
    let disk = disk.cut_power();
    let _ = journal.close();
    let (journal, recovered) = history.open(&disk, TINY)?;
    assert_eq!(recovered.last, last);
    Ok(journal.close()?)
}
