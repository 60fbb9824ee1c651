//! RELEASE.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::hold::HoldId;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::role::Role;

/// Ends a hold and gives its tickets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The hold.
    pub hold: HoldId,
}

impl Command<'_> for Release {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "RELEASE <hold-id> [key=<key>]",
        help: "ends a hold, so that its tickets are on sale again",
        topic: Topic::Tickets,
        needs: Needs::Role(Role::Seller),
        example: "RELEASE 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
    }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self { hold: args.next_value("hold-id")? })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.hold);
    }
}

/// The reply to RELEASE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseReply<'a> {
    /// The hold.
    pub hold_id: HoldId,
    /// The event.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// The number of tickets that were held.
    pub released: u32,
    /// Tickets of the event that are left.
    pub available_tickets: u32,
}
