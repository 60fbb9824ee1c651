//! What the requests of a turn share.

use super::service::Service;
use crate::commands::buffers::Share;
use crate::commands::turn_budget::TurnBudget;
use crate::state::DependsOn;
use crate::state::ticket_ids::TicketIdGenerator;

/// The reply buffer of a connection and its context. The replies may be sent when the commit that they depend
/// on is durable.
#[derive(Debug, Default)]
pub struct TurnContext {
    /// Reply lines.
    pub replies: Vec<u8>,
    pub depends_on: DependsOn,
    /// When the turn began, in microseconds since 1970: the time of its commits.
    pub micros: i64,
    /// Its commands are not in [`super::Counters::commands`] yet.
    pub budget: TurnBudget,
    /// A share that was waited for, until the reply that needs it takes it.
    pub share: Option<Share>,
    /// The share of a large reply in `replies`.
    pub large_reply_share: Option<Share>,
    pub(super) ticket_ids: TicketIdGenerator,
}

impl TurnContext {
    /// A share of at least `bytes`: the one that was waited for, if it is large enough, or else one that is
    /// free.
    pub(super) fn share(&mut self, service: &Service, bytes: usize) -> Option<Share> {
        let waited_for = self.share.take().filter(|share| share.bytes() >= bytes);
        waited_for.or_else(|| service.buffers.try_reply(bytes))
    }
}
