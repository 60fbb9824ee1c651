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
//! [`super::Change`] describes the encoding of changes. The sequence number of a commit is that of its frame
//! plus its index in the frame.

use bookline_protocol::limits::{
    BOOKING_EVENTS_MAX, BOOKING_TICKETS_MAX, CANCELLED_TICKETS_MAX, COMMIT_BYTES_MAX, ID_BYTES_MAX,
    KEYED_TICKETS_MAX, LINE_BYTES_MAX,
};

use super::event_after::EVENT_AFTER_BYTES_MAX;
use super::occurrence::SERIES_BYTES;
use super::used_key::USED_KEY_BYTES_MAX;
use super::{
    CHANGE_HEADER_BYTES, Change, EncodedEntry, EntriesMoved, HOLDS_ENDED_MAX, InvalidChange, Origin,
    event_updated, hold_confirmed, holds_ended, holds_forgotten, keys_forgotten, tickets_booked,
};
use crate::codec::fields::Fields;
use crate::codec::frame::PAYLOAD_BYTES_MAX;
use crate::codec::{DecodeError, Sequence};
use crate::domain::Contradiction;

const HEADER_BYTES: usize = 20;

/// The bytes of the id of a ticket or hold.
const UUID_BYTES: usize = 16;

/// Holds of so many events that end in one commit.
const fn ended_holds_bytes_max(events: usize) -> usize {
    events * (CHANGE_HEADER_BYTES + holds_ended::BODY_BYTES_MAX_WITHOUT_HOLDS) + HOLDS_ENDED_MAX * UUID_BYTES
}

/// The key of a request with the largest reply, after keys are forgotten in its favor.
const KEY_BYTES_MAX: usize =
    (CHANGE_HEADER_BYTES + keys_forgotten::BODY_BYTES) + (CHANGE_HEADER_BYTES + USED_KEY_BYTES_MAX);

/// The strings of the largest entry. All come from one line, except the host, which may be who creates it.
const ENTRY_STRINGS_BYTES_MAX: usize = 2 + 2 + 4 + 2 + LINE_BYTES_MAX + ID_BYTES_MAX;

/// The end or the move of the largest entry, of several hours.
const ENTRY_BYTES_MAX: usize =
    CHANGE_HEADER_BYTES + SERIES_BYTES + ENTRY_STRINGS_BYTES_MAX + size_of::<EncodedEntry>();

/// The size of the largest commit: a request with a key, which replaces a meeting by another.
pub const BYTES_MAX: usize = HEADER_BYTES + 2 * ENTRY_BYTES_MAX + KEY_BYTES_MAX;

/// The changes of a series may be larger. The store refuses those that are.
const _: () = assert!(COMMIT_BYTES_MAX as usize <= BYTES_MAX);

/// A booking of so many tickets, of several events, which ends due holds of these events before.
const fn booking_bytes_max(tickets: usize) -> usize {
    HEADER_BYTES
        + ended_holds_bytes_max(BOOKING_EVENTS_MAX)
        + BOOKING_EVENTS_MAX * (CHANGE_HEADER_BYTES + tickets_booked::BODY_BYTES_MAX_WITHOUT_TICKETS)
        + tickets * UUID_BYTES
}

const _: () = assert!(booking_bytes_max(BOOKING_TICKETS_MAX as usize) <= BYTES_MAX);
const _: () = assert!(booking_bytes_max(KEYED_TICKETS_MAX as usize) + KEY_BYTES_MAX <= BYTES_MAX);

/// The confirmation of a hold of so many tickets.
const fn confirmation_bytes_max(tickets: usize) -> usize {
    HEADER_BYTES
        + (CHANGE_HEADER_BYTES + hold_confirmed::BODY_BYTES_MAX_WITHOUT_TICKETS)
        + tickets * UUID_BYTES
}

const _: () = assert!(confirmation_bytes_max(BOOKING_TICKETS_MAX as usize) <= BYTES_MAX);
const _: () = assert!(confirmation_bytes_max(KEYED_TICKETS_MAX as usize) + KEY_BYTES_MAX <= BYTES_MAX);

