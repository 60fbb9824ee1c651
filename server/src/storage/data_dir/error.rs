//! Why a data directory cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// Another server has it.
    #[error(
        "data directory {} is in use by another booklined ({who}): stop that one, or give another --data-dir",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Who has it.
        who: String,
    },
    /// The system said no.
    #[error("{doing} {}: {error}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A part of it is a link to somewhere else.
    #[error(
        "{} is a symbolic link, and links inside a data directory are not followed: put there what it leads to, or \
         mount it (mount --bind)",
        path.display()
    )]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// It was taken away while it was used.
    #[error(
        "the data directory is not the one that was opened any more: {}: {what}. It was removed, renamed or replaced \
         while the server ran. Put the directory with the data back, then start the server again",
        path.display()
    )]
    Gone {
        /// The directory, or the part of it.
        path: PathBuf,
        /// What is there instead.
        what: String,
    },
}

/// Turns an error of the system into one that names what was tried on which file.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataDirError {
    let path = path.to_owned();
    move |error| DataDirError::Io { doing, path, error }
}
