//! The encoding of a commit, the atomic unit of changes, in the payload of a frame.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | length of the commit in bytes, including this field |
//! | 4 | 8 | time of the commit, in microseconds since 1970 (UTC) |
//! | 12 | 4 | term: 0 on one machine |
//! | 16 | 2 | flags: 0; any other value requires a newer version |
//! | 18 | 2 | length of the extensions that follow, in bytes; a reader skips those that it does not know |
//! | 20 | … | extensions, then changes up to the end of the commit |
//!
//! A change is a header of 4 bytes, the type in the lowest and the length of the body in the three others,
//! and a body:
//!
//! | type | body |
//! |---|---|
//! | 1 event created | tag u16, date u32 (days since 0000-12-31), total u32, issued u32, id, name |
//! | 2 tickets issued | tag u16, event u64, ids of 16 bytes each |
//! | 3 block taken | slot u32 (day × 24 + hour), who |
//! | 4 meeting taken | slot u32, who, title, group, host |
//! | 5 entry freed | slot u32, entry u64 |
//!
//! A string is its length in bytes (u16; u32 for the group) and its UTF-8. The sequence number of a commit is
//! that of its frame plus its index in the frame.

use bookline_protocol::limits::{BOOKING_TICKETS_MAX, ID_BYTES_MAX, LINE_BYTES_MAX};
use bookline_protocol::{Date, Slot};
use thiserror::Error;

use super::Sequence;
use crate::domain::{Change, Contradiction, EntryNumber, EventKey, EventNumber};

const HEADER_BYTES: usize = 20;
const CHANGE_HEADER_BYTES: usize = 4;

/// The size of the largest commit: a booking of [`BOOKING_TICKETS_MAX`] tickets.
pub const BYTES_MAX: usize = HEADER_BYTES + CHANGE_HEADER_BYTES + 2 + 8 + 16 * BOOKING_TICKETS_MAX as usize;

/// The largest commit that replaces an entry by a meeting. All its strings come from one line, except the
/// host, which may be the actor.
const REPLACEMENT_BYTES_MAX: usize = HEADER_BYTES
    + (CHANGE_HEADER_BYTES + 4 + 8)
    + (CHANGE_HEADER_BYTES + 4 + 2 + 2 + 4 + 2 + LINE_BYTES_MAX + ID_BYTES_MAX);

const _: () = assert!(REPLACEMENT_BYTES_MAX <= BYTES_MAX);

/// Every commit fits into a frame.
const _: () = assert!(BYTES_MAX <= super::frame::PAYLOAD_BYTES_MAX);

/// A commit read from disk. [`Commit::changes`] decodes its changes one by one.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// Its sequence number.
    pub sequence: Sequence,
    /// The time of the commit, in microseconds since 1970 (UTC).
    pub micros: i64,
    changes: &'a [u8],
}

/// Why a payload whose checksum is correct cannot be decoded into commits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A change of a later version.
    #[error(
        "it holds a change of type {0}, which this version does not know: start the newer booklined that \
         wrote it"
    )]
    UnknownChange(u8),
    /// A frame of a later version.
    #[error(
        "it holds a frame of kind {0}, which this version does not know: start the newer booklined that \
         wrote it"
    )]
    UnknownFrame(u8),
    /// Flags of a later version.
    #[error("it has flags {0:#x}, which this version does not know: start the newer booklined that wrote it")]
    UnknownFlags(u16),
    /// The checksum is correct and the contents are not: no version of booklined writes this.
    #[error("its contents are malformed")]
    Malformed,
}

