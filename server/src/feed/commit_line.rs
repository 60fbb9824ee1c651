//! The lines of commits.

use bookline_protocol::json::write_number;
use compact_str::CompactString;

use super::about::About;
use crate::changes::{Line, write_by};
use crate::codec::Sequence;

/// A line of a commit, as all watchers share it.
#[derive(Debug)]
pub(super) struct CommitLine {
    pub sequence: Sequence,
    /// Its position among the lines of the commit, those included that nobody watches.
    pub number: u32,
    pub about: About,
    pub line: Line,
    /// The name of the account that made the commit. Empty if none did.
    pub by: CompactString,
}

/// What a line takes beside its texts: itself, its buffers' headers, and its places in queues.
const OVERHEAD_BYTES: usize = 200;

impl CommitLine {
    /// The memory that it takes.
    pub fn bytes(&self) -> usize {
        OVERHEAD_BYTES + self.about.bytes() + self.line.public.len() + self.line.secret.len() + self.by.len()
    }
}

/// Appends a line of this commit. `with_secrets` adds what only some watchers may see; `by` is the name of
/// the account that made the commit, empty if it is not shown; `is_last` says that no other line of the
/// commit follows for this watcher.
pub(super) fn write_line(
    out: &mut Vec<u8>,
    sequence: Sequence,
    line: &Line,
    with_secrets: bool,
    by: &str,
    is_last: bool,
) {
    begin_line(out, sequence);
    out.extend_from_slice(&line.public);
    if with_secrets {
        out.extend_from_slice(&line.secret);
    }
    if !by.is_empty() {
        write_by(out, by);
    }
    out.extend_from_slice(if is_last { b",\"end\":true}\n" } else { b"}\n" });
}

/// Appends the line which says that nothing up to this commit is still to come.
pub(super) fn write_progress(out: &mut Vec<u8>, sequence: Sequence) {
    begin_line(out, sequence);
    out.extend_from_slice(b"{\"kind\":\"progress\",\"end\":true}\n");
}

/// Appends the line which says that changes after this commit are not shown.
pub(super) fn write_gap(out: &mut Vec<u8>, sequence: Sequence) {
    begin_line(out, sequence);
    out.extend_from_slice(b"{\"kind\":\"gap\"}\n");
}

fn begin_line(out: &mut Vec<u8>, sequence: Sequence) {
    out.extend_from_slice(b"CHANGE ");
    write_number(out, sequence.0);
    out.push(b' ');
}
