//! The measurements of docs/reliability.md and docs/performance.md that need a server with much data.
//!
//! ```sh
//! cargo run --release -p bookline-server --example figures                # all of them
//! cargo run --release -p bookline-server --example figures -- restart     # one of them
//! ```
//!
//! The library builds data directories in `--place`, and they are removed at the end. The largest, with ten
//! million tickets, takes 900 MB. Each part runs in a process of its own. Clients and server share the
//! processors, and files are in the page cache, as after a restart of the process; after a restart of the
//! machine, reading them from the disk takes additional time. Run it on an otherwise idle machine.

mod background_work;
mod booking_clients;
mod competing_load;
mod connection;
mod fairness;
mod growth;
mod idle;
mod in_process_server;
mod listing;
mod lookup;
mod memory;
mod month;
mod recovery;
mod restart;
mod series;
mod step_result;
mod table;
mod unsynced_store;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use serde::de::DeserializeOwned;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,

    /// Where to create data directories, which decides which disk is measured
    #[arg(long, global = true, default_value = ".")]
    place: PathBuf,

    /// Seconds of the baseline, and the least of the load to compare with it
    #[arg(long, global = true, default_value_t = 10)]
    seconds: u64,
}

#[derive(Debug, Clone, Subcommand)]
enum Part {
    /// Restart, replay, memory, and bookings during a snapshot, with ten million tickets
    Restart,
    /// Bookings during listings of 100,000 events
    Listing,
    /// HOD of 720 hours with five meetings each
    Month,
    /// Memory of 5,000 idle connections
    Idle,
    /// Memory of a ticket, a hold and a name, and of an event and a person-hour of the largest size
    Memory,
    /// A booking after ten thousand tickets, and after ten million
    Growth,
    /// TICKET among 32 million tickets of one event, and the largest bookings
    Lookup,
    /// The largest series: their creation, moves and deletion
    Series,
    /// Bookings during the load of twenty competing connections, of each kind
    Fairness {
        /// How often each kind is measured
        #[arg(long, default_value_t = 1)]
        rounds: u32,
        /// Only kinds whose names contain this
        #[arg(long, default_value = "")]
        only: String,
    },
    /// A step of one of the others
    #[command(hide = true)]
    Step {
        #[command(subcommand)]
        step: restart::Step,
    },
}

fn main() -> anyhow::Result<()> {
    let Arguments { part, place, seconds } = Arguments::parse();
    let Some(part) = part else {
        for part in
            ["restart", "listing", "month", "idle", "memory", "growth", "lookup", "series", "fairness"]
        {
            println!("\n{part}");
            run_in_process(&[part, "--place", &place.to_string_lossy(), "--seconds", &seconds.to_string()])?;
        }
        return Ok(());
    };
    match part {
        Part::Step { step } => step.run(),
        Part::Restart => in_directory(&place, |directory| restart::figures(directory, seconds)),
        Part::Listing => in_directory(&place, |directory| listing::figures(directory, seconds)),
        Part::Month => in_directory(&place, month::figures),
        Part::Idle => in_directory(&place, idle::figures),
        Part::Memory => in_directory(&place, memory::figures),
        Part::Growth => in_directory(&place, growth::figures),
        Part::Lookup => in_directory(&place, lookup::figures),
        Part::Series => in_directory(&place, series::figures),
        Part::Fairness { rounds, only } => fairness::figures(&place, seconds, rounds, &only),
    }
}

/// Runs a part in a process of its own, so that its memory and caches do not affect the next part.
fn run_in_process(arguments: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(std::env::current_exe()?).args(arguments).status()?;
    ensure!(status.success(), "{arguments:?} failed");
    Ok(())
}

/// Runs a step in a process of its own, and reads its result.
fn run_step<T: DeserializeOwned>(arguments: &[&str]) -> anyhow::Result<T> {
    let output = Command::new(std::env::current_exe()?).arg("step").args(arguments).output()?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).with_context(|| format!("the result of {arguments:?}"))
}

/// Calls `work` with a directory, and removes it afterwards.
fn in_directory<T>(place: &Path, work: impl FnOnce(&Path) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let directory = place.join(format!("bookline-figures-{}", std::process::id()));
    let result = work(&directory);
    if directory.exists() {
        std::fs::remove_dir_all(&directory).with_context(|| format!("removing {}", directory.display()))?;
    }
    result
}
