//! Why there is no secret.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The variable of the environment that has the secret.
pub const SECRET_VARIABLE: &str = "BOOKLINE_SECRET";

/// Why there is no secret. No message has one.
#[derive(Debug, Error)]
pub enum SecretError {
    #[error("{SECRET_VARIABLE} is not UTF-8")]
    Variable,
    #[error("cannot read the secret of --secret-file {}: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("the first line of --secret-file {} is no secret: {reason}", file.display())]
    FirstLine { file: PathBuf, reason: &'static str },
    #[error("--secret-file cannot be standard input, from which commands are read: name a file")]
    Stdin,
    #[error(
        "there is no secret for {user}: set {SECRET_VARIABLE}, name a file with --secret-file FILE, or start \
         bookline on a terminal, where it is asked for"
    )]
    NoSource { user: String },
    #[error("cannot ask for the secret of {user}: {source}")]
    Terminal { user: String, source: io::Error },
    #[error("no secret was typed for {user}")]
    Empty { user: String },
    #[error("interrupted")]
    Interrupted,
}
