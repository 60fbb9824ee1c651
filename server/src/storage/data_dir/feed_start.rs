//! Where the change feed can begin, kept in the data directory.
//!
//! Journals of earlier versions have changes that cannot be told from the log alone. So the first start of a
//! version that writes no such changes records the last commit before it.

use std::io;

use crate::codec::Sequence;
use crate::storage::journal::Disk;

/// The file with the sequence number, in decimal digits.
pub const NAME: &str = "feed-start";

/// The commit after which all commits can be told. If it is not recorded yet, it is `last`, the last commit
/// that there is.
pub fn keep(root: &dyn Disk, last: Sequence) -> Sequence {
    match read(root) {
        // A backup of fewer commits may have been put in the place of the journal.
        Ok(Some(start)) => return start.min(last),
        Ok(None) => {}
        Err(error) => tracing::warn!(
            "the file {NAME} cannot be used: {error}. Watchers can begin after commit {}, not before",
            last.0
        ),
    }
    if let Err(error) = root.replace(NAME, format!("{}\n", last.0).as_bytes()) {
        tracing::warn!(
            "the file {NAME} cannot be written: {error}. After the next start, watchers can begin later only"
        );
    }
    last
}

fn read(root: &dyn Disk) -> io::Result<Option<Sequence>> {
    let bytes = match root.open(NAME).and_then(|file| file.read_all()) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes?,
    };
    let number = str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok());
    number.map(|number| Some(Sequence(number))).ok_or_else(|| io::Error::other("it does not hold a number"))
}
