//! A turn of a connection.

use super::service::Service;
use crate::commands::buffers::Share;
use crate::commands::turn_budget::TurnBudget;
use crate::state::Context;
use crate::state::ticket_ids::TicketIdGenerator;

/// What the requests of a turn share. The replies may be sent when the commit that they depend on is durable.
#[derive(Debug, Default)]
pub struct Turn {
    pub context: Context,
    /// Reply lines.
    pub replies: Vec<u8>,
    /// Its commands are not in [`super::Counters::commands`] yet.
    pub budget: TurnBudget,
    /// A share that was waited for, until the reply that needs it takes it.
    pub share: Option<Share>,
    /// The share of a large reply in `replies`.
    pub large_reply_share: Option<Share>,
    pub(super) ticket_ids: TicketIdGenerator,
}

impl Turn {
    /// A share of at least `bytes`: the one that was waited for, if it is large enough, or else one that is
    /// free.
    pub(super) fn share(&mut self, service: &Service, bytes: usize) -> Option<Share> {
        take_share(&mut self.share, service, bytes)
    }
}

/// As [`Turn::share`], with the share that was waited for.
pub(super) fn take_share(waited_for: &mut Option<Share>, service: &Service, bytes: usize) -> Option<Share> {
    let waited_for = waited_for.take().filter(|share| share.bytes() >= bytes);
    waited_for.or_else(|| service.buffers.try_reply(bytes))
}
