//! The answer of a connection's turn.

use super::service::Service;
use crate::commands::buffers::Share;
use crate::commands::turn::Turn;
use crate::state::DependsOn;
use crate::state::ticket_ids::TicketIdGenerator;

/// The answer that is being written. It may go out when what was `seen` is durable.
#[derive(Debug, Default)]
pub struct Answer {
    /// Reply lines.
    pub out: Vec<u8>,
    /// What they depend on.
    pub seen: DependsOn,
    /// When the turn began, in microseconds since 1970: the time of its commits.
    pub micros: i64,
    /// The turn. Its commands are not in [`super::Counters::commands`] yet.
    pub turn: Turn,
    /// The share of the common buffers that was waited for, until what it is for takes it.
    pub share: Option<Share>,
    /// The share of a long reply that is in `out`.
    pub long: Option<Share>,
    /// Where the tickets of its bookings come from.
    pub(super) ticket_ids: TicketIdGenerator,
}

impl Answer {
    /// A share of so many bytes: the one that was waited for, if it is large enough, or one that is free.
    pub(super) fn share(&mut self, service: &Service, bytes: usize) -> Option<Share> {
        let waited_for = self.share.take().filter(|share| share.bytes() >= bytes);
        waited_for.or_else(|| service.buffers.try_reply(bytes))
    }
}