/// The cancellation of many tickets, each of another event.
const _: () = assert!(
    HEADER_BYTES
        + CANCELLED_TICKETS_MAX * (CHANGE_HEADER_BYTES + EVENT_AFTER_BYTES_MAX + UUID_BYTES)
        + KEY_BYTES_MAX
        <= BYTES_MAX
);

/// The update of an event, which ends due holds of it before. The creation of an event and the changes of one
/// ticket or hold are smaller.
const _: () = assert!(
    HEADER_BYTES
        + ended_holds_bytes_max(1)
        + (CHANGE_HEADER_BYTES + event_updated::BODY_BYTES_MAX)
        + KEY_BYTES_MAX
        <= BYTES_MAX
);

/// Holds that expired, each of another event.
const _: () = assert!(HEADER_BYTES + ended_holds_bytes_max(HOLDS_ENDED_MAX) <= BYTES_MAX);

/// Ended holds that are forgotten, each of another event.
const _: () = assert!(
    HEADER_BYTES
        + HOLDS_ENDED_MAX
            * (CHANGE_HEADER_BYTES + holds_forgotten::BODY_BYTES_MAX_WITHOUT_HOLDS + UUID_BYTES)
        <= BYTES_MAX
);

/// Every commit fits into a frame.
const _: () = assert!(BYTES_MAX <= PAYLOAD_BYTES_MAX);

/// A commit read from disk. [`Commit::changes`] decodes its changes one by one.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// Its sequence number.
    pub sequence: Sequence,
    /// The time of the commit, in microseconds since 1970 (UTC).
    pub micros: i64,
    changes: &'a [u8],
}

