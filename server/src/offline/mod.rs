//! What can be done with a data directory without serving it: check it, show it, copy it.

pub mod backup;
pub mod check;
pub mod dump;

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Subcommand;

use crate::journal::{Disk, RealDisk};

/// Work on a data directory, beside a running server or without one.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Read every segment and snapshot and say what is there; exits 0 when all of it is whole, 1 when not
    Check {
        /// The data directory
        #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
        data_dir: PathBuf,
    },
    /// Print what happened, a JSON object a line: the newest snapshot, then the journal behind it
    Dump {
        /// The data directory
        #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
        data_dir: PathBuf,
    },
    /// Copy the state at one moment into a file, from which --restore begins
    Backup {
        /// The data directory
        #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
        data_dir: PathBuf,
        /// The file to write; one that is there is replaced when the copy is whole
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

impl Command {
    /// Does it. Says whether all was well.
    pub fn run(&self) -> anyhow::Result<bool> {
        match self {
            Command::Check { data_dir } => check::run(&Parts::of(data_dir)?),
            Command::Dump { data_dir } => dump::run(&Parts::of(data_dir)?),
            Command::Backup { data_dir, to } => backup::run(&Parts::of(data_dir)?, to),
        }
    }
}

/// The parts of a data directory.
struct Parts {
    journal: RealDisk,
    snapshots: RealDisk,
}

impl Parts {
    fn of(data_dir: &Path) -> anyhow::Result<Parts> {
        let part = |name| data_dir.join(name);
        if !part("journal").is_dir() {
            bail!("{} is not a data directory of booklined: it has no journal", data_dir.display());
        }
        // A data directory of the first version has no snapshots yet.
        std::fs::create_dir_all(part("snapshots"))?;
        Ok(Parts { journal: RealDisk::new(part("journal")), snapshots: RealDisk::new(part("snapshots")) })
    }

    fn journal(&self) -> &dyn Disk {
        &self.journal
    }

    fn snapshots(&self) -> &dyn Disk {
        &self.snapshots
    }
}
