//! The encoding of a commit, the atomic unit of changes, in the payload of a frame.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | length of the commit in bytes, including this field |
//! | 4 | 8 | time of the commit, in microseconds since 1970 (UTC) |
//! | 12 | 4 | term: 0 on one machine |
//! | 16 | 2 | flags: 0; any other value requires a newer version |
//! | 18 | 2 | length of the extensions that follow, in bytes |
//! | 20 | … | extensions, then changes up to the end of the commit |
//!
//! An extension is its type (1 byte), the length of its body (1 byte), and the body. A reader skips the types
//! that it does not know. Type 1 is the actor, the account that made the commit: its number (8 bytes), and
//! its name at that time (1 to 64 of the characters of ids). A commit has at most one, and none if nobody had
//! to authenticate, or if the server made it on its own.
//!
//! [`super::Change`] describes the encoding of changes. The sequence number of a commit is that of its frame
//! plus its index in the frame.

use bookline_protocol::limits::{
    BOOKING_EVENTS_MAX, BOOKING_TICKETS_MAX, CANCELLED_TICKETS_MAX, COMMIT_BYTES_MAX, ID_BYTES_MAX,
    KEYED_TICKETS_MAX, LINE_BYTES_MAX,
};

use super::actor::{ACTOR_BYTES_BEFORE_NAME, ACTOR_BYTES_MAX, actor_before_name, actor_bytes, find_actor};
use super::event_after::EVENT_AFTER_BYTES_MAX;
use super::occurrence::SERIES_BYTES;
use super::used_key::USED_KEY_BYTES_MAX;
use super::{
    CHANGE_HEADER_BYTES, Change, EncodedEntry, EntriesMoved, HOLDS_ENDED_MAX, InvalidChange, Origin,
    account_set, event_updated, hold_confirmed, holds_ended, holds_forgotten, keys_forgotten, tickets_booked,
};
use crate::codec::fields::Fields;
use crate::codec::frame::PAYLOAD_BYTES_MAX;
use crate::codec::{DecodeError, Sequence};
use crate::domain::Contradiction;
use crate::domain::account::Actor;

const HEADER_BYTES: usize = 20;

/// The header with the extensions that this version writes.
const EXTENDED_HEADER_BYTES_MAX: usize = HEADER_BYTES + ACTOR_BYTES_MAX;

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
pub const BYTES_MAX: usize = EXTENDED_HEADER_BYTES_MAX + 2 * ENTRY_BYTES_MAX + KEY_BYTES_MAX;

/// The changes of a series may be larger. The store refuses those that are, whoever makes them: it does not
/// count the actor.
const _: () = assert!(COMMIT_BYTES_MAX as usize + ACTOR_BYTES_MAX <= BYTES_MAX);

/// A booking of so many tickets, of several events, which ends due holds of these events before.
const fn booking_bytes_max(tickets: usize) -> usize {
    EXTENDED_HEADER_BYTES_MAX
        + ended_holds_bytes_max(BOOKING_EVENTS_MAX)
        + BOOKING_EVENTS_MAX * (CHANGE_HEADER_BYTES + tickets_booked::BODY_BYTES_MAX_WITHOUT_TICKETS)
        + tickets * UUID_BYTES
}

const _: () = assert!(booking_bytes_max(BOOKING_TICKETS_MAX as usize) <= BYTES_MAX);
const _: () = assert!(booking_bytes_max(KEYED_TICKETS_MAX as usize) + KEY_BYTES_MAX <= BYTES_MAX);

/// The confirmation of a hold of so many tickets.
const fn confirmation_bytes_max(tickets: usize) -> usize {
    EXTENDED_HEADER_BYTES_MAX
        + (CHANGE_HEADER_BYTES + hold_confirmed::BODY_BYTES_MAX_WITHOUT_TICKETS)
        + tickets * UUID_BYTES
}

const _: () = assert!(confirmation_bytes_max(BOOKING_TICKETS_MAX as usize) <= BYTES_MAX);
const _: () = assert!(confirmation_bytes_max(KEYED_TICKETS_MAX as usize) + KEY_BYTES_MAX <= BYTES_MAX);

/// The cancellation of many tickets, each of another event.
const _: () = assert!(
    EXTENDED_HEADER_BYTES_MAX
        + CANCELLED_TICKETS_MAX * (CHANGE_HEADER_BYTES + EVENT_AFTER_BYTES_MAX + UUID_BYTES)
        + KEY_BYTES_MAX
        <= BYTES_MAX
);

/// The update of an event, which ends due holds of it before. The creation of an event and the changes of one
/// ticket or hold are smaller.
const _: () = assert!(
    EXTENDED_HEADER_BYTES_MAX
        + ended_holds_bytes_max(1)
        + (CHANGE_HEADER_BYTES + event_updated::BODY_BYTES_MAX)
        + KEY_BYTES_MAX
        <= BYTES_MAX
);

/// The change of an account.
const _: () =
    assert!(EXTENDED_HEADER_BYTES_MAX + CHANGE_HEADER_BYTES + account_set::BODY_BYTES_MAX <= BYTES_MAX);

/// Holds that expired, each of another event.
const _: () = assert!(EXTENDED_HEADER_BYTES_MAX + ended_holds_bytes_max(HOLDS_ENDED_MAX) <= BYTES_MAX);