/// The number of bytes that [`encode`] appends for these changes.
#[inline]
pub fn encoded_len(changes: &[Change<'_>]) -> usize {
    HEADER_BYTES + changes.iter().map(Change::encoded_len).sum::<usize>()
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
        change.encode(out);
    }
    let length = u32::try_from(out.len() - start).expect("a commit is bounded by the protocol's limits");
    out[start..][..4].copy_from_slice(&length.to_le_bytes());
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

/// Splits the first of these encoded commits off, by its length. It is not decoded.
pub fn split_first(commits: &[u8]) -> Result<(&[u8], &[u8]), DecodeError> {
    let length = Fields::new(commits).u32()? as usize;
    if length < HEADER_BYTES {
        return Err(DecodeError::Malformed);
    }
    commits.split_at_checked(length).ok_or(DecodeError::Malformed)
}

fn split_commit(bytes: &[u8], sequence: Sequence) -> Result<(Commit<'_>, &[u8]), DecodeError> {
    let (commit, rest) = split_first(bytes)?;
    let mut fields = Fields::new(&commit[4..]);
    let micros = fields.i64()?;
    let _term = fields.u32()?;
    let flags = fields.u16()?;
    if flags != 0 {
        return Err(DecodeError::UnknownFlags(flags));
    }
    let extensions = fields.u16()? as usize;
    fields.take(extensions)?;
    Ok((Commit { sequence, micros, changes: fields.rest() }, rest))
}

impl<'a> Commit<'a> {
    /// The origin of its changes.
    pub fn origin(&self) -> Origin {
        Origin { sequence: self.sequence, micros: Some(self.micros) }
    }

    /// Checks what can be checked without the state: whether each of its changes is valid in a commit with
    /// this sequence number.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] for the first change that is not.
    pub fn check(&self) -> Result<(), Contradiction> {
        for change in self.changes() {
            self.check_change(&change.map_err(|e| Contradiction(e.to_string()))?)?;
        }
        Ok(())
    }

    /// Checks whether this change is valid as one of its changes.
    ///
    /// # Errors
    ///
    /// [`InvalidChange`] if the rules never decide it in this commit.
    pub fn check_change(&self, change: &Change<'_>) -> Result<(), InvalidChange> {
        change.check_in_commit(self.sequence.0)?;
        match change {
            Change::EntriesMoved(moved) => self.check_moved(moved),
            _ => Ok(()),
        }
    }

    /// Checks that the changes before this one end exactly the entries that it moves, in the series that they
    /// stay in.
    fn check_moved(&self, moved: &EntriesMoved<'_>) -> Result<(), InvalidChange> {
        let stays_in = |series| moved.series.is_none() || moved.series == series;
        let mut ended = Vec::with_capacity(moved.entries.len());
        for change in self.changes().map_while(Result::ok) {
            match change {
                Change::EntryEnded(end) if stays_in(None) => ended.push(end.entry),
                Change::EntriesEnded(end) if stays_in(end.series) => ended.extend(end.numbers()),
                Change::EntriesMoved(_) => break,
                _ => {}
            }
        }
        let mut numbers: Vec<_> = moved.numbers().collect();
        ended.sort_unstable();
        numbers.sort_unstable();
        if numbers == ended {
            Ok(())
        } else {
            Err(InvalidChange::MovedWithoutEnd { commit: self.sequence.0 })
        }
    }

    /// Decodes its changes, in order. The iterator ends after the first error.
    pub fn changes(&self) -> impl Iterator<Item = Result<Change<'a>, DecodeError>> + Clone + use<'a> {
        let mut fields = Fields::new(self.changes);
        std::iter::from_fn(move || {
            if fields.rest().is_empty() {
                return None;
            }
            let change = Change::decode(&mut fields);
            if change.is_err() {
                fields = Fields::new(&[]);
            }
            Some(change)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use bookline_protocol::{Period, SeriesId, Slot};

    use super::*;
    use crate::changes::{EntriesEnded, EntryEnded, EntryTexts, encode_entry};
    use crate::domain::EntryNumber;

    const BLOCK: EntryTexts<'_> = EntryTexts { who: "F1", title: "", group: "", host: "F1" };

    fn series(id: u64) -> Option<SeriesId> {
        NonZeroU64::new(id).map(SeriesId)
    }

    fn slot() -> Slot {
        Slot::from_index(17_760_009).expect("an hour of 2026")
    }

    fn entry(index: u16) -> EncodedEntry {
        let number = EntryNumber::new(Sequence(7), index).expect("a number");
        encode_entry(number, Period::of_slot(slot()))
    }

    fn ended(series: Option<SeriesId>, entries: &[EncodedEntry]) -> Change<'_> {
        EntriesEnded { series, texts: BLOCK, entries }.into()
    }

    fn moved(series: Option<SeriesId>, entries: &[EncodedEntry]) -> Change<'_> {
        EntriesMoved { series, texts: BLOCK, entries }.into()
    }

    /// Checks commit 9 of these changes.
    fn check(changes: &[Change<'_>]) -> Result<(), Contradiction> {
        let mut bytes = Vec::new();
        encode(&mut bytes, 0, changes);
        decode(&bytes, Sequence(9)).next().expect("a commit").expect("a valid commit").check()
    }

    #[test]
    fn commit_moves_exactly_the_entries_that_it_ends() {
        let (zero, one, two) = (entry(0), entry(1), entry(2));
        let (both, swapped) = ([zero, one], [one, zero]);
        let (first, second) = ([zero], [one]);
        let single: Change<'_> =
            EntryEnded { slot: slot(), entry: EntryNumber::first_of(Sequence(7)), texts: BLOCK }.into();
        for changes in [
            &[ended(series(1), &both), moved(series(1), &swapped)][..],
            &[ended(series(1), &second), ended(series(1), &first), moved(series(1), &both)],
            &[ended(series(1), &second), moved(None, &second)],
            &[ended(None, &second), moved(None, &second)],
            &[single, moved(None, &first)],
            &[single],
        ] {
            assert_eq!(check(changes), Ok(()), "{changes:?}");
        }
        let others = [zero, two];
        for changes in [
            &[moved(series(1), &first)][..],
            &[moved(series(1), &first), ended(series(1), &first)],
            &[ended(series(1), &first), moved(series(1), &both)],
            &[ended(series(1), &both), moved(series(1), &first)],
            &[ended(series(1), &both), moved(series(1), &others)],
            &[ended(series(1), &both), moved(series(2), &both)],
            &[ended(series(1), &first), ended(series(2), &second), moved(series(1), &both)],
            &[ended(None, &second), moved(series(1), &second)],
            &[single, moved(series(1), &first)],
            &[single, single, moved(None, &first)],
        ] {
            let refused = check(changes).expect_err("a commit that the rules never make").to_string();
            let expected = "commit 9 moves other entries than it ends, or into another series";
            assert_eq!(refused, expected, "{changes:?}");
        }
    }
}
