//! The key of the places in the ids of tickets, kept in the data directory.
//!
//! Nothing depends on it but memory and time: tickets whose ids were drawn with another key are found by an
//! index. So a key that cannot be read or written is replaced by another one.

use std::io;

use crate::storage::journal::Disk;

/// The file with the key: 32 hexadecimal digits.
pub const NAME: &str = "ticket-key";

/// A key that is drawn when the data directory is used for the first time.
pub type TicketKey = [u8; 16];

/// The key in the data directory. If there is none, it is drawn and written.
pub fn keep(root: &dyn Disk) -> TicketKey {
    match read(root) {
        Ok(Some(key)) => return key,
        Ok(None) => {}
        Err(error) => tracing::warn!(
            "the file {NAME} cannot be used, and another key is drawn: {error}. Tickets that were issued so \
             far take more memory"
        ),
    }
    let key = rand::random();
    if let Err(error) = root.replace(NAME, to_line(key).as_bytes()) {
        tracing::warn!(
            "the file {NAME} cannot be written: {error}. After the next start, tickets that are issued now \
             take more memory"
        );
    }
    key
}

/// The key in the data directory, if it has one.
///
/// # Errors
///
/// An error of the disk, or that the file does not hold a key.
pub fn read(root: &dyn Disk) -> io::Result<Option<TicketKey>> {
    let bytes = match root.open(NAME).and_then(|file| file.read_all()) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes?,
    };
    let digits = str::from_utf8(&bytes).map_or("", str::trim);
    let is_key = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match u128::from_str_radix(digits, 16) {
        Ok(key) if is_key => Ok(Some(key.to_be_bytes())),
        _ => Err(io::Error::other("it does not hold 32 hexadecimal digits")),
    }
}

fn to_line(key: TicketKey) -> String {
    format!("{:032x}\n", u128::from_be_bytes(key))
}
