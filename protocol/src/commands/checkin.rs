//! CHECKIN. Its reply is a [`super::ticket::TicketReply`].

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::ticket::TicketId;

/// Records that the holder of a ticket was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkin {
    /// The ticket.
    pub ticket: TicketId,
    /// Take back a check-in instead.
    pub undo: bool,
}

impl Command<'_> for Checkin {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "CHECKIN <ticket-id> [undo=yes] [key=<key>]",
        help: "lets the holder of a ticket in, once; undo=yes takes a mistaken scan back",
        topic: Topic::Tickets,
        needs: Needs::Role(Role::Door),
        example: "CHECKIN 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
    }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self { ticket: args.next_value("ticket-id")?, undo: args.option_flag("undo", "yes")? })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.ticket);
        line.option_flag("undo", "yes", self.undo);
    }
}
