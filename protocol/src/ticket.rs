//! Tickets: their ids and their status.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::tagged_id::{TAGGED_ID_CHARS, impl_tagged_id};

/// Characters of a ticket id as written, hyphens included.
pub const TICKET_ID_CHARS: usize = TAGGED_ID_CHARS;

/// The id of a ticket: a UUID of version 8. Its first 16 bits are the tag of its event
/// ([`crate::event_tag`]), and its other free bits are random.
///
/// Whoever knows the id holds the ticket, so it must not be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct TicketId(pub [u8; 16]);

/// The text is not a ticket id. The message continues a sentence that begins with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "is not a ticket id: write it as BOOK gave it, 36 characters as in 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"
)]
pub struct TicketIdError;

impl_tagged_id!(TicketId, TicketIdError);

/// Appends ids as a JSON array of strings.
pub(crate) fn write_ticket_ids(out: &mut Vec<u8>, tickets: &[TicketId]) {
    out.push(b'[');
    for (index, ticket) in tickets.iter().enumerate() {
        out.extend_from_slice(if index > 0 { b",\"" } else { b"\"" });
        ticket.write(out);
        out.push(b'"');
    }
    out.push(b']');
}

/// The status of a ticket that was sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    /// It is valid, and was not used yet.
    Booked,
    /// It is valid, and its holder was let in.
    CheckedIn,
    /// It is not valid any more, and its place is on sale again.
    Cancelled,
}

impl TicketStatus {
    const ALL: [Self; 3] = [Self::Booked, Self::CheckedIn, Self::Cancelled];

    /// The status as written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::CheckedIn => "checked_in",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The tickets that a listing has, by their status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusFilter {
    /// Those that are valid: booked or checked in.
    #[default]
    Valid,
    /// Those with this status.
    Only(TicketStatus),
    /// All.
    All,
}

/// The word is neither a status nor `all`. The message continues a sentence that begins with the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a status of tickets: write booked, checked_in, cancelled or all")]
pub struct StatusFilterError;

impl StatusFilter {
    /// The filter as written on the wire, except the default, which has no word.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Valid => None,
            Self::Only(status) => Some(status.as_str()),
            Self::All => Some("all"),
        }
    }

    /// Whether the listing has a ticket with this status.
    #[inline]
    pub fn accepts(self, status: TicketStatus) -> bool {
        match self {
            Self::Valid => matches!(status, TicketStatus::Booked | TicketStatus::CheckedIn),
            Self::Only(only) => status == only,
            Self::All => true,
        }
    }
}

impl FromStr for StatusFilter {
    type Err = StatusFilterError;

    fn from_str(word: &str) -> Result<Self, StatusFilterError> {
        if word == "all" {
            return Ok(Self::All);
        }
        let status = TicketStatus::ALL.into_iter().find(|status| status.as_str() == word);
        status.map(Self::Only).ok_or(StatusFilterError)
    }
}
