//! The commands that work on a data directory without a server, or beside a running one, or on the log of a
//! cluster: `check`, `dump`, `audit`, `backup`.

pub mod audit;
pub mod backup;
pub mod check;
#[cfg(feature = "cluster")]
mod cluster_check;
#[cfg(feature = "cluster")]
mod cluster_copy;
#[cfg(feature = "cluster")]
pub mod cluster_import;
pub mod dump;
pub mod interrupt;
mod settle;
mod source;
pub mod work_directory;

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
use crate::storage::replicated::extent::Extent;
use crate::storage::snapshot;
use settle::{is_lasting, settled};
pub use source::Source;

/// Work on a data directory, beside a running server or without one, or on the log of a cluster.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Read every segment and snapshot and report what is there; exits 0 when nothing is corrupt, else 1
    Check {
        #[command(flatten)]
        source: Source,
    },
    /// Print the changes, a JSON object a line: those of the newest snapshot, then those of the journal since
    Dump {
        #[command(flatten)]
        source: Source,
    },
    /// Print who did what when, oldest first, as far back as the log reaches
    Audit {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        wanted: audit::Wanted,
        /// The form of the lines
        #[arg(long, value_enum, default_value_t)]
        format: audit::Format,
    },
    /// Copy the state at one moment into a file, from which --restore begins
    Backup {
        #[command(flatten)]
        source: Source,
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
            Self::Check { source } => {
                #[cfg(feature = "cluster")]
                if let Some(options) = source.cluster() {
                    return cluster_check::run(&options);
                }
                check::run(&Parts::of(&source.data_dir)?)
            }
            Self::Dump { source } => source.read(Extent::State, dump::run),
            Self::Audit { source, wanted, format } => {
                source.read(Extent::Everything, |parts| audit::run(parts, wanted, *format))
            }
            Self::Backup { source, to, force } => backup::run(source, to, *force),
        }
    }
}

impl Source {
    /// Opens the data, copies it first if it is in the log of a cluster, and reads it.
    fn read<T>(&self, extent: Extent, read: impl FnOnce(&Parts) -> anyhow::Result<T>) -> anyhow::Result<T> {
        #[cfg(feature = "cluster")]
        if let Some(options) = self.cluster() {
            return read(&cluster_copy::ClusterCopy::make(&options, extent)?.parts);
        }
        let _ = extent;
        read(&Parts::of(&self.data_dir)?)
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
                "data directory {} is that of a member of a cluster: its data is in the log of the cluster: give \
                 --cluster and --cluster-name in place of --data-dir",
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
