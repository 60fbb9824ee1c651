//! Changes: each is one decided modification of a record, or of several days, as the journal holds it.
//!
//! A module holds all there is of one kind of change: its encoding, the record that it is about, the check
//! of what is read from a disk, how it is applied, what compaction makes of it and of the changes before it,
//! and the lines that tell it to watchers and in `dump`. A new kind is a module and a line in the list below.
//!
//! A change is encoded as a header of 4 bytes, the type in the lowest and the length of the body in the
//! three others, and the body that its module describes. Numbers are in little-endian order. A string is its
//! length in bytes (u16; u32 for the group of a meeting and for a reply) and its UTF-8. A type that this
//! version does not know is refused. A kind whose body changes gets another type, and the earlier ones are
//! still read.
//!
//! Every kind that a journal gets today can be told from the log alone, without the state of its time. Kinds
//! of earlier versions cannot: the tickets of an event and the end of an entry of version 0.1.0, and the
//! changes of holds and tickets without counts. They are read as before.

mod account_added;
mod account_dropped;
mod account_set;
mod account_values;
mod actor;
mod attendee;
mod block_taken;
pub mod commit;
mod compaction;
mod earlier;
mod encoded_entry;
mod entries_created;
mod entries_ended;
mod entries_moved;
mod entry_ended;
mod entry_freed;
mod entry_lines;
mod entry_list;
mod entry_people;
mod entry_texts;
mod event_added;
mod event_after;
mod event_created;
mod event_deleted;
mod event_key;
mod event_updated;
mod event_values;
mod hold_confirmed;
mod hold_created;
mod hold_extended;
mod hold_extended_uncounted;
mod hold_fields;
mod hold_kept;
mod holds_ended;
mod holds_ended_uncounted;
mod holds_forgotten;
mod invalid;
mod key_kept;
mod key_used;
mod keys_forgotten;
mod kind;
mod line;
mod listener;
mod meeting_taken;
mod moves;
mod occurrence;
mod origin;
mod record;
mod target;
mod tell;
mod ticket_checked_in;
mod ticket_checked_in_uncounted;
mod tickets_booked;
mod tickets_cancelled;
mod tickets_issued;
mod tickets_kept;
mod used_key;

#[cfg(test)]
mod tests;

pub use account_added::AccountAdded;
pub use account_dropped::AccountDropped;
pub use account_set::AccountSet;
pub use block_taken::BlockTaken;
pub use compaction::{Compaction, TicketStates};
pub use earlier::Earlier;
pub use encoded_entry::{EncodedEntry, decode_entry, encode_entry};
pub use entries_created::EntriesCreated;
pub use entries_ended::EntriesEnded;
pub use entries_moved::EntriesMoved;
pub use entry_ended::EntryEnded;
pub use entry_freed::EntryFreed;
pub use entry_people::EntryPeople;
pub use entry_texts::EntryTexts;
pub use event_added::EventAdded;
pub use event_after::EventAfter;
pub use event_created::EventCreated;
pub use event_deleted::EventDeleted;
pub use event_updated::EventUpdated;
pub use hold_confirmed::HoldConfirmed;
pub use hold_created::HoldCreated;
pub use hold_extended::HoldExtended;
pub use hold_extended_uncounted::HoldExtendedUncounted;
pub use hold_kept::HoldKept;
pub use holds_ended::{HOLDS_ENDED_MAX, HoldsEnded};
pub use holds_ended_uncounted::HoldsEndedUncounted;
pub use holds_forgotten::HoldsForgotten;
pub use invalid::{IdKind, InvalidChange};
pub use key_kept::KeyKept;
pub use key_used::KeyUsed;
pub use keys_forgotten::KeysForgotten;
pub use line::{Line, write_by};
pub use listener::{Listener, TellError};
pub use meeting_taken::MeetingTaken;
pub use occurrence::{EncodedOccurrence, decode_occurrence, encode_occurrence};
pub use origin::Origin;
pub use record::Record;
pub use target::Target;
pub use ticket_checked_in::TicketCheckedIn;
pub use ticket_checked_in_uncounted::TicketCheckedInUncounted;
pub use tickets_booked::TicketsBooked;
pub use tickets_cancelled::TicketsCancelled;
pub use tickets_issued::TicketsIssued;
pub use tickets_kept::{KEPT_TICKET_BYTES, TICKETS_KEPT_BYTES_MAX, TicketsKept};
pub use used_key::UsedKey;

use entry_list::Existing;
use kind::Kind;

