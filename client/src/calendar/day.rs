//! `bookline day`: a day of several people as a grid.

use bookline_protocol::commands::get::DayReply;
use bookline_protocol::{Date, Group, quote};

use crate::calendar::days::{GridPage, ServerDay, ask_for_days, invalid, parse_date, parse_days};
use crate::error::Error;
use crate::net::requester::Requester;
use crate::printer::Printer;
use crate::render::grid::Grid;
use crate::render::meeting_list::MeetingList;
use crate::render::text::quoted;

const USAGE: &str = "day <date> <who>,<who>";

/// Shows a day of people, whose ids have commas between them. Where replies are not shown as tables, these
/// are the days as GET shows them.
///
/// # Errors
///
/// The arguments are invalid, the server refuses, or there is no reply.
pub async fn run(
    requester: &mut Requester<'_>,
    arguments: &[&str],
    printer: &mut Printer,
) -> Result<(), Error> {
    let [date, people] = arguments else { return Err(invalid("it shows one day of people", USAGE)) };
    let date = parse_date(date, USAGE)?;
    let invalid_people = |error| invalid(format!("people {} {error}", quoted(people)), USAGE);
    let people = Group::new(*people).map_err(invalid_people)?;
    let server = ServerDay::ask(requester).await?;
    let date = date.on(server.today);
    let request = |who| format!("GET {} {}", quote(who), date.iso());
    let requests: Vec<_> = people.iter().map(request).collect();
    let Some(days) = ask_for_days(requester, &requests, printer).await? else { return Ok(()) };
    page(&people, date, &parse_days(&days), &server.zone).print(printer)
}

fn page(people: &Group<'_>, date: Date, days: &[DayReply<'_>], zone: &str) -> GridPage {
    let mut grid = Grid::default();
    for who in people.iter() {
        grid.add(who, days.iter().find(|day| day.name == who));
    }
    let title = vec![format!("{} {},", date.naive().format("%a"), date.iso()), zone.to_owned()];
    GridPage { title, grid, meetings: MeetingList::of(days), day: Some(date) }
}
