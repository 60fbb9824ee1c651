//! CONFIRM.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::book::{BookingPlace, write_booking};
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::hold::HoldId;
use crate::limits::BOOKING_TICKETS_MAX;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::text::Text;
use crate::ticket::TicketId;

/// Buys the tickets of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm<'a> {
    /// The hold.
    pub hold: HoldId,
    /// The number of tickets, 1 to [`BOOKING_TICKETS_MAX`]; without one, all that are held.
    pub count: Option<u32>,
    /// Whom the tickets are for; without a name, whom the hold is for.
    pub attendee: Option<Text<'a>>,
}

impl<'a> Command<'a> for Confirm<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "CONFIRM <hold-id> [<n>] [for=<name>] [key=<key>]",
        help: "buys the tickets of a hold, or n of them and gives the others back",
        topic: Topic::Tickets,
        needs: Needs::Role(Role::Seller),
        example: "CONFIRM 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee for=\"Ada Lovelace\"",
    }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let hold = args.next_value("hold-id")?;
        let count = if args.has_next()? { Some(args.next_number("n", BOOKING_TICKETS_MAX)?) } else { None };
        Ok(Self { hold, count, attendee: args.option_text("for")? })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.hold);
        if let Some(count) = &self.count {
            line.argument(count);
        }
        line.option("for", self.attendee.as_ref());
    }
}

/// The reply to CONFIRM: that of BOOK, and the hold before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmReply<'a> {
    /// The hold.
    pub hold_id: HoldId,
    /// The event.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// The tickets that were sold.
    pub tickets: Vec<TicketId>,
    /// Tickets of the event that are left.
    pub available_tickets: u32,
}

/// Appends a [`ConfirmReply`] as an `OK` line. `tickets` are the bytes of the ticket ids; without any,
/// nothing is appended.
pub fn write_confirm_reply(
    out: &mut Vec<u8>,
    hold: HoldId,
    event_id: &str,
    tickets: &[[u8; 16]],
    available_tickets: u32,
) {
    write_booking(out, BookingPlace::Confirmed(hold), event_id, tickets, available_tickets);
}
