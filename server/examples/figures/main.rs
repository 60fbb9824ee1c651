//! The figures of docs/reliability.md and docs/performance.md that take a server full of something.
//!
//! ```sh
//! cargo run --release -p bookline-server --example figures                # all of them
//! cargo run --release -p bookline-server --example figures -- restart     # one of them
//! ```
//!
//! Data directories are built through the library where `--place` says, and removed at the end; the largest, ten
//! million tickets, takes 700 MB. Each part runs in a process of its own. Clients and server share the processors, and
//! files are read from the page cache, as after a restart of the program; behind a restart of the machine the disk's
//! speed comes on top. Run it on a machine that has nothing else to do.

mod beside;
mod build;
mod fairness;
mod growth;
mod honest;
mod host;
mod hostile;
mod idle;
mod lines;
mod listing;
mod memory;
mod month;
mod restart;
mod said;
mod start;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use serde::de::DeserializeOwned;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,

    /// Where to make data directories; the place decides which disk is measured
    #[arg(long, global = true, default_value = ".")]
    place: PathBuf,

    /// Seconds of quiet load, and at least as many beside something else
    #[arg(long, global = true, default_value_t = 10)]
    seconds: u64,
}

#[derive(Debug, Clone, Subcommand)]
enum Part {
    /// Restart, replay, memory, and bookings beside a snapshot, with ten million tickets
    Restart,
    /// Bookings beside listings of 100,000 events
    Listing,
    /// The month of the head of department, 720 hours of five meetings
    Month,
    /// Memory of 5,000 idle connections
    Idle,
    /// Memory of a ticket, an event and a person-hour, each as large as can be
    Memory,
    /// A booking with ten thousand tickets issued, and with ten million
    Growth,
    /// Bookings beside twenty hostile connections of each kind
    Hostile {
        /// How often all of it
        #[arg(long, default_value_t = 1)]
        rounds: u32,
        /// Only kinds whose names have this in them
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
        for part in ["restart", "listing", "month", "idle", "memory", "growth", "hostile"] {
            println!("\n{part}");
            again(&[part, "--place", &place.to_string_lossy(), "--seconds", &seconds.to_string()])?;
        }
        return Ok(());
    };
    match part {
        Part::Step { step } => step.run(),
        Part::Restart => within(&place, |directory| restart::figures(directory, seconds)),
        Part::Listing => within(&place, |directory| listing::figures(directory, seconds)),
        Part::Month => within(&place, month::figures),
        Part::Idle => within(&place, idle::figures),
        Part::Memory => within(&place, memory::figures),
        Part::Growth => within(&place, growth::figures),
        Part::Hostile { rounds, only } => fairness::figures(&place, seconds, rounds, &only),
    }
}

/// Runs this program again: memory and caches of one part are nothing to the next.
fn again(arguments: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(std::env::current_exe()?).args(arguments).status()?;
    ensure!(status.success(), "{arguments:?} failed");
    Ok(())
}

/// Runs a step in a process of its own, and reads what it says.
fn ask<T: DeserializeOwned>(arguments: &[&str]) -> anyhow::Result<T> {
    let output = Command::new(std::env::current_exe()?).arg("step").args(arguments).output()?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).with_context(|| format!("what {arguments:?} said"))
}

/// Does it in a directory that is removed afterwards.
fn within<T>(place: &Path, work: impl FnOnce(&Path) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let directory = place.join(format!("bookline-figures-{}", std::process::id()));
    let done = work(&directory);
    if directory.exists() {
        std::fs::remove_dir_all(&directory).with_context(|| format!("removing {}", directory.display()))?;
    }
    done
}
