//! TICKET.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::CommandForm;
use crate::refusal::Refusal;
use crate::ticket::TicketId;

/// Looks up the event of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The ticket.
    pub ticket: TicketId,
}

impl Command<'_> for Ticket {
    const FORMS: &'static [CommandForm] =
        &[CommandForm { usage: "TICKET <ticket-id>", help: "says which event a ticket is for" }];

    fn parse(args: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self { ticket: args.next_value("ticket-id")? })
    }
}

/// The reply to TICKET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketReply<'a> {
    /// The ticket.
    pub ticket: TicketId,
    /// The event of the ticket.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
}
