//! What a week and a day have in common: they ask for days, and draw them.

use bookline_protocol::commands::get::DayReply;
use bookline_protocol::{Date, Id};

use crate::calendar::calendar_date::CalendarDate;
use crate::error::Error;
use crate::net::connection::parse_hello_of_account;
use crate::net::requester::{FinalLine, Requester};
use crate::printer::{Layout, Printer};
use crate::render::grid::Grid;
use crate::render::layout::fill;
use crate::render::listing::Listing;
use crate::render::meeting_list::MeetingList;
use crate::render::page::Page;
use crate::render::text::{printable, quoted};
use crate::screen::{Role, Screen};

/// An argument that the command does not take.
pub fn invalid(problem: impl Into<String>, usage: &'static str) -> Error {
    Error::Arguments { problem: problem.into(), usage }
}

pub fn parse_date(text: &str, usage: &'static str) -> Result<CalendarDate, Error> {
    let problem =
        |error| format!("date {} {error}; there are also today, tomorrow and days of the week", quoted(text));
    CalendarDate::parse(text).map_err(|error| invalid(problem(error), usage))
}

pub fn parse_person<'a>(text: &'a str, usage: &'static str) -> Result<Id<'a>, Error> {
    Id::new(text).map_err(|error| invalid(format!("person {} {error}", quoted(text)), usage))
}

/// The server's today, and its time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerDay {
    pub today: Date,
    pub zone: String,
}

impl ServerDay {
    /// # Errors
    ///
    /// There is no reply, or it makes no sense.
    pub async fn ask(requester: &mut Requester<'_>) -> Result<Self, Error> {
        let hello = granted(requester.request("HELLO").await?.last)?;
        let unknown = || Error::UnknownRow { row: hello.clone() };
        let parsed = parse_hello_of_account(&hello, requester.address())?;
        // As in 2026-11-22T12:00:00+01:00.
        let today = parsed.now.split('T').next().and_then(Date::parse).ok_or_else(unknown)?;
        Ok(Self { today, zone: parsed.time_zone.to_string() })
    }
}

/// Makes requests for days one after the other. Returns the objects of the days, or none if the printer shows
/// replies as they are: then they are printed.
///
/// # Errors
///
/// A request is refused, or has no reply.
pub async fn ask_for_days(
    requester: &mut Requester<'_>,
    requests: &[String],
    printer: &mut Printer,
) -> Result<Option<Vec<String>>, Error> {
    let is_drawn = printer.layout() == Layout::Table;
    let mut days = Vec::new();
    printer.begin_exchange();
    for request in requests {
        let reply = requester.request(request).await?;
        let last = granted(reply.last)?;
        if is_drawn {
            days.extend(reply.rows);
            days.push(last);
            continue;
        }
        printer.expect(Some(Listing::Days));
        for row in reply.rows {
            printer.print_line(format!("ROW {row}").as_bytes())?;
        }
        printer.print_line(format!("OK {last}").as_bytes())?;
    }
    printer.flush()?;
    Ok(is_drawn.then_some(days))
}

/// The object of an `OK`.
fn granted(last: FinalLine) -> Result<String, Error> {
    match last {
        FinalLine::Ok(body) => Ok(body),
        FinalLine::Err { sentence, .. } => Err(Error::Refused { sentence }),
    }
}

/// Those of the objects that are days: the last one of a listing is none.
pub fn parse_days(bodies: &[String]) -> Vec<DayReply<'_>> {
    bodies.iter().filter_map(|body| serde_json::from_str(body).ok()).collect()
}

/// A grid with what stands above and below it.
#[derive(Debug)]
pub struct GridPage {
    /// The words above it.
    pub title: Vec<String>,
    pub grid: Grid,
    pub meetings: MeetingList,
    /// The day of the grid, if it is one: its date is not repeated with the meetings.
    pub day: Option<Date>,
}

impl GridPage {
    pub fn print(&self, printer: &mut Printer) -> Result<(), Error> {
        let page = Page::of(printer.screen()).or_width(Page::COLUMNS_DEFAULT);
        printer.print_text(&self.lines(printer.screen(), &page).join("\n"))?;
        printer.flush()
    }

    fn lines(&self, screen: Screen, page: &Page) -> Vec<String> {
        let title = fill(&printable(&self.title.join(" ")), page);
        let mut lines: Vec<_> =
            title.lines().map(|line| page.paint(Role::Heading, line).into_owned()).collect();
        lines.extend(self.grid.lines(screen, page.width().unwrap_or(Page::COLUMNS_DEFAULT)));
        let meetings = self.meetings.lines(self.day, page);
        if !meetings.is_empty() {
            lines.push(String::new());
            lines.extend(meetings);
        }
        lines
    }
}
