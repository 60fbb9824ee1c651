//! A turn of a connection.

use super::reply_shares::ReplyShares;
use super::turn_budget::TurnBudget;
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
    pub shares: ReplyShares,
    pub(super) ticket_ids: TicketIdGenerator,
    /// The line of a request with a key, to compute its hash.
    pub(super) line: Vec<u8>,
}
