//! How long a restart takes, what a ticket costs in memory, and what a snapshot costs those who book meanwhile.
//!
//!     cargo run --release -p bookline-server --example restart
//!     cargo run --release -p bookline-server --example restart -- --tickets 1000000 --events 1000 --seconds 3
//!
//! Builds a data directory through the library (10 million tickets in 10,000 events, a booking each; some 700 MB, removed
//! at the end), measures each thing in a process of its own, and prints the figures beside their targets:
//!
//! - replay of the journal without a snapshot, in facts a second;
//! - restart from a snapshot, from the start of recovery to a server that is ready to listen;
//! - resident memory for a ticket: what the process has more after the restart than before;
//! - the time of a BOOK over 50 connections, quiet and while snapshots are written, as seen by the clients, which share
//!   the processors with the server.
//!
//! Files are read from the page cache, as after a restart of the program; behind a restart of the machine the disk's
//! speed comes on top. Run it on a machine that has nothing else to do.

mod build;
mod latency;
mod measure;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use serde::{Deserialize, Serialize};

/// The targets, for two cores.
mod targets {
    /// Seconds for a restart from a snapshot.
    pub const RESTART: f64 = 5.0;
    /// Facts of a journal replayed in a second.
    pub const REPLAY: f64 = 2e6;
    /// Bytes of memory for a ticket.
    pub const MEMORY: f64 = 100.0;
    /// The p99 of a BOOK while a snapshot is written, as a multiple of the quiet one.
    pub const P99: f64 = 4.0;
}

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,

    /// Tickets in all; a booking each
    #[arg(long, default_value_t = 10_000_000)]
    tickets: u32,

    /// Events that they are spread over
    #[arg(long, default_value_t = 10_000)]
    events: u32,

    /// Seconds of quiet load, and at least as many beside snapshots
    #[arg(long, default_value_t = 10)]
    seconds: u64,

    /// Where to make the data directory; the place decides which disk is measured
    #[arg(long, default_value = ".")]
    place: PathBuf,
}

/// What is done in a process of its own.
#[derive(Debug, Subcommand)]
enum Part {
    /// Fill a data directory
    Build { directory: PathBuf, tickets: u32, events: u32 },
    /// Start on it and say how that went
    Start { directory: PathBuf },
    /// Start on it and make a snapshot
    Snapshot { directory: PathBuf },
    /// Book on it, quietly and beside snapshots
    Book { directory: PathBuf, events: u32, seconds: u64 },
}

/// What the processes say to one another.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Said {
    seconds: f64,
    facts: u64,
    tickets: u64,
    resident: f64,
    bytes: u64,
    quiet: latency::Summary,
    busy: latency::Summary,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let said = match &arguments.part {
        None => return all(&arguments),
        Some(Part::Build { directory, tickets, events }) => build::build(directory, *tickets, *events)?,
        Some(Part::Start { directory }) => measure::start(directory)?,
        Some(Part::Snapshot { directory }) => measure::snapshot(directory)?,
        Some(Part::Book { directory, events, seconds }) => latency::book(directory, *events, *seconds)?,
    };
    println!("{}", serde_json::to_string(&said)?);
    Ok(())
}

/// Runs a part in a process of its own: memory and caches of one part are nothing to the next.
fn run(part: &str, directory: &Path, more: &[String]) -> anyhow::Result<Said> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg(part).arg(directory).args(more).output()?;
    ensure!(output.status.success(), "{part}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).with_context(|| format!("what {part} said"))
}

fn all(arguments: &Arguments) -> anyhow::Result<()> {
    let directory = arguments.place.join(format!("bookline-restart-{}", std::process::id()));
    let done = measure_all(arguments, &directory);
    std::fs::remove_dir_all(&directory).with_context(|| format!("removing {}", directory.display()))?;
    done
}

fn measure_all(arguments: &Arguments, directory: &Path) -> anyhow::Result<()> {
    let Arguments { tickets, events, seconds, .. } = arguments;
    println!("{tickets} tickets in {events} events, in {}", directory.display());
    let built = run("build", directory, &[tickets.to_string(), events.to_string()])?;
    println!(
        "built in {:.1} s ({:.2} million bookings a second, nothing durable), journal of {:.0} MB",
        built.seconds,
        f64::from(*tickets) / built.seconds / 1e6,
        built.bytes as f64 / 1e6
    );
    let replayed = run("start", directory, &[])?;
    ensure!(replayed.tickets == u64::from(*tickets), "{} tickets were replayed", replayed.tickets);
    let rate = replayed.facts as f64 / replayed.seconds;
    println!("replayed {} facts in {:.2} s", replayed.facts, replayed.seconds);
    let made = run("snapshot", directory, &[])?;
    println!("snapshot of {:.0} MB made in {:.1} s", made.bytes as f64 / 1e6, made.seconds);
    let restarted = run("start", directory, &[])?;
    ensure!(restarted.tickets == u64::from(*tickets), "{} tickets were restored", restarted.tickets);
    let booked = run("book", directory, &[events.to_string(), seconds.to_string()])?;
    println!("BOOK, quiet:             {}", booked.quiet);
    println!("BOOK, beside a snapshot: {}", booked.busy);

    println!();
    let line = |what: &str, figure: f64, unit: &str, target: f64, met: bool| {
        println!(
            "{what:<42} {figure:>10.2} {unit:<8} target {target:>10.2}  {}",
            if met { "met" } else { "MISSED" }
        );
    };
    let memory = restarted.resident / f64::from(*tickets);
    let ratio = booked.busy.p99 / booked.quiet.p99;
    let restart = restarted.seconds;
    line("restart from a snapshot", restart, "s", targets::RESTART, restart <= targets::RESTART);
    line("replay without a snapshot", rate / 1e6, "M/s", targets::REPLAY / 1e6, rate >= targets::REPLAY);
    line("memory for a ticket", memory, "bytes", targets::MEMORY, memory <= targets::MEMORY);
    line("p99 of BOOK beside a snapshot, to quiet", ratio, "times", targets::P99, ratio <= targets::P99);
    Ok(())
}
