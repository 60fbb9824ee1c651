//! A commit: changes that happened together, as they stand in a frame.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | length of the commit in bytes, this field included |
//! | 4 | 8 | when, in microseconds since 1970 (UTC) |
//! | 12 | 4 | term: 0 on one machine |
//! | 16 | 2 | flags: 0; any other value asks for a newer version |
//! | 18 | 2 | length of the extensions in bytes, which follow; a reader skips those it does not know |
//! | 20 | … | extensions, then changes to the commit's end |
//!
//! A change is 4 bytes, its type in the lowest and the length of its body in the three others, and the body:
//!
//! | type | body |
//! |---|---|
//! | 1 event created | tag u16, date u32 (days since 0000-12-31), total u32, issued u32, id, name |
//! | 2 tickets issued | tag u16, event u64, ids of 16 bytes each |
//! | 3 block taken | slot u32 (day × 24 + hour), who |
//! | 4 meeting taken | slot u32, who, title, group, host |
//! | 5 entry freed | slot u32, entry u64 |
//!
//! A text is its length in bytes (u16, the group's u32) and its UTF-8. The sequence of a commit is that of its frame
//! plus its place in it.

use bookline_protocol::limits::{BOOKING_TICKETS_MAX, ID_BYTES_MAX, LINE_BYTES_MAX};
use bookline_protocol::{Date, Slot};
use thiserror::Error;

use super::Sequence;
use crate::domain::{Change, Contradiction, EntryNumber, EventKey, EventNumber};

const HEADER: usize = 20;
const FACT_HEADER: usize = 4;

/// No commit is longer: a booking of as many tickets as one may have.
pub const BYTES_MAX: usize = HEADER + FACT_HEADER + 2 + 8 + 16 * BOOKING_TICKETS_MAX as usize;

/// The other long one replaces an entry by a meeting: its texts come from one line, and the host may be who asks.
const REPLACEMENT: usize =
    HEADER + (FACT_HEADER + 4 + 8) + (FACT_HEADER + 4 + 2 + 2 + 4 + 2 + LINE_BYTES_MAX + ID_BYTES_MAX);

const _: () = assert!(REPLACEMENT <= BYTES_MAX);

/// One commit, read back. Its changes are decoded as they are walked.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// Its place in the order.
    pub sequence: Sequence,
    /// When it was decided, in microseconds since 1970 (UTC).
    pub micros: i64,
    changes: &'a [u8],
}

/// Why the bytes of a whole frame are not commits that this program understands.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// A later program wrote it.
    #[error(
        "it holds a change of type {0}, which this version does not know: start the newer booklined that wrote it"
    )]
    UnknownFact(u8),
    /// A later program wrote it.
    #[error(
        "it holds a frame of kind {0}, which this version does not know: start the newer booklined that wrote it"
    )]
    UnknownFrame(u8),
    /// A later program wrote it.
    #[error("it has flags {0:#x}, which this version does not know: start the newer booklined that wrote it")]
    UnknownFlags(u16),
    /// The checksum is right and the contents are not: no booklined wrote this.
    #[error("its contents are malformed")]
    Malformed,
}

