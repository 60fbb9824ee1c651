//! Where the secret of an account comes from. It is never an argument, which every user of the machine can
//! see, and never in the configuration file, which is shown around.

use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use bookline_protocol::limits::UNAUTHENTICATED_LINE_BYTES_MAX;

use super::secret_error::{SECRET_VARIABLE, SecretError};
use super::terminal;

/// Bytes of the first line of a file that has a secret: an AUTH is no longer.
const FILE_LINE_BYTES_MAX: usize = UNAUTHENTICATED_LINE_BYTES_MAX;

/// Where to look for the secret, in this order: the environment, the file, the terminal.
#[derive(Clone, Copy, Debug)]
pub struct SecretSource<'a> {
    pub file: Option<&'a Path>,
}

impl SecretSource<'_> {
    /// The secret of this user.
    ///
    /// # Errors
    ///
    /// The first source that there is has none.
    pub fn find(self, user: &str) -> Result<String, SecretError> {
        match env::var(SECRET_VARIABLE) {
            Ok(secret) if !secret.is_empty() => return Ok(secret),
            Err(env::VarError::NotUnicode(_)) => return Err(SecretError::Variable),
            Ok(_) | Err(env::VarError::NotPresent) => {}
        }
        match self.file {
            Some(file) => read(file),
            None => terminal::ask(user),
        }
    }
}

/// The first line of a file, without its end.
fn read(file: &Path) -> Result<String, SecretError> {
    if file == Path::new("-") {
        return Err(SecretError::Stdin);
    }
    let first = |reason| SecretError::FirstLine { file: file.into(), reason };
    let mut line = Vec::new();
    // One byte more than is allowed tells that there are too many.
    let read = File::open(file).and_then(|opened| {
        BufReader::new(opened.take(FILE_LINE_BYTES_MAX as u64 + 1)).read_until(b'\n', &mut line)
    });
    read.map_err(|source| SecretError::Unreadable { file: file.into(), source })?;
    if line.len() > FILE_LINE_BYTES_MAX {
        return Err(first("it is too long"));
    }
    let text = String::from_utf8(line).map_err(|_| first("it is not UTF-8"))?;
    let text = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text)).unwrap_or(&text);
    if text.is_empty() { Err(first("it is empty")) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read_file(bytes: impl AsRef<[u8]>) -> Result<String, String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        fs::write(&file, bytes).unwrap();
        read(&file).map_err(|error| error.to_string().replace(&file.display().to_string(), "FILE"))
    }

    #[test]
    fn secret_is_the_first_line_without_its_end() {
        for text in ["correct horse", "correct horse\n", "correct horse\r\nbattery\n", "correct horse\n\n"] {
            assert_eq!(read_file(text).as_deref(), Ok("correct horse"), "{text:?}");
        }
        assert_eq!(read_file(" bkl_\t\n").as_deref(), Ok(" bkl_\t"), "blanks belong to it");
    }

    #[test]
    fn file_without_a_secret_is_named_and_not_shown() {
        let error = |bytes: &[u8]| read_file(bytes).unwrap_err();
        let message = |reason| format!("the first line of --secret-file FILE is no secret: {reason}");
        assert_eq!(error(b""), message("it is empty"));
        assert_eq!(error(b"\nsecret"), message("it is empty"));
        assert_eq!(error(b"secret\xff\n"), message("it is not UTF-8"));
        assert_eq!(error(&[b'x'; FILE_LINE_BYTES_MAX + 1]), message("it is too long"));
        assert!(matches!(read(Path::new("/no/such/file")), Err(SecretError::Unreadable { .. })));
        assert!(matches!(read(Path::new("-")), Err(SecretError::Stdin)));
    }
}
