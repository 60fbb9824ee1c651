//! Where a backup goes. Nothing that is somebody else's is replaced.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::codec::segment_header::SegmentHeaderError;
use crate::escaped;
use crate::storage::offline::Parts;
use crate::storage::plain_file;
use crate::storage::snapshot::error::SnapshotErrorKind;
use crate::storage::snapshot::read::read_head;

/// Symbolic links that are followed one after the other: more than any sensible path has, fewer than a loop.
const LINKS_MAX: usize = 40;

/// Where a backup goes.
pub(super) enum Target {
    /// `-`.
    StandardOutput,
    /// A file, there or not.
    File {
        /// With the symbolic links at its end followed: they stay.
        path: PathBuf,
        /// Its directory.
        directory: PathBuf,
    },
}

impl Target {
    /// What `--to` means.
    pub(super) fn of(to: &Path) -> anyhow::Result<Self> {
        if to == Path::new("-") {
            return Ok(Self::StandardOutput);
        }
        let path = follow(to)?;
        if path.file_name().is_none() {
            bail!("--to {} is a directory: give the name of a file in it", escaped::path(to));
        }
        let directory = directory_of(&path).to_owned();
        match directory.metadata() {
            Ok(found) if found.is_dir() => Ok(Self::File { path, directory }),
            Ok(_) => bail!("{} is not a directory: give --to a file in one", escaped::path(directory)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                bail!(
                    "there is no directory {}: make it, or give --to another file",
                    escaped::path(directory)
                )
            }
            Err(e) => Err(e).with_context(|| format!("looking at {}", escaped::path(directory))),
        }
    }

    /// Where the work is done: beside the target, so that the finished file only needs its name.
    pub(super) fn directory(&self) -> PathBuf {
        match self {
            Self::StandardOutput => std::env::temp_dir(),
            Self::File { directory, .. } => directory.clone(),
        }
    }

    /// May a backup be written there? `force` allows to replace a plain file that is no backup.
    pub(super) fn check(&self, parts: &Parts, force: bool) -> anyhow::Result<()> {
        match self {
            Self::StandardOutput => check_standard_output(),
            Self::File { path, directory } => {
                refuse_inside(parts, path, directory)?;
                check_file(path, force)
            }
        }
    }
}

/// The path with the symbolic links at its end followed, whether there is anything behind them or not.
fn follow(to: &Path) -> anyhow::Result<PathBuf> {
    let mut path = to.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                let link =
                    fs::read_link(&path).with_context(|| format!("looking at {}", escaped::path(&path)))?;
                path = directory_of(&path).join(link);
            }
            // What is not there is to be written, and its directory is looked at next.
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(e).with_context(|| format!("looking at {}", escaped::path(&path)));
            }
            _ => return Ok(path),
        }
    }
    bail!("--to {} leads over more than {LINKS_MAX} symbolic links", escaped::path(to))
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file in the data directory, by whatever name, is the server's.
fn refuse_inside(parts: &Parts, path: &Path, directory: &Path) -> anyhow::Result<()> {
    let own = parts.identities().context("looking at the files of the data directory")?;
    let whole =
        directory.canonicalize().with_context(|| format!("looking at {}", escaped::path(directory)))?;
    let around = whole.ancestors().map(Path::metadata).filter_map(Result::ok);
    let target = fs::symlink_metadata(path).ok();
    if around.chain(target).any(|found| own.contains(&identity(&found))) {
        bail!(
            "{} is in the data directory {}, or is one of its files: a backup belongs elsewhere, best on another disk",
            escaped::path(path),
            escaped::path(parts.data_dir())
        );
    }
    Ok(())
}

/// What makes two names the same file.
pub(in crate::storage::offline) fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

fn check_file(path: &Path, force: bool) -> anyhow::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.with_context(|| format!("looking at {}", escaped::path(path)))?,
    };
    if !found.is_file() {
        bail!(
            "{} is {}: give --to a plain file, or - for standard output",
            escaped::path(path),
            plain_file::describe(found.file_type())
        );
    }
    if force || is_backup(path)? {
        return Ok(());
    }
    bail!("{} is there and is not a backup: give another file, or --force to replace it", escaped::path(path))
}

/// Does it begin as a backup does, of this version or a later one?
fn is_backup(path: &Path) -> anyhow::Result<bool> {
    let file = plain_file::open(path).with_context(|| format!("reading {}", escaped::path(path)))?;
    match read_head(&file) {
        Ok(_) | Err(SnapshotErrorKind::Header(SegmentHeaderError::Format { .. })) => Ok(true),
        Err(SnapshotErrorKind::Io(e)) => Err(e).with_context(|| format!("reading {}", escaped::path(path))),
        Err(_) => Ok(false),
    }
}

/// A backup that nobody keeps is none. Standard output that was closed leads to the null device by now: the
/// runtime of this program has opened it.
fn check_standard_output() -> anyhow::Result<()> {
    let out = io::stdout();
    if io::IsTerminal::is_terminal(&out) {
        bail!("standard output is a terminal: lead it into a file or a pipe");
    }
    let found = fs::metadata("/dev/fd/1").context("looking at standard output")?;
    let null = fs::metadata("/dev/null").context("looking at the null device")?;
    if found.file_type().is_char_device() && found.rdev() == null.rdev() {
        bail!("standard output is closed or leads to the null device, where no backup is kept");
    }
    Ok(())
}
