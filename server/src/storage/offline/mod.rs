//! The commands that work on a data directory without a server, or beside a running one: `check`, `dump`,
//! `audit`, `backup`.

pub mod audit;
pub mod backup;
pub mod check;
pub mod dump;
mod settle;

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;

use crate::storage::data_dir::clean_stop::CleanStop;
use crate::storage::data_dir::cluster_file;
use crate::storage::journal::{Base, Disk, RealDisk};
use crate::storage::snapshot;
use settle::{is_lasting, settled};

/// Work on a data directory, beside a running server or without one.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Read every segment and snapshot and report what is there; exits 0 when nothing is corrupt, else 1
    Check {
        /// The data directory
        #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
        data_dir: PathBuf,
    },
    /// Print the changes, a JSON object a line: those of the newest snapshot, then those of the journal since
    Dump {
        /// The data directory
        #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
        data_dir: PathBuf,
    },
    /// Print who did what when, oldest first, as far back as the log reaches
    Audit {
        /// The data directory
        #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
        data_dir: PathBuf,
        #[command(flatten)]
        wanted: audit::Wanted,
        /// The form of the lines
        #[arg(long, value_enum, default_value_t)]
        format: audit::Format,
    },
    /// Copy the state at one moment into a file, from which --restore begins
    Backup {
        /// The data directory
        #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
        data_dir: PathBuf,
        /// The file to write, or - for standard output (by way of a file in TMPDIR); an existing backup is
        /// replaced when the copy is complete
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Replace the file even if it is not a backup
        #[arg(long)]
        force: bool,
    },
}

impl Command {
    /// Runs the command. Returns false if `check` has found corruption.
    ///
    /// # Errors
    ///
    /// Any error that keeps the command from completing.
    pub fn run(&self) -> anyhow::Result<bool> {
        match self {
            Self::Check { data_dir } => check::run(&Parts::of(data_dir)?),
            Self::Dump { data_dir } => dump::run(&Parts::of(data_dir)?),
            Self::Audit { data_dir, wanted, format } => audit::run(&Parts::of(data_dir)?, wanted, *format),
            Self::Backup { data_dir, to, force } => backup::run(&Parts::of(data_dir)?, to, *force),
        }
    }
}

/// The directories of a data directory, opened for reading.
struct Parts {
    data_dir: PathBuf,
    root: RealDisk,
    journal: RealDisk,
    snapshots: RealDisk,
}

impl Parts {
    fn of(data_dir: &Path) -> anyhow::Result<Self> {
        let part = |name| data_dir.join(name);
        if part(cluster_file::NAME).exists() {
            bail!(
                "data directory {} is that of a member of a cluster: its data is in the log of the cluster, which this \
                 command cannot read",
                data_dir.display()
            );
        }
        for (name, required) in [("journal", true), ("snapshots", false)] {
            match fs::read_dir(part(name)) {
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound && required => missing(data_dir)?,
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                    let advice = "run this as the user that the server runs as";
                    return Err(e).with_context(|| format!("reading {}: {advice}", part(name).display()));
                }
                Err(e) => return Err(e).with_context(|| format!("reading {}", part(name).display())),
            }
        }
        let disk =
            |path: PathBuf| RealDisk::read_only(&path).with_context(|| format!("reading {}", path.display()));
        Ok(Self {
            data_dir: data_dir.to_owned(),
            root: disk(data_dir.to_owned())?,
            journal: disk(part("journal"))?,
            snapshots: disk(part("snapshots"))?,
        })
    }

    fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    fn journal(&self) -> &dyn Disk {
        &self.journal
    }

    fn snapshots(&self) -> &dyn Disk {
        &self.snapshots
    }

    /// What proves commits durable, besides the journal itself.
    fn base(&self) -> io::Result<Base> {
        let known_durable = snapshot::durable_through(self.snapshots())?;
        let clean_stop = CleanStop::read(&self.root)?.sequence();
        Ok(Base { known_durable, clean_stop, ..Base::default() })
    }

    /// The metadata of the data directory, its directories, and all files in them. Directories that are
    /// removed meanwhile are left out.
    fn files(&self) -> io::Result<Vec<fs::Metadata>> {
        let mut files = Vec::new();
        for directory in
            [self.data_dir.clone(), self.data_dir.join("journal"), self.data_dir.join("snapshots")]
        {
            let Ok(found) = directory.metadata() else { continue };
            files.push(found);
            for entry in fs::read_dir(directory)? {
                files.extend(entry?.metadata());
            }
        }
        Ok(files)
    }

    /// The device and inode of each file.
    fn identities(&self) -> io::Result<HashSet<(u64, u64)>> {
        Ok(self.files()?.iter().map(|found| (found.dev(), found.ino())).collect())
    }

    /// The time of the last change of any file, in seconds and nanoseconds since 1970.
    fn last_change(&self) -> io::Result<(i64, i64)> {
        Ok(self.files()?.iter().map(|found| (found.ctime(), found.ctime_nsec())).max().unwrap_or_default())
    }
}

/// The error for a directory without a journal.
fn missing(data_dir: &Path) -> anyhow::Result<()> {
    match data_dir.metadata() {
        Ok(_) => bail!("{} is not a data directory of booklined: it has no journal", data_dir.display()),
        Err(e) => Err(e).with_context(|| format!("reading the data directory {}", data_dir.display())),
    }
}

/// Prints to standard output. `print!` would panic if it is closed or full.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("writing to standard output")
}

/// Prints a warning to standard error. An error of it is ignored.
fn warn(what: &str) {
    let _ = writeln!(io::stderr(), "booklined: {what}");
}
