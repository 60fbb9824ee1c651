//! UPDATE. Its reply is a [`crate::reply::EventReply`].

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::date::Date;
use crate::id::Id;
use crate::limits::EVENT_TICKETS_MAX;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::sale_terms::{MaxPerBooking, Sales};
use crate::text::Text;

/// Changes an event. At least one of its values is given, and those that are not stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update<'a> {
    /// The event.
    pub event: Id<'a>,
    /// The name.
    pub name: Option<Text<'a>>,
    /// The date, which may be in the past.
    pub date: Option<Date>,
    /// The number of tickets, issued or not, 1 to [`EVENT_TICKETS_MAX`].
    pub tickets: Option<u32>,
    /// Whether tickets are on sale.
    pub sales: Option<Sales>,
    /// The limit of one booking.
    pub max_per_booking: Option<MaxPerBooking>,
}

impl<'a> Command<'a> for Update<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "UPDATE <event-id> [name=<name>] [date=<date>] [tickets=<tickets>] [sales=open|closed] \
                [max_per_booking=<n>|none] [key=<key>]",
        help: "changes an event: its name, its date, its number of tickets, whether they are on sale, and \
               the most that one BOOK may buy",
        topic: Topic::Tickets,
        needs: Needs::Role(Role::Organizer),
        example: "UPDATE rustconf tickets=350 sales=open",
    }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let update = Self {
            event: args.next_id("event-id")?,
            name: args.option_text("name")?,
            date: args.option_value("date")?,
            tickets: args.option_number("tickets", EVENT_TICKETS_MAX)?,
            sales: args.option_value("sales")?,
            max_per_booking: args.option_value("max_per_booking")?,
        };
        if update.is_empty() {
            return Err(Refusal::bad_request(format!("no change is given: write {}", args.usage())));
        }
        Ok(update)
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.event);
        line.option("name", self.name.as_ref());
        line.option("date", self.date.as_ref());
        line.option("tickets", self.tickets.as_ref());
        line.option("sales", self.sales.as_ref());
        line.option("max_per_booking", self.max_per_booking.as_ref());
    }
}

impl Update<'_> {
    fn is_empty(&self) -> bool {
        let Self { event: _, name, date, tickets, sales, max_per_booking } = self;
        name.is_none() && date.is_none() && tickets.is_none() && sales.is_none() && max_per_booking.is_none()
    }
}