/// Bytes that [`encode`] will append.
pub fn encoded_len(changes: &[Change<'_>]) -> usize {
    HEADER + changes.iter().map(|change| FACT_HEADER + body_len(change)).sum::<usize>()
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

/// Appends a commit of these changes, decided at `micros`.
#[inline]
pub fn encode(out: &mut Vec<u8>, micros: i64, changes: &[Change<'_>]) {
    let start = out.len();
    let mut header = [0; HEADER]; // term, flags and extensions are zero
    header[4..12].copy_from_slice(&micros.to_le_bytes());
    out.extend_from_slice(&header);
    for change in changes {
        encode_change(out, change);
    }
    let length = u32::try_from(out.len() - start).expect("a commit is bounded by the protocol's limits");
    out[start..][..4].copy_from_slice(&length.to_le_bytes());
}

/// Appends one change.
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
            put_text(out, id);
            put_text(out, name);
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
            put_text(out, who);
        }
        Change::MeetingTaken { slot, who, title, group, host } => {
            out.extend_from_slice(&slot.index().to_le_bytes());
            put_text(out, who);
            put_text(out, title);
            let length = u32::try_from(group.len()).expect("a group is bounded by the protocol's limits");
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(group.as_bytes());
            put_text(out, host);
        }
        Change::EntryFreed { slot, entry } => {
            out.extend_from_slice(&slot.index().to_le_bytes());
            out.extend_from_slice(&entry.0.to_le_bytes());
        }
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let length =
        u16::try_from(text.len()).expect("ids, names and titles are bounded by the protocol's limits");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// The first change of `bytes`, and what stands behind it.
pub fn split_change(bytes: &[u8]) -> Result<(Change<'_>, &[u8]), Unreadable> {
    let mut fields = Fields(bytes);
    let change = decode_change(&mut fields)?;
    Ok((change, fields.0))
}

/// Walks the commits of a frame's payload, the first of which has the sequence `first`.
pub fn decode(payload: &[u8], first: Sequence) -> impl Iterator<Item = Result<Commit<'_>, Unreadable>> {
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

fn split_commit(bytes: &[u8], sequence: Sequence) -> Result<(Commit<'_>, &[u8]), Unreadable> {
    let length = Fields(bytes).u32()? as usize;
    if length < HEADER || length > bytes.len() {
        return Err(Unreadable::Malformed);
    }
    let (commit, rest) = bytes.split_at(length);
    let mut fields = Fields(&commit[4..]);
    let micros = i64::from_le_bytes(fields.array()?);
    let _term = fields.u32()?;
    let flags = fields.u16()?;
    if flags != 0 {
        return Err(Unreadable::UnknownFlags(flags));
    }
    let extensions = fields.u16()? as usize;
    fields.take(extensions)?;
    Ok((Commit { sequence, micros, changes: fields.0 }, rest))
}

impl<'a> Commit<'a> {
    /// Could it have been decided? What it changes is looked up when it is applied.
    pub fn check(&self) -> Result<(), Contradiction> {
        for change in self.changes() {
            change.map_err(|e| Contradiction(e.to_string()))?.check_in_commit(self.sequence.0)?;
        }
        Ok(())
    }

    /// Its changes, in order.
    pub fn changes(&self) -> impl Iterator<Item = Result<Change<'a>, Unreadable>> + use<'a> {
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

fn decode_change<'a>(fields: &mut Fields<'a>) -> Result<Change<'a>, Unreadable> {
    let header = fields.u32()?;
    let mut body = Fields(fields.take((header >> 8) as usize)?);
    let change = match header as u8 {
        1 => Change::EventCreated {
            tag: body.u16()?,
            date: Date::from_day_number(body.u32()?).ok_or(Unreadable::Malformed)?,
            total: body.u32()?,
            issued: body.u32()?,
            id: body.text()?,
            name: body.text()?,
        },
        2 => {
            let event = EventKey { tag: body.u16()?, number: EventNumber(body.u64()?) };
            let (tickets, odd) = std::mem::take(&mut body.0).as_chunks::<16>();
            if !odd.is_empty() {
                return Err(Unreadable::Malformed);
            }
            Change::TicketsIssued { event, tickets }
        }
        3 => Change::BlockTaken { slot: body.slot()?, who: body.text()? },
        4 => Change::MeetingTaken {
            slot: body.slot()?,
            who: body.text()?,
            title: body.text()?,
            group: body.long_text()?,
            host: body.text()?,
        },
        5 => Change::EntryFreed { slot: body.slot()?, entry: EntryNumber(body.u64()?) },
        unknown => return Err(Unreadable::UnknownFact(unknown)),
    };
    if body.0.is_empty() { Ok(change) } else { Err(Unreadable::Malformed) }
}

/// A cursor over fields; every length is checked against what is there.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], Unreadable> {
        let (head, rest) = self.0.split_at_checked(n).ok_or(Unreadable::Malformed)?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(Unreadable::Malformed)?;
        self.0 = rest;
        Ok(*head)
    }

    fn u16(&mut self) -> Result<u16, Unreadable> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, Unreadable> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Unreadable> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn slot(&mut self) -> Result<Slot, Unreadable> {
        Slot::from_index(self.u32()?).ok_or(Unreadable::Malformed)
    }

    fn text(&mut self) -> Result<&'a str, Unreadable> {
        let length = self.u16()? as usize;
        std::str::from_utf8(self.take(length)?).map_err(|_| Unreadable::Malformed)
    }

    fn long_text(&mut self) -> Result<&'a str, Unreadable> {
        let length = self.u32()? as usize;
        std::str::from_utf8(self.take(length)?).map_err(|_| Unreadable::Malformed)
    }
}
