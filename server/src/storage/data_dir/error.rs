//! Why a data directory cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataDirError {
    /// Another server has locked it.
    #[error(
        "data directory {} is in use by another booklined ({who}): stop that one, or give another --data-dir",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The pid of the other server, or why it is not known.
        who: String,
    },
    /// An operation of the system failed.
    #[error("{doing} {}", path.display())]
    Io {
        /// The operation.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the system.
        #[source]
        error: io::Error,
    },
    /// A directory in it is a symbolic link.
    #[error(
        "{} is a symbolic link, and links inside a data directory are not followed: put there what it leads \
         to, or mount it (mount --bind)",
        path.display()
    )]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// It has the data of a single server, and was to be that of a member of a cluster.
    #[error(
        "data directory {} has the data of a single server, and a member of a cluster needs one of its own: give another \
         --data-dir, or leave --cluster out",
        path.display()
    )]
    OfSingleServer {
        /// The directory.
        path: PathBuf,
    },
    /// It was removed, renamed or replaced while it was locked.
    #[error(transparent)]
    Gone(#[from] Gone),
}

/// What happened to a data directory that was removed, renamed or replaced while it was locked.
#[derive(Debug, Clone, Error)]
#[error(
    "the data directory is not the one that was opened any more: {}: {what}. It was removed, renamed or \
     replaced while the server ran. Put the directory with the data back, then start the server again",
    path.display()
)]
pub struct Gone {
    /// The data directory, or the directory in it.
    pub path: PathBuf,
    /// What is at its path instead.
    pub what: String,
}

/// Adds operation and path to an error of the system.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataDirError {
    let path = path.to_owned();
    move |error| DataDirError::Io { doing, path, error }
}
