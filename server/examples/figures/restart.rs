//! The time of a restart, the memory of a ticket, and the latency of bookings during a snapshot.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::Subcommand;

use crate::background_work::BackgroundWork;
use crate::step_result::StepResult;
use crate::{background_work, recovery, run_step, table, unsynced_store};

/// Each ticket is a booking.
const TICKETS: u32 = 10_000_000;
const EVENTS: u32 = 10_000;

/// A step that runs in a process of its own.
#[derive(Debug, Clone, Subcommand)]
pub enum Step {
    /// Fill a data directory
    Build { directory: PathBuf },
    /// Recover it
    Start { directory: PathBuf },
    /// Recover it and make a snapshot
    Snapshot { directory: PathBuf },
    /// Book on it, without snapshots and during them
    Book { directory: PathBuf, seconds: u64 },
}

impl Step {
    pub fn run(&self) -> anyhow::Result<()> {
        let result = match self {
            Self::Build { directory } => unsynced_store::build(directory, TICKETS, EVENTS)?,
            Self::Start { directory } => recovery::start(directory)?,
            Self::Snapshot { directory } => recovery::snapshot(directory)?,
            Self::Book { directory, seconds } => {
                let (baseline, loaded, _) =
                    background_work::measure(directory, EVENTS, *seconds, BackgroundWork::Snapshots)?;
                StepResult { baseline, loaded, ..StepResult::default() }
            }
        };
        println!("{}", serde_json::to_string(&result)?);
        Ok(())
    }
}

pub fn figures(directory: &Path, seconds: u64) -> anyhow::Result<()> {
    let path = directory.to_string_lossy();
    let built: StepResult = run_step(&["build", &path])?;
    println!(
        "{TICKETS} tickets in {EVENTS} events, booked in {:.1} s (nothing durable), journal of {:.0} MB",
        built.seconds,
        built.bytes as f64 / 1e6
    );
    let replayed: StepResult = run_step(&["start", &path])?;
    ensure!(replayed.tickets == u64::from(TICKETS), "{} tickets were replayed", replayed.tickets);
    println!("replayed {} changes in {:.2} s", replayed.changes, replayed.seconds);
    let made: StepResult = run_step(&["snapshot", &path])?;
    println!("snapshot of {:.0} MB made in {:.1} s", made.bytes as f64 / 1e6, made.seconds);
    let restarted: StepResult = run_step(&["start", &path])?;
    ensure!(restarted.tickets == u64::from(TICKETS), "{} tickets were restored", restarted.tickets);
    let booked: StepResult = run_step(&["book", &path, &seconds.to_string()])?;
    println!("BOOK, baseline:          {}", booked.baseline);
    println!("BOOK, during a snapshot: {}", booked.loaded);

    table::at_most("restart from a snapshot", restarted.seconds, "s", 5.0);
    table::at_least(
        "replay without a snapshot",
        replayed.changes as f64 / replayed.seconds / 1e6,
        "M/s",
        2.0,
    );
    table::at_most("memory for a ticket", restarted.resident / f64::from(TICKETS), "bytes", 64.0);
    table::at_most(
        "p99 of BOOK during a snapshot, to baseline",
        booked.loaded.p99 / booked.baseline.p99,
        "times",
        4.0,
    );
    Ok(())
}