/// Ended holds that are forgotten, each of another event.
const _: () = assert!(
    EXTENDED_HEADER_BYTES_MAX
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
    /// The account that made it, if one did.
    pub actor: Option<Actor<'a>>,
    changes: &'a [u8],
}

/// The number of bytes that [`encode`] appends for this actor and these changes.
#[inline]
pub fn encoded_len(actor: Option<Actor<'_>>, changes: &[Change<'_>]) -> usize {
    HEADER_BYTES
        + actor.as_ref().map_or(0, actor_bytes)
        + changes.iter().map(Change::encoded_len).sum::<usize>()
}

/// Appends a commit of these changes by this actor to `out`. `micros` is the time of the commit, in
/// microseconds since 1970 (UTC).
#[inline]
pub fn encode(out: &mut Vec<u8>, micros: i64, actor: Option<Actor<'_>>, changes: &[Change<'_>]) {
    let start = out.len();
    let mut header = [0; HEADER_BYTES]; // term and flags are zero
    header[4..12].copy_from_slice(&micros.to_le_bytes());
    match actor {
        None => out.extend_from_slice(&header),
        Some(actor) => {
            let extensions = u16::try_from(actor_bytes(&actor)).expect("a name has at most 64 bytes");
            header[18..20].copy_from_slice(&extensions.to_le_bytes());
            // At once, as every commit of an account has both.
            let mut begin = [0; HEADER_BYTES + ACTOR_BYTES_BEFORE_NAME];
            begin[..HEADER_BYTES].copy_from_slice(&header);
            begin[HEADER_BYTES..].copy_from_slice(&actor_before_name(&actor));
            out.extend_from_slice(&begin);
            out.extend_from_slice(actor.name.as_bytes());
        }
    }
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
    let actor = find_actor(fields.take(extensions)?)?;
    Ok((Commit { sequence, micros, actor, changes: fields.rest() }, rest))
}

impl<'a> Commit<'a> {
    /// The origin of its changes.
    pub fn origin(&self) -> Origin {
        Origin { sequence: self.sequence, micros: Some(self.micros) }
    }

    /// Checks what can be checked without the state: whether its actor and each of its changes are valid in a
    /// commit with this sequence number.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] for the actor, or for the first change that is not.
    pub fn check(&self) -> Result<(), Contradiction> {
        self.check_and_apply(|_| Ok(()))
    }

    /// Checks the commit as [`Self::check`] does, and passes each change to `apply` before it checks the next
    /// one.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] for the actor, or for the first change that is not valid or that `apply` refuses.
    pub fn check_and_apply(
        &self,
        mut apply: impl FnMut(&Change<'a>) -> Result<(), Contradiction>,
    ) -> Result<(), Contradiction> {
        self.check_actor()?;
        for change in self.changes() {
            let change = change.map_err(|unreadable| Contradiction(unreadable.to_string()))?;
            self.check_change(&change)?;
            apply(&change)?;
        }
        Ok(())
    }

    /// Checks that a commit before it can have added the account of its actor.
    ///
    /// # Errors
    ///
    /// [`InvalidChange::ActorNotOlderThanCommit`]
    fn check_actor(&self) -> Result<(), InvalidChange> {
        match self.actor {
            Some(Actor { account, .. }) if account.0 >= self.sequence.0 => {
                Err(InvalidChange::ActorNotOlderThanCommit { commit: self.sequence.0, account: account.0 })
            }
            _ => Ok(()),
        }
    }

    /// Checks whether this change is valid as one of its changes.
    ///
    /// # Errors
    ///
    /// [`InvalidChange`] if the rules never decide it in this commit.
    fn check_change(&self, change: &Change<'_>) -> Result<(), InvalidChange> {
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
    use crate::changes::{BlockTaken, EntriesEnded, EntryEnded, EntryTexts, encode_entry};
    use crate::domain::EntryNumber;
    use crate::domain::account::AccountNumber;

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
        encode(&mut bytes, 0, None, changes);
        decode(&bytes, Sequence(9)).next().expect("a commit").expect("a valid commit").check()
    }

    /// It would fail if a journal of this version had other bytes.
    #[test]
    fn encoding_of_a_commit_is_that_of_the_format() {
        let changes = [BlockTaken { slot: slot(), who: "F1" }.into()];
        let encoded = |actor: Option<Actor<'_>>| {
            let mut bytes = Vec::new();
            encode(&mut bytes, 0x0102_0304_0506_0708, actor, &changes);
            assert_eq!(bytes.len(), encoded_len(actor, &changes));
            bytes
        };
        let time = [8, 7, 6, 5, 4, 3, 2, 1];
        let block = [&[3, 8, 0, 0][..], &17_760_009_u32.to_le_bytes(), &[2, 0], b"F1"].concat();
        let plain = [&[32, 0, 0, 0][..], &time, &[0; 8], &block].concat();
        assert_eq!(encoded(None), plain);
        let extension = [&[1, 12][..], &[9, 0, 0, 0, 0, 0, 0, 1], b"anna"].concat();
        let by_anna = [&[46, 0, 0, 0][..], &time, &[0, 0, 0, 0, 0, 0, 14, 0], &extension, &block].concat();
        let anna = Actor { account: AccountNumber(9 | 1 << 56), name: "anna" };
        assert_eq!(encoded(Some(anna)), by_anna);
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
