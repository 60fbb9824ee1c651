//! CREATE. Its reply is a [`crate::reply::EventReply`].

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
use crate::sale_terms::{MaxPerBooking, SaleTerms, Sales};
use crate::text::Text;

/// Creates an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create<'a> {
    /// The name.
    pub name: Text<'a>,
    /// The date, which may be in the past.
    pub date: Date,
    /// The number of tickets, 1 to [`EVENT_TICKETS_MAX`].
    pub tickets: u32,
    /// The id. Without one the server generates a UUID.
    pub id: Option<Id<'a>>,
    /// The terms of the sale. Tickets are on sale unless the request says otherwise.
    pub terms: SaleTerms,
}

impl<'a> Command<'a> for Create<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "CREATE <name> <date> <tickets> [id=<id>] [sales=open|closed] [max_per_booking=<n>|none] [key=<key>]",
        help: "creates an event with that many tickets; its id is generated unless given",
        topic: Topic::Tickets,
        needs: Needs::Role(Role::Organizer),
        example: "CREATE \"Rust Conf\" 2027-05-14 300 id=rustconf",
    }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        Ok(Self {
            name: args.next_text("name")?,
            date: args.next_date()?,
            tickets: args.next_number("tickets", EVENT_TICKETS_MAX)?,
            id: args.option_id("id")?,
            terms: SaleTerms {
                sales: args.option_value("sales")?.unwrap_or_default(),
                max_per_booking: args.option_value("max_per_booking")?.unwrap_or_default(),
            },
        })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.name);
        line.argument(&self.date);
        line.argument(&self.tickets);
        line.option("id", self.id.as_ref());
        line.option_unless_default("sales", &self.terms.sales, &Sales::default());
        line.option_unless_default("max_per_booking", &self.terms.max_per_booking, &MaxPerBooking::default());
    }
}
