//! Messages of the client itself.

use std::io::Write;

use crate::render::text::printable;

/// Writes a message to standard error. With standard error closed there is no one to report to.
pub fn report(message: &str) {
    let _ = writeln!(std::io::stderr(), "bookline: {}", printable(message));
}
