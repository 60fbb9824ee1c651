//! Starts on a data directory.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use bookline_server::Config;
use bookline_server::state::{DependsOn, Records, StateLimits, Store};
use bookline_server::storage::data_dir::DataDir;
use bookline_server::storage::journal::{Disk, Durability};
use bookline_server::storage::recovery::{RecoverError, Recovery, recover};
use bookline_server::storage::snapshot::snapshotter::{Schedule, Snapshotter};

use crate::said::Said;

/// The configuration of a server on this directory that makes a snapshot only when it is asked to.
pub fn config(directory: &Path, durability: Durability) -> Config {
    Config {
        data_dir: directory.to_owned(),
        durability,
        time_zone: Some(chrono_tz::UTC),
        snapshot_every: u64::MAX,
        ..Config::default()
    }
}

/// Recovers what is in this data directory, as the server does.
pub fn recovered(data_dir: &DataDir, config: &Config) -> Result<Recovery<Records>, RecoverError> {
    let state = || Records::new(config.shards);
    recover(&data_dir.disks(), &config.recovery(), data_dir.is_fresh(), state)
}

/// The state, read as the server reads it, and where its snapshots are.
fn read(directory: &Path) -> anyhow::Result<(Recovery<Records>, Arc<dyn Disk>)> {
    let data_dir = DataDir::open(directory)?;
    let state = recovered(&data_dir, &config(directory, Durability::Always))?;
    Ok((state, data_dir.disks().snapshots))
}

/// How long a start takes, and how much memory.
pub fn start(directory: &Path) -> anyhow::Result<Said> {
    let (started, before) = (Instant::now(), resident()?);
    let (state, _) = read(directory)?;
    let seconds = started.elapsed().as_secs_f64();
    let resident = resident()? - before;
    // Every commit here is of one change.
    let changes = state.journal.appended().0 - state.snapshot.0;
    let store = Store::new(state.state, StateLimits::NONE, Arc::new(state.journal));
    let tickets = store.totals(&mut DependsOn::default()).tickets;
    Ok(Said { seconds, changes, tickets, resident, ..Said::default() })
}

/// How long a snapshot takes.
pub fn snapshot(directory: &Path) -> anyhow::Result<Said> {
    let (state, snapshots) = read(directory)?;
    let schedule = Schedule { every: u64::MAX, at_most_every: Duration::ZERO };
    let snapshotter = Snapshotter::start(snapshots, Arc::new(state.journal), state.snapshot, schedule)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let made = runtime.block_on(snapshotter.make())?;
    Ok(Said { seconds: made.took.as_secs_f64(), bytes: made.bytes, ..Said::default() })
}

/// Resident memory of this process, in bytes.
pub fn resident() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024.0)
}
