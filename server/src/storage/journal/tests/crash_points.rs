//! A crash after every single operation of the disk, and the failure of every single write and sync.
//!
//! Chance meets the narrow places of a rotation seldom: between the header of the next segment and its name,
//! its name and the close of the one before, the close and the first frame. Here each is met, by a kill and
//! by power cuts.

use super::generate::Draft;
use super::history::{History, TINY, append, commit, settle, wait_for_capacity};
use super::rng::Rng;
use super::sim_disk::{Faults, SimDisk, Whose};
use crate::codec::Sequence;
use crate::storage::journal::{AppendError, Failure, Journal, OpenError};

/// How often each point is tried with a power cut, of which each has its own outcome.
const CUTS: u64 = 6;

#[test]
fn the_process_dies_at_every_operation() {
    sweep(|whose, n| Faults { whose, die_at: Some(n), ..Faults::default() });
}

#[test]
fn every_write_fails() {
    sweep(|whose, n| Faults { whose, fail_write: Some(n), ..Faults::default() });
}

#[test]
fn every_sync_fails() {
    sweep(|whose, n| Faults { whose, fail_sync: Some(n), ..Faults::default() });
}

/// And the system believes that what it did not write is written.
#[test]
fn every_sync_fails_and_forgets() {
    sweep(|whose, n| Faults { whose, fail_sync: Some(n), forgetful: true, ..Faults::default() });
}

/// Runs the script with one fault after the other until none strikes any more.
fn sweep(faults: impl Fn(Whose, u64) -> Faults) {
    for whose in [Whose::Commits, Whose::Preallocation] {
        for n in 1.. {
            let struck = (0..=CUTS).filter(|&seed| strikes(faults(whose, n), seed)).count();
            if struck == 0 {
                assert!(n > 2, "the script has more to it");
                break;
            }
        }
    }
}

/// Runs the script, lets it crash, and looks whether everything is there. Did the fault strike?
fn strikes(faults: Faults, seed: u64) -> bool {
    let mut disk = SimDisk::new(seed);
    let mut history = History::default();
    let mut rng = Rng::new(seed);
    let mut struck = false;
    for bursts in [9, 4] {
        disk.set_faults(faults);
        struck |= run(&disk, &mut history, &mut rng, bursts).is_err() || disk.has_struck(faults.whose);
        disk = if seed == 0 { disk.kill() } else { disk.cut_power() };
    }
    let context = || format!("{faults:?}, seed {seed}\n{}", disk.operations());
    check(&disk, &mut history, &mut rng).unwrap_or_else(|error| panic!("{error}\n{}", context()));
    struck
}

/// One cycle: group commits, rotations, a trim, a close.
fn run(disk: &SimDisk, history: &mut History, rng: &mut Rng, bursts: usize) -> Result<(), OpenError> {
    let (journal, _) = history.open(disk, TINY)?;
    let lived = live(disk, history, &journal, rng, bursts);
    history.acknowledge(journal.durable());
    // Whatever happens, closing ends.
    let closed = journal.close();
    history.acknowledge(journal.durable());
    lived?;
    closed?;
    Ok(())
}

fn live(
    disk: &SimDisk,
    history: &mut History,
    journal: &Journal,
    rng: &mut Rng,
    bursts: usize,
) -> Result<(), Failure> {
    for burst in 0..bursts {
        wait_for_capacity(journal)?;
        disk.hold();
        let last = group(disk, history, journal, rng);
        disk.release();
        let Some(last) = last? else { return Ok(()) };
        settle(journal, last)?;
        history.acknowledge(last);
        if burst == bursts / 2 {
            // It may be that the process is dead already.
            let _ = history.trim(journal, Sequence(last.0 * 2 / 3));
        }
    }
    Ok(())
}

/// One commit alone and five as a group. None when there is no room.
fn group(
    disk: &SimDisk,
    history: &mut History,
    journal: &Journal,
    rng: &mut Rng,
) -> Result<Option<Sequence>, Failure> {
    let mut last = None;
    while last.is_none_or(|(_, count)| count < 6) {
        let draft = Draft::any(rng);
        match history.append(journal, &draft) {
            Ok(sequence) => {
                if last.is_none() {
                    disk.wait_for_a_held_write();
                }
                last = Some((sequence, last.map_or(1, |(_, count)| count + 1)));
            }
            Err(AppendError::ReadOnly { .. }) => return Ok(None),
            // Closed by a failure, which ends the wait.
            Err(AppendError::Backpressure | AppendError::Closed) => {
                disk.release();
                wait_for_capacity(journal)?;
            }
        }
    }
    Ok(last.map(|(sequence, _)| sequence))
}

/// After the crash: recovery, more commits, a power cut, and recovery again.
fn check(disk: &SimDisk, history: &mut History, rng: &mut Rng) -> Result<(), OpenError> {
    let (journal, _) = history.open(disk, TINY)?;
    for _ in 0..3 {
        append(history, &journal, &Draft::any(rng))?;
    }
    let last = commit(history, &journal, &Draft::any(rng))?;
    let disk = disk.cut_power();
    let _ = journal.close();
    let (journal, recovered) = history.open(&disk, TINY)?;
    assert_eq!(recovered.last, last);
    Ok(journal.close()?)
}