use crate::codec::fields::Fields;
use crate::codec::{DecodeError, Sequence};
use crate::domain::Contradiction;

/// The list of kinds: the types on disk, and the kind. The last type is written, and those before it, which
/// earlier versions wrote, are read. Types are never used again.
macro_rules! changes {
    ($($($number:literal)|+ => $kind:ident($body:ty),)*) => {
        /// One decided modification of one record, or of the calendars of several days. It contains all that
        /// applying it needs: replay reads no clock, draws no random numbers and decides nothing. The number
        /// of an event or account that a change creates is the sequence number of its commit, and those of
        /// entries begin with it, so a commit has at most one change that creates or moves something.
        /// Likewise a commit uses at most one key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Change<'a> {
            $($kind($body),)*
        }

        $(impl<'a> From<$body> for Change<'a> {
            #[inline]
            fn from(change: $body) -> Self {
                Self::$kind(change)
            }
        })*

        impl<'a> Change<'a> {
            /// The types of all kinds, as they are written to disk.
            pub const TYPES: &'static [u8] = &[$(last(&[$($number),+]),)*];

            /// The newest of them. A version that knows it knows all before it.
            pub const TYPE_MAX: u8 = max(Self::TYPES);

            /// Its type, as it is written.
            #[inline]
            pub fn type_on_disk(&self) -> u8 {
                match self { $(Self::$kind(_) => const { last(&[$($number),+]) },)* }
            }

            /// The bytes of its encoding.
            #[inline]
            pub fn encoded_len(&self) -> usize {
                CHANGE_HEADER_BYTES + match self { $(Self::$kind(change) => change.body_bytes(),)* }
            }

            /// Appends its encoding to `out`.
            #[inline]
            pub fn encode(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$kind(change) => {
                        put_header(out, const { last(&[$($number),+]) }, change.body_bytes());
                        change.encode_body(out);
                    })*
                }
            }

            fn decode_body(type_on_disk: u8, body: &mut Fields<'a>) -> Result<Self, DecodeError> {
                match known(type_on_disk) {
                    $($($number)|+ => <$body>::decode_body(body, type_on_disk).map(Self::$kind),)*
                    unknown => Err(DecodeError::UnknownChange(unknown)),
                }
            }

            /// The record that it is about, if it is one and selects a shard.
            pub fn record(&self) -> Option<Record> {
                match self { $(Self::$kind(change) => change.record(),)* }
            }

            /// Checks that the rules can have decided this change. `number` is that of the event, entry,
            /// account or key, which is the sequence number of the commit that creates or uses it.
            ///
            /// # Errors
            ///
            /// [`InvalidChange`] for the first value that the rules never decide.
            pub fn check(&self, number: u64) -> Result<(), InvalidChange> {
                match self { $(Self::$kind(change) => change.check(number),)* }
            }

            /// The number of the event, entry or account that it modifies, if an earlier commit created that.
            fn modifies(&self) -> Option<u64> {
                match self { $(Self::$kind(change) => change.modifies(),)* }
            }

            /// The number of the event, entry or account that it creates or modifies, or of the key that it
            /// uses, in the commit with this sequence number.
            pub fn number(&self, commit: Sequence) -> u64 {
                self.modifies().unwrap_or(commit.0)
            }

            /// Applies it to the state. Live and in replay, nothing else modifies the state.
            ///
            /// # Errors
            ///
            /// [`Contradiction`] if it does not fit the state.
            pub fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
                match self { $(Self::$kind(change) => change.apply(origin, target),)* }
            }

            /// What compaction makes of it.
            pub fn compaction(&self, origin: Origin) -> Compaction<'a> {
                match self { $(Self::$kind(change) => change.compaction(origin),)* }
            }

            /// Tells `earlier` what it makes of what earlier changes have created. `at` is the time of its
            /// commit, in microseconds since 1970 (UTC).
            pub fn supersede(&self, at: i64, earlier: &mut impl Earlier) {
                match self { $(Self::$kind(change) => change.supersede(at, earlier),)* }
            }

            fn existing(&self) -> Option<Existing<'a>> {
                match self { $(Self::$kind(change) => change.existing(),)* }
            }

            /// Tells the lines of it alone. Moves are told together with the ends of the entries, by
            /// [`commit::Commit::tell`].
            ///
            /// # Errors
            ///
            /// [`TellError`]
            pub fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
                match self { $(Self::$kind(change) => change.tell(origin, listener),)* }
            }
        }
    };
}