/// The number of bytes that [`encode`] appends for these changes.
pub fn encoded_len(changes: &[Change<'_>]) -> usize {
    HEADER_BYTES + changes.iter().map(|change| CHANGE_HEADER_BYTES + body_len(change)).sum::<usize>()
}

fn body_len(change: &Change<'_>) -> usize {
    match change {
        Change::EventCreated { id, name, .. } => 2 + 4 + 4 + 4 + 2 + id.len() + 2 + name.len(),
        Change::TicketsIssued { tickets, .. } => 2 + 8 + 16 * tickets.len(),
        Change::BlockTaken { who, .. } => 4 + 2 + who.len(),
        Change::MeetingTaken { who, title, group, host, .. } => {
            4 + 2 + who.len() + 2 + title.len() + 4 + group.len() + 2 + host.len()
        }
        Change::EntryFreed { .. } => 4 + 8,
    }
}

/// Appends a commit of these changes to `out`. `micros` is the time of the commit, in microseconds since 1970
/// (UTC).
#[inline]
pub fn encode(out: &mut Vec<u8>, micros: i64, changes: &[Change<'_>]) {
    let start = out.len();
    let mut header = [0; HEADER_BYTES]; // term, flags and extensions are zero
    header[4..12].copy_from_slice(&micros.to_le_bytes());
    out.extend_from_slice(&header);
    for change in changes {
        encode_change(out, change);
    }
    let length = u32::try_from(out.len() - start).expect("a commit is bounded by the protocol's limits");
    out[start..][..4].copy_from_slice(&length.to_le_bytes());
}

/// Appends one change to `out`.
#[inline]
pub fn encode_change(out: &mut Vec<u8>, change: &Change<'_>) {
    let kind: u32 = match change {
        Change::EventCreated { .. } => 1,
        Change::TicketsIssued { .. } => 2,
        Change::BlockTaken { .. } => 3,
        Change::MeetingTaken { .. } => 4,
        Change::EntryFreed { .. } => 5,
    };
    let length = u32::try_from(body_len(change)).expect("a change is bounded by the protocol's limits");
    out.extend_from_slice(&(kind | length << 8).to_le_bytes());
    match *change {
        Change::EventCreated { tag, id, name, date, total, issued } => {
            out.extend_from_slice(&tag.to_le_bytes());
            out.extend_from_slice(&date.day_number().to_le_bytes());
            out.extend_from_slice(&total.to_le_bytes());
            out.extend_from_slice(&issued.to_le_bytes());
            put_string(out, id);
            put_string(out, name);
        }
        Change::TicketsIssued { event, tickets } => {
            let mut key = [0; 10];
            key[..2].copy_from_slice(&event.tag.to_le_bytes());
            key[2..].copy_from_slice(&event.number.0.to_le_bytes());
            out.extend_from_slice(&key);
            out.extend_from_slice(tickets.as_flattened());
        }
        Change::BlockTaken { slot, who } => {
            out.extend_from_slice(&slot.index().to_le_bytes());
            put_string(out, who);
        }
        Change::MeetingTaken { slot, who, title, group, host } => {
            out.extend_from_slice(&slot.index().to_le_bytes());
            put_string(out, who);
            put_string(out, title);
            let length = u32::try_from(group.len()).expect("a group is bounded by the protocol's limits");
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(group.as_bytes());
            put_string(out, host);
        }
        Change::EntryFreed { slot, entry } => {
            out.extend_from_slice(&slot.index().to_le_bytes());
            out.extend_from_slice(&entry.0.to_le_bytes());
        }
    }
}

fn put_string(out: &mut Vec<u8>, string: &str) {
    let length =
        u16::try_from(string.len()).expect("ids, names and titles are bounded by the protocol's limits");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(string.as_bytes());
}

/// Decodes the first change of `bytes`, and returns it with the rest of `bytes`.
///
/// # Errors
///
/// [`DecodeError`] when `bytes` does not begin with a change that this version knows.
pub fn split_change(bytes: &[u8]) -> Result<(Change<'_>, &[u8]), DecodeError> {
    let mut fields = Fields(bytes);
    let change = decode_change(&mut fields)?;
    Ok((change, fields.0))
}

/// Decodes the commits of a frame's payload. The first of them has the sequence number `first`. The iterator
/// ends after the first error.
pub fn decode(payload: &[u8], first: Sequence) -> impl Iterator<Item = Result<Commit<'_>, DecodeError>> {
    let mut left = payload;
    let mut sequence = first;
    std::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        let commit = split_commit(left, sequence);
        left = commit.as_ref().map_or(&[], |(_, rest)| rest);
        sequence = sequence.next();
        Some(commit.map(|(commit, _)| commit))
    })
}

