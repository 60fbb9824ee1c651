//! EXTEND. Its reply is a [`super::hold::HoldReply`].

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::hold::HoldId;
use crate::limits::HOLD_SECONDS_MAX;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::role::Role;

/// Moves the deadline of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extend {
    /// The hold.
    pub hold: HoldId,
    /// The seconds from now until the hold expires, 1 to [`HOLD_SECONDS_MAX`].
    pub seconds: u32,
}

impl Command<'_> for Extend {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "EXTEND <hold-id> <seconds> [key=<key>]",
        help: "lets a hold expire that many seconds from now, sooner or later than before",
        topic: Topic::Tickets,
        needs: Needs::Role(Role::Seller),
        example: "EXTEND 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee 600",
    }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            hold: args.next_value("hold-id")?,
            seconds: args.next_number("seconds", HOLD_SECONDS_MAX)?,
        })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.hold);
        line.argument(&self.seconds);
    }
}
