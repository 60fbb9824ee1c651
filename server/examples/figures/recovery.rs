//! Recovery of a data directory.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bookline_server::Config;
use bookline_server::state::ticket_place::PlaceCipher;
use bookline_server::state::{Context, Records, StateLimits, Store};
use bookline_server::storage::data_dir::DataDir;
use bookline_server::storage::journal::{Disk, Durability};
use bookline_server::storage::log::Log;
use bookline_server::storage::recovery::{RecoverError, Recovery, recover};
use bookline_server::storage::snapshot::snapshotter::{Schedule, Snapshotter};
use bookline_testkit::system_clock;

use crate::step_result::StepResult;

/// The configuration of a server on this directory that makes snapshots only on request.
pub fn config(directory: &Path, durability: Durability) -> Config {
    Config {
        data_dir: directory.to_owned(),
        durability,
        time_zone: Some(chrono_tz::UTC),
        snapshot_every: u64::MAX,
        ..Config::default()
    }
}

/// Recovers the state of this data directory, as the server does.
pub fn recover_state(data_dir: &DataDir, config: &Config) -> Result<Recovery<Records>, RecoverError> {
    let place_cipher = PlaceCipher::new(data_dir.keep_ticket_key());
    let state = || Records::with_place_cipher(config.shards, place_cipher);
    recover(&data_dir.disks(), &config.recovery(), data_dir.is_fresh(), state)
}

/// Opens and recovers a data directory. Also returns the directory of its snapshots.
fn open(directory: &Path) -> anyhow::Result<(Recovery<Records>, Arc<dyn Disk>)> {
    let data_dir = DataDir::open(directory)?;
    let state = recover_state(&data_dir, &config(directory, Durability::Always))?;
    Ok((state, data_dir.disks().snapshots))
}

/// Measures the time and the memory of a recovery.
pub fn start(directory: &Path) -> anyhow::Result<StepResult> {
    let (started, before) = (Instant::now(), resident()?);
    let (state, _) = open(directory)?;
    let seconds = started.elapsed().as_secs_f64();
    let resident = resident()? - before;
    // Each commit of this journal has one change.
    let changes = state.journal.appended().0 - state.snapshot.0;
    let store = Store::new(state.state, StateLimits::NONE, Arc::new(state.journal), system_clock());
    let tickets = store.totals(&mut Context::default()).counts.tickets;
    Ok(StepResult { seconds, changes, tickets, resident, ..StepResult::default() })
}

/// Measures the time and the size of a snapshot.
pub fn snapshot(directory: &Path) -> anyhow::Result<StepResult> {
    let (state, snapshots) = open(directory)?;
    let schedule = Schedule { every: u64::MAX, at_most_every: Duration::ZERO };
    let snapshotter = Snapshotter::start(snapshots, Arc::new(state.journal), state.snapshot, schedule)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let made = runtime.block_on(snapshotter.make())?;
    Ok(StepResult { seconds: made.took.as_secs_f64(), bytes: made.bytes, ..StepResult::default() })
}

/// Resident memory of this process, in bytes.
pub fn resident() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024.0)
}
