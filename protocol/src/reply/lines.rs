//! Lines of replies, as the server writes them.

use serde::Serialize;

use crate::json;

/// The kind of line that an object is written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// `ROW`: one of several objects; more lines follow.
    Row,
    /// `OK`: the final line of a reply.
    Ok,
}

impl LineKind {
    /// The first word of the line and the space after it.
    pub(crate) const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Row => b"ROW ",
            Self::Ok => b"OK ",
        }
    }
}

/// Appends an object as a `ROW` line.
pub fn write_row(out: &mut Vec<u8>, object: &impl Serialize) {
    line(out, LineKind::Row, object);
}

/// Appends an object as an `OK` line.
pub fn write_ok(out: &mut Vec<u8>, object: &impl Serialize) {
    line(out, LineKind::Ok, object);
}

fn line(out: &mut Vec<u8>, kind: LineKind, object: &impl Serialize) {
    out.extend_from_slice(kind.prefix());
    json::write_value(out, object);
    out.push(b'\n');
}