changes! {
    1 => EventCreated(EventCreated<'a>),
    2 => TicketsIssued(TicketsIssued<'a>),
    3 => BlockTaken(BlockTaken<'a>),
    4 => MeetingTaken(MeetingTaken<'a>),
    5 => EntryFreed(EntryFreed),
    6 | 10 => TicketsBooked(TicketsBooked<'a>),
    7 => EntryEnded(EntryEnded<'a>),
    8 => EventAdded(EventAdded<'a>),
    9 | 11 => EventUpdated(EventUpdated<'a>),
    12 => TicketsKept(TicketsKept<'a>),
    13 => TicketsCancelled(TicketsCancelled<'a>),
    14 | 25 => TicketCheckedInUncounted(TicketCheckedInUncounted<'a>),
    15 => HoldCreated(HoldCreated<'a>),
    16 => HoldKept(HoldKept<'a>),
    17 => HoldConfirmed(HoldConfirmed<'a>),
    18 => HoldExtendedUncounted(HoldExtendedUncounted<'a>),
    19 => HoldsEndedUncounted(HoldsEndedUncounted<'a>),
    20 => HoldsForgotten(HoldsForgotten<'a>),
    21 => EventDeleted(EventDeleted<'a>),
    22 => KeyUsed(KeyUsed<'a>),
    23 => KeyKept(KeyKept<'a>),
    24 => KeysForgotten(KeysForgotten),
    26 => EntriesCreated(EntriesCreated<'a>),
    27 => EntriesEnded(EntriesEnded<'a>),
    28 => TicketCheckedIn(TicketCheckedIn<'a>),
    29 => HoldExtended(HoldExtended<'a>),
    30 => HoldsEnded(HoldsEnded<'a>),
    31 => EntriesMoved(EntriesMoved<'a>),
    32 => AccountAdded(AccountAdded<'a>),
    33 => AccountSet(AccountSet<'a>),
    34 => AccountDropped(AccountDropped<'a>),
}

/// The type that a newer version writes for one kind, in tests of upgrades.
const NEWER: u8 = 250;

/// That kind, by its type: the deletion of an event, which nothing else needs.
const MADE_NEWER: u8 = 21;

/// The last of the types of a kind.
const fn last(types: &[u8]) -> u8 {
    let last = types[types.len() - 1];
    if cfg!(feature = "newer-change") && last == MADE_NEWER { NEWER } else { last }
}

/// The type of the list for one that is read.
fn known(type_on_disk: u8) -> u8 {
    if cfg!(feature = "newer-change") && type_on_disk == NEWER { MADE_NEWER } else { type_on_disk }
}

/// The highest of these types.
const fn max(types: &[u8]) -> u8 {
    let (mut max, mut index) = (0, 0);
    while index < types.len() {
        if types[index] > max {
            max = types[index];
        }
        index += 1;
    }
    max
}

/// The length of the header of a change, in bytes.
pub const CHANGE_HEADER_BYTES: usize = 4;

/// Appends the header of a change: its type, and the length of its body.
#[inline]
fn put_header(out: &mut Vec<u8>, type_on_disk: u8, body_bytes: usize) {
    let length = u32::try_from(body_bytes).expect("a change is bounded by the protocol's limits");
    out.extend_from_slice(&(u32::from(type_on_disk) | length << 8).to_le_bytes());
}

impl<'a> Change<'a> {
    /// Decodes the next change.
    fn decode(fields: &mut Fields<'a>) -> Result<Self, DecodeError> {
        let header = fields.u32()?;
        let mut body = Fields::new(fields.take((header >> 8) as usize)?);
        let change = Self::decode_body(header as u8, &mut body)?;
        if body.rest().is_empty() { Ok(change) } else { Err(DecodeError::Malformed) }
    }

    /// Decodes the first change of `bytes`, and returns it with the rest of `bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when `bytes` does not begin with a change that this version knows.
    pub fn split(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let mut fields = Fields::new(bytes);
        let change = Self::decode(&mut fields)?;
        Ok((change, fields.rest()))
    }

    /// Checks that the rules can have decided this change in the commit with this sequence number.
    ///
    /// # Errors
    ///
    /// [`InvalidChange`], also if it modifies what only this commit or a later one can have created.
    pub fn check_in_commit(&self, commit: u64) -> Result<(), InvalidChange> {
        match self.modifies() {
            Some(number) if !(1..commit).contains(&number) => {
                Err(InvalidChange::NotOlderThanCommit { commit, number })
            }
            _ => self.check(commit),
        }
    }
}
