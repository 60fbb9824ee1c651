//! Why an audit ends early.

use std::io;

use thiserror::Error;

use crate::changes::TellError;
use crate::storage::journal::commits::Unreadable;

/// Why the reading of the log has ended early.
#[derive(Debug, Error)]
pub enum AuditError {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Disk(#[from] io::Error),
    #[error(transparent)]
    Untold(#[from] TellError),
    /// Standard output takes nothing more.
    #[error("writing to standard output")]
    Output(#[source] io::Error),
}
