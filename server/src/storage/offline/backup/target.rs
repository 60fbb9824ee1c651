//! The target of a backup, and the checks that it replaces only another backup.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::codec::segment_header::SegmentHeaderError;
use crate::escaped;
use crate::storage::offline::Parts;
use crate::storage::offline::work_directory::identity;
use crate::storage::plain_file;
use crate::storage::snapshot::error::SnapshotErrorKind;
use crate::storage::snapshot::read::read_header;

/// The number of symbolic links that are followed, as in Linux. More are a loop.
const LINKS_MAX: usize = 40;

/// The target of a backup.
pub(super) enum Target {
    /// Standard output, for `-`.
    StandardOutput,
    /// A file, which may exist.
    File {
        /// Its path. Symbolic links at the end are resolved, so that they are kept.
        path: PathBuf,
        /// Its directory.
        directory: PathBuf,
    },
}

impl Target {
    /// The target for a value of `--to`.
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

    /// The directory of the work directory: that of the target, so that the complete file only has to be
    /// renamed.
    pub(super) fn directory(&self) -> PathBuf {
        match self {
            Self::StandardOutput => std::env::temp_dir(),
            Self::File { directory, .. } => directory.clone(),
        }
    }

    /// Fails if the backup must not be written there: not into the data directory that it is of, if it is of
    /// one. `force` allows to replace a plain file that is not a backup.
    pub(super) fn check(&self, parts: Option<&Parts>, force: bool) -> anyhow::Result<()> {
        match self {
            Self::StandardOutput => check_standard_output(),
            Self::File { path, directory } => {
                if let Some(parts) = parts {
                    refuse_inside(parts, path, directory)?;
                }
                check_file(path, force)
            }
        }
    }
}

/// Resolves the symbolic links at the end of a path, including dangling ones.
fn follow(to: &Path) -> anyhow::Result<PathBuf> {
    let mut path = to.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                let link =
                    fs::read_link(&path).with_context(|| format!("looking at {}", escaped::path(&path)))?;
                path = directory_of(&path).join(link);
            }
            // A file that does not exist will be created. Its directory is checked afterwards.
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

/// Refuses a target in the data directory, also by way of a hard link or another path.
fn refuse_inside(parts: &Parts, path: &Path, directory: &Path) -> anyhow::Result<()> {
    let own = parts.identities().context("looking at the files of the data directory")?;
    let canonical =
        directory.canonicalize().with_context(|| format!("looking at {}", escaped::path(directory)))?;
    let ancestors = canonical.ancestors().map(Path::metadata).filter_map(Result::ok);
    let target = fs::symlink_metadata(path).ok();
    if ancestors.chain(target).any(|found| own.contains(&identity(&found))) {
        bail!(
            "{} is in the data directory {}, or is one of its files: a backup belongs elsewhere, best on \
             another disk",
            escaped::path(path),
            escaped::path(parts.data_dir())
        );
    }
    Ok(())
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

/// Whether the file begins with the header of a backup, of this version or a later one.
fn is_backup(path: &Path) -> anyhow::Result<bool> {
    let file = plain_file::open(path).with_context(|| format!("reading {}", escaped::path(path)))?;
    match read_header(&file) {
        Ok(_) | Err(SnapshotErrorKind::Header(SegmentHeaderError::Format { .. })) => Ok(true),
        Err(SnapshotErrorKind::Io(e)) => Err(e).with_context(|| format!("reading {}", escaped::path(path))),
        Err(_) => Ok(false),
    }
}

/// Refuses a terminal and the null device, where a backup would be lost. The null device includes a closed
/// standard output, for which the runtime opens it.
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
