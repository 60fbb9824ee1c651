//! How long a restart takes, what a ticket costs in memory, and what a snapshot costs those who book meanwhile.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::Subcommand;

use crate::beside::Load;
use crate::said::Said;
use crate::{ask, beside, build, start, table};

/// A booking each.
const TICKETS: u32 = 10_000_000;
const EVENTS: u32 = 10_000;

/// What is done in a process of its own.
#[derive(Debug, Clone, Subcommand)]
pub enum Step {
    /// Fill a data directory
    Build { directory: PathBuf },
    /// Start on it and say how that went
    Start { directory: PathBuf },
    /// Start on it and make a snapshot
    Snapshot { directory: PathBuf },
    /// Book on it, quietly and beside snapshots
    Book { directory: PathBuf, seconds: u64 },
}

impl Step {
    pub fn run(&self) -> anyhow::Result<()> {
        let said = match self {
            Self::Build { directory } => build::tickets(directory, TICKETS, EVENTS)?,
            Self::Start { directory } => start::start(directory)?,
            Self::Snapshot { directory } => start::snapshot(directory)?,
            Self::Book { directory, seconds } => {
                let (quiet, busy, _) = beside::measure(directory, EVENTS, *seconds, Load::Snapshots)?;
                Said { quiet, busy, ..Said::default() }
            }
        };
        println!("{}", serde_json::to_string(&said)?);
        Ok(())
    }
}

pub fn figures(directory: &Path, seconds: u64) -> anyhow::Result<()> {
    let path = directory.to_string_lossy();
    let built: Said = ask(&["build", &path])?;
    println!(
        "{TICKETS} tickets in {EVENTS} events, booked in {:.1} s (nothing durable), journal of {:.0} MB",
        built.seconds,
        built.bytes as f64 / 1e6
    );
    let replayed: Said = ask(&["start", &path])?;
    ensure!(replayed.tickets == u64::from(TICKETS), "{} tickets were replayed", replayed.tickets);
    println!("replayed {} changes in {:.2} s", replayed.changes, replayed.seconds);
    let made: Said = ask(&["snapshot", &path])?;
    println!("snapshot of {:.0} MB made in {:.1} s", made.bytes as f64 / 1e6, made.seconds);
    let restarted: Said = ask(&["start", &path])?;
    ensure!(restarted.tickets == u64::from(TICKETS), "{} tickets were restored", restarted.tickets);
    let booked: Said = ask(&["book", &path, &seconds.to_string()])?;
    println!("BOOK, quiet:             {}", booked.quiet);
    println!("BOOK, beside a snapshot: {}", booked.busy);

    table::at_most("restart from a snapshot", restarted.seconds, "s", 5.0);
    table::at_least(
        "replay without a snapshot",
        replayed.changes as f64 / replayed.seconds / 1e6,
        "M/s",
        2.0,
    );
    table::at_most("memory for a ticket", restarted.resident / f64::from(TICKETS), "bytes", 100.0);
    table::at_most(
        "p99 of BOOK beside a snapshot, to quiet",
        booked.busy.p99 / booked.quiet.p99,
        "times",
        4.0,
    );
    Ok(())
}
