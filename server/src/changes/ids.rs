//! The ids of tickets and holds, as changes hold them: UUIDs of 16 bytes, which begin with the tag of their
//! event.

use bookline_protocol::TicketId;
use uuid::Uuid;

use super::invalid::InvalidChange;
use crate::domain::EventKey;

/// What an id is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    Ticket,
    Hold,
}

impl IdKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Hold => "hold",
        }
    }

    /// Checks that a change of `event` names 1 to `count_max` of them, and that each begins with the tag of
    /// the event.
    pub(super) fn check(
        self,
        event: EventKey,
        ids: &[[u8; 16]],
        count_max: usize,
    ) -> Result<(), InvalidChange> {
        let (number, tag) = (event.number.0, event.tag);
        if !(1..=count_max).contains(&ids.len()) {
            return Err(InvalidChange::IdCount { number, kind: self, count: ids.len(), count_max });
        }
        let other = ids.iter().map(|id| TicketId(*id).tag()).find(|&found| found != tag);
        other.map_or(Ok(()), |found| Err(InvalidChange::IdTag { number, tag, kind: self, found }))
    }
}

pub(super) fn id_text(id: &[u8; 16]) -> String {
    Uuid::from_bytes(*id).to_string()
}

pub(super) fn id_texts(ids: &[[u8; 16]]) -> Vec<String> {
    ids.iter().map(id_text).collect()
}
