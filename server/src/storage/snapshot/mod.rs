//! Snapshots: state at exactly one sequence, so that a restart reads little and the journal stays bounded.
//!
//! Changes can be applied in any order between records, so a snapshot is simply the changes that still count: those of the
//! snapshot before, less what was freed since, and those of the journal since. To make one takes no lock and no look
//! at the state in memory, only files that do not change any more, and the memory for what was freed since and for
//! [`compaction::GROUPED`] tickets.
//!
//! # On disk, format version 1
//!
//! `snapshots/00000000000000000042.snap` holds all commits up to 42. It begins with a header like a segment's
//! ([`crate::storage::journal::segment`]) with the magic `BOOKSNAP` and the sequence in place of the first one, and goes on in
//! frames ([`crate::storage::journal::frame`]) of kind 4 whose payload is changes, each behind the number (8 bytes) of its event
//! or entry. Every frame's `first` and `durable_through` are the snapshot's sequence. Events and entries stand in the order
//! of their numbers, tickets behind the event that issued them. The last frame is of kind 5, its payload the number of all
//! changes (8 bytes): without it the snapshot is not whole, and nothing stands behind it.

pub mod compaction;
mod contents;
pub mod error;
pub mod read;
mod requests;
pub mod snapshotter;
#[cfg(test)]
pub(crate) mod tests;
pub mod write;

use std::io;

use crate::codec::Sequence;
use crate::storage::journal::Disk;

/// What a snapshot begins with.
pub const MAGIC: &[u8; 8] = b"BOOKSNAP";

/// A snapshot that is being written. What a crash left of one is thrown away.
pub const NEW: &str = "new";

const SUFFIX: &str = ".snap";

/// What a corrupt snapshot is called after its own name when it is quarantined.
pub const CORRUPT_SUFFIX: &str = ".damaged";

/// A snapshot's file name.
pub fn name(sequence: Sequence) -> String {
    format!("{:020}{SUFFIX}", sequence.0)
}

/// The sequence of the snapshot of this name, if it is a snapshot's name.
pub fn parse_name(name: &str) -> Option<Sequence> {
    let digits = name.strip_suffix(SUFFIX)?;
    let valid = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    if valid { digits.parse().ok().map(Sequence) } else { None }
}

/// The highest sequence of which a snapshot was ever made here, whole or not: so much was durable.
pub fn durable_through(disk: &dyn Disk) -> io::Result<Sequence> {
    let names = disk.list()?;
    let sequences =
        names.iter().filter_map(|name| parse_name(name.strip_suffix(CORRUPT_SUFFIX).unwrap_or(name)));
    Ok(sequences.max().unwrap_or_default())
}
