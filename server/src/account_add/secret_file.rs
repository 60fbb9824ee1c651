//! The secret in a file or on standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bookline_protocol::{Secret, SecretError};
use thiserror::Error;

/// Bytes of the file that are read. The longest secret has 200 characters of four bytes.
const BYTES_MAX: u64 = 4 << 10;

/// Why a file gives no secret. The message does not repeat what is in the file.
#[derive(Debug, Error)]
pub enum SecretFileError {
    #[error("reading {}", name(path))]
    Io { path: PathBuf, source: io::Error },
    #[error("the first line of {} {error}", name(path))]
    NoSecret { path: PathBuf, error: SecretError },
}

/// Reads the secret in the first line of a file, or of standard input for `-`. A file may be a pipe, as of
/// another program that has the secret.
///
/// # Errors
///
/// [`SecretFileError`]
pub fn read(path: &Path) -> Result<Secret<'static>, SecretFileError> {
    let opened: io::Result<Box<dyn Read>> = match is_standard_input(path) {
        true => Ok(Box::new(io::stdin().lock())),
        false => File::open(path).map(|file| Box::new(file) as Box<dyn Read>),
    };
    let text = opened.and_then(|file| {
        let mut text = String::new();
        file.take(BYTES_MAX).read_to_string(&mut text).map(|_| text)
    });
    let text = text.map_err(|source| SecretFileError::Io { path: path.to_owned(), source })?;
    // Without the line end, LF or CRLF.
    let line = text.lines().next().unwrap_or_default();
    Secret::new(line.to_owned()).map_err(|error| SecretFileError::NoSecret { path: path.to_owned(), error })
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

fn name(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() }
}
