//! `bookline week`: a week of a person as a grid.

use bookline_protocol::commands::get::DayReply;
use bookline_protocol::{Date, Id, quote};

use crate::calendar::calendar_date::{CalendarDate, week_of};
use crate::calendar::days::{
    GridPage, ServerDay, ask_for_days, invalid, parse_date, parse_days, parse_person,
};
use crate::error::Error;
use crate::net::requester::Requester;
use crate::printer::Printer;
use crate::render::grid::Grid;
use crate::render::meeting_list::MeetingList;

const USAGE: &str = "week <who> [<date>]";

/// Shows the week from Monday to Sunday that has the date, else that of the server's today. Where replies are
/// not shown as tables, these are the days as GET lists them.
///
/// # Errors
///
/// The arguments are invalid, the server refuses, or there is no reply.
pub async fn run(
    requester: &mut Requester<'_>,
    arguments: &[&str],
    printer: &mut Printer,
) -> Result<(), Error> {
    let (who, date) = match arguments {
        [who] => (who, CalendarDate::TODAY),
        [who, date] => (who, parse_date(date, USAGE)?),
        _ => return Err(invalid("it shows the week of one person", USAGE)),
    };
    let who = parse_person(who, USAGE)?;
    let server = ServerDay::ask(requester).await?;
    let week = week_of(date.on(server.today));
    let [first, last] = [week[0], week[week.len() - 1]].map(|day| day.iso().to_string());
    let request = format!("GET {} {first} {last}", quote(who.as_str()));
    let Some(days) = ask_for_days(requester, &[request], printer).await? else { return Ok(()) };
    page(&who, &week, &parse_days(&days), &server.zone).print(printer)
}

/// The week with those of its days that have anything.
fn page(who: &Id<'_>, week: &[Date], days: &[DayReply<'_>], zone: &str) -> GridPage {
    let mut grid = Grid::default();
    for &date in week {
        let label = format!("{} {}", date.naive().format("%a"), date.iso());
        grid.add(&label, days.iter().find(|day| day.date == date));
    }
    let dates = format!("{} to {},", week[0].iso(), week[week.len() - 1].iso());
    let title = vec![format!("{},", who.as_str()), dates, zone.to_owned()];
    GridPage { title, grid, meetings: MeetingList::of(days), day: None }
}