fn split_commit(bytes: &[u8], sequence: Sequence) -> Result<(Commit<'_>, &[u8]), DecodeError> {
    let length = Fields(bytes).u32()? as usize;
    if length < HEADER_BYTES || length > bytes.len() {
        return Err(DecodeError::Malformed);
    }
    let (commit, rest) = bytes.split_at(length);
    let mut fields = Fields(&commit[4..]);
    let micros = i64::from_le_bytes(fields.array()?);
    let _term = fields.u32()?;
    let flags = fields.u16()?;
    if flags != 0 {
        return Err(DecodeError::UnknownFlags(flags));
    }
    let extensions = fields.u16()? as usize;
    fields.take(extensions)?;
    Ok((Commit { sequence, micros, changes: fields.0 }, rest))
}

impl<'a> Commit<'a> {
    /// Checks what can be checked without the state: whether each of its changes is valid in a commit with
    /// this sequence number.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] for the first change that is not.
    pub fn check(&self) -> Result<(), Contradiction> {
        for change in self.changes() {
            change.map_err(|e| Contradiction(e.to_string()))?.check_in_commit(self.sequence.0)?;
        }
        Ok(())
    }

    /// Decodes its changes, in order. The iterator ends after the first error.
    pub fn changes(&self) -> impl Iterator<Item = Result<Change<'a>, DecodeError>> + use<'a> {
        let mut fields = Fields(self.changes);
        std::iter::from_fn(move || {
            if fields.0.is_empty() {
                return None;
            }
            let change = decode_change(&mut fields);
            if change.is_err() {
                fields.0 = &[];
            }
            Some(change)
        })
    }
}

fn decode_change<'a>(fields: &mut Fields<'a>) -> Result<Change<'a>, DecodeError> {
    let header = fields.u32()?;
    let mut body = Fields(fields.take((header >> 8) as usize)?);
    let change = match header as u8 {
        1 => Change::EventCreated {
            tag: body.u16()?,
            date: Date::from_day_number(body.u32()?).ok_or(DecodeError::Malformed)?,
            total: body.u32()?,
            issued: body.u32()?,
            id: body.string()?,
            name: body.string()?,
        },
        2 => {
            let event = EventKey { tag: body.u16()?, number: EventNumber(body.u64()?) };
            let (tickets, remainder) = std::mem::take(&mut body.0).as_chunks::<16>();
            if !remainder.is_empty() {
                return Err(DecodeError::Malformed);
            }
            Change::TicketsIssued { event, tickets }
        }
        3 => Change::BlockTaken { slot: body.slot()?, who: body.string()? },
        4 => Change::MeetingTaken {
            slot: body.slot()?,
            who: body.string()?,
            title: body.string()?,
            group: body.long_string()?,
            host: body.string()?,
        },
        5 => Change::EntryFreed { slot: body.slot()?, entry: EntryNumber(body.u64()?) },
        unknown => return Err(DecodeError::UnknownChange(unknown)),
    };
    if body.0.is_empty() { Ok(change) } else { Err(DecodeError::Malformed) }
}

/// A cursor over encoded fields. It checks every length against the bytes that are left.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(DecodeError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(DecodeError::Malformed)?;
        self.0 = rest;
        Ok(*array)
    }

    fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn slot(&mut self) -> Result<Slot, DecodeError> {
        Slot::from_index(self.u32()?).ok_or(DecodeError::Malformed)
    }

    fn string(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.u16()? as usize;
        std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::Malformed)
    }

    fn long_string(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.u32()? as usize;
        std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::Malformed)
    }
}
