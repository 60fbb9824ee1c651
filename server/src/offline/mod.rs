//! What can be done with a data directory without serving it: check it, show it, copy it.

pub mod backup;
pub mod check;
pub mod dump;

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Subcommand;

use crate::data_dir::clean_stop::CleanStop;
use crate::journal::{Base, Disk, RealDisk};
use crate::snapshot;

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
    root: RealDisk,
    journal: RealDisk,
    snapshots: RealDisk,
}

impl Parts {
    fn of(data_dir: &Path) -> anyhow::Result<Parts> {
        let part = |name| data_dir.join(name);
        if !part("journal").is_dir() {
            bail!("{} is not a data directory of booklined: it has no journal", data_dir.display());
        }
        Ok(Parts {
            root: RealDisk::read_only(data_dir.to_owned()),
            journal: RealDisk::read_only(part("journal")),
            snapshots: RealDisk::read_only(part("snapshots")),
        })
    }

    fn journal(&self) -> &dyn Disk {
        &self.journal
    }

    fn snapshots(&self) -> &dyn Disk {
        &self.snapshots
    }

    /// What proves commits durable, beside the journal itself.
    fn base(&self) -> std::io::Result<Base> {
        let vouched = snapshot::vouched(self.snapshots())?;
        let clean_stop = CleanStop::read(&self.root)?.sequence();
        Ok(Base { vouched, clean_stop, ..Base::default() })
    }
}

/// A running server writes, begins files and drops others while they are read here; what looks damaged then does not at
/// the next look. So much is tried before anything is called damage.
const TRIES: usize = 3;

/// Does it until it succeeds, [`TRIES`] times at the most.
fn settled<T>(mut look: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let mut result = look();
    for _ in 1..TRIES {
        if result.is_ok() {
            break;
        }
        result = look();
    }
    result
}
