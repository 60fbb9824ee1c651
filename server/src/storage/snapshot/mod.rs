//! Snapshots: the state at one sequence number. They make a restart short, and let the journal be trimmed.
//!
//! Changes to different records commute, so a snapshot is the set of changes that are still in effect: those
//! of the previous snapshot and of the journal since, without freed entries, forgotten holds and keys,
//! deleted events, and dropped accounts. What remains is as the last change left it: an event has the values
//! of its last update, a ticket its last state, a hold its last deadline and state, a key the time of its
//! use, an account the values of its last change. An entry is in the change that was the last to move it, or
//! else in the one that created it. Cancelled tickets are kept until their event is deleted.
//!
//! Compaction takes no lock and does not read the state in memory. It reads files that do not change any
//! more. The memory that it needs is bounded by what changed since the previous snapshot: up to 18 bytes for
//! an ended entry, 34 for a moved one, some hundred for an updated event or a changed account, up to 60 for a
//! ticket that was cancelled or checked in, up to 130 for a hold that was extended, ended or forgotten, and
//! up to half as much again while a table of them grows. Each of these tickets and holds takes at least 16
//! bytes of the journal. Keys take none: they are forgotten up to a commit. Tickets that the journal issues
//! are collected until they take 64 MiB, so that those of an event are together.
//!
//! # On disk, format version 1
//!
//! `snapshots/00000000000000000042.snap` holds all commits up to 42. It has
//!
//! - a header like that of a segment ([`crate::codec::segment_header`]), with the magic `BOOKSNAP`, and the
//!   sequence number of the snapshot in place of the first one;
//! - frames ([`crate::codec::frame`]) of kind 4. Their payload is changes, each preceded by the number (8
//!   bytes) of its event, entry, account or key; that of a key is the sequence number of the commit that used
//!   it. Entries that were moved have the sequence number of the commit that was the last to move them.
//!   Events, entries and accounts are in the order of these numbers, tickets and holds after their event, and
//!   keys, anywhere between them, in the order of their own numbers. The tickets of an event are in the order
//!   of issue. Those of a booking with an attendee are in one change, with tickets of the same attendee that
//!   were issued just before or after them; those without an attendee are in changes of up to 4,096;
//! - a footer, the frame of kind 5. Its payload is the number of changes (8 bytes). A snapshot without a
//!   footer is incomplete, and nothing follows the footer.
//!
//! In every frame, `first` and `durable_through` are the sequence number of the snapshot.

pub mod compaction;
mod contents;
pub mod error;
pub mod history;
mod later_changes;
pub mod read;
mod requests;
pub mod snapshotter;
mod ticket_runs;
pub mod write;

pub use requests::Made;

use std::io;

use crate::codec::Sequence;
use crate::storage::journal::Disk;

/// The first bytes of a snapshot.
pub const MAGIC: &[u8; 8] = b"BOOKSNAP";

/// The name of a snapshot that is being written. One that a crash left incomplete is overwritten by the next.
pub const NEW: &str = "new";

const SUFFIX: &str = ".snap";

/// The suffix that is appended to the name of a quarantined snapshot.
pub const CORRUPT_SUFFIX: &str = ".damaged";

/// The file name of the snapshot of this sequence number.
pub fn name(sequence: Sequence) -> String {
    format!("{:020}{SUFFIX}", sequence.0)
}

/// The sequence number of the snapshot with this name. `None` if it is not the name of a snapshot.
pub fn parse_name(name: &str) -> Option<Sequence> {
    let digits = name.strip_suffix(SUFFIX)?;
    let valid = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    if valid { digits.parse().ok().map(Sequence) } else { None }
}

/// The highest sequence number in the name of a snapshot in this directory, including quarantined ones. All
/// commits up to it were durable when that snapshot was made.
pub fn durable_through(disk: &dyn Disk) -> io::Result<Sequence> {
    let names = disk.list()?;
    let sequences =
        names.iter().filter_map(|name| parse_name(name.strip_suffix(CORRUPT_SUFFIX).unwrap_or(name)));
    Ok(sequences.max().unwrap_or_default())
}
