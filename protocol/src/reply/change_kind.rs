//! The kinds of changes that `CHANGE` lines tell.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The list of kinds.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident => $word:literal,)*) => {
        /// What a `CHANGE` line is about. A later version may have more.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ChangeKind {
            $($(#[$doc])* $kind,)*
        }

        impl ChangeKind {
            /// All kinds, in the order of `protocol.md`.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The word as written on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }
        }
    };
}

kinds! {
    /// An event was created.
    EventCreated => "event_created",
    /// An event was updated.
    EventUpdated => "event_updated",
    /// An event was deleted with its tickets and holds.
    EventDeleted => "event_deleted",
    /// Tickets were booked.
    TicketsBooked => "tickets_booked",
    /// Tickets were cancelled.
    TicketsCancelled => "tickets_cancelled",
    /// A ticket was checked in, or that was undone.
    TicketCheckedIn => "ticket_checked_in",
    /// Tickets were put aside.
    HoldMade => "hold_made",
    /// A hold got another deadline.
    HoldExtended => "hold_extended",
    /// A hold ended with tickets.
    HoldConfirmed => "hold_confirmed",
    /// A hold was released.
    HoldReleased => "hold_released",
    /// Holds of an event reached their deadlines.
    HoldExpired => "hold_expired",
    /// A block was made.
    BlockMade => "block_made",
    /// A meeting was made.
    MeetingMade => "meeting_made",
    /// A block or meeting was deleted.
    EntryDeleted => "entry_deleted",
    /// A block or meeting was replaced by PUT.
    EntryMoved => "entry_moved",
    /// Nothing up to here is still to come.
    Progress => "progress",
    /// The watcher did not keep up, and lacks what follows.
    Gap => "gap",
}

/// The word is not one of [`ChangeKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a kind of change that this version knows")]
pub struct ChangeKindError;

impl FromStr for ChangeKind {
    type Err = ChangeKindError;

    fn from_str(word: &str) -> Result<Self, ChangeKindError> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word).ok_or(ChangeKindError)
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
