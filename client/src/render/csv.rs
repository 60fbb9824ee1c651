//! Listings as comma-separated values, by RFC 4180: a line with the names of the columns, then a line for
//! each row. Names and values are those of the protocol.

use std::borrow::Cow;
use std::io::{self, Write};

use bookline_protocol::commands::free::FreeRow;
use bookline_protocol::commands::get::DayReply;
use bookline_protocol::commands::help::HelpRow;
use bookline_protocol::commands::hod::HodRow;
use bookline_protocol::commands::tickets::TicketRow;
use bookline_protocol::reply::{CountReply, EntryFields, EventReply};
use bookline_protocol::{Date, Hour};
use csv::{Terminator, WriterBuilder};
use serde::Deserialize;

use crate::render::listing::Listing;
use crate::render::text::printable;

const EVENT_COLUMNS: &[&str] =
    &["id", "name", "date", "total_tickets", "available_tickets", "held_tickets", "sales", "max_per_booking"];

const TICKET_COLUMNS: &[&str] = &["ticket", "status", "at", "for"];

const MEETING_COLUMNS: &[&str] = &["date", "time", "title", "group", "host"];

const TIME_COLUMNS: &[&str] = &["date", "time", "hours"];

const FORM_COLUMNS: &[&str] = &["command", "usage", "help"];

/// A spreadsheet takes a cell for a formula that begins with one of these, in either width.
const FORMULA_STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The names of columns, and rows of as many cells.
#[derive(Debug)]
pub struct CsvTable {
    columns: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// An object that is neither a row of the listing nor a table nor the end of a listing.
#[derive(Debug)]
pub struct NotCsv<'a>(pub &'a str);

/// The object of an `OK` in a reply that can be a table.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OkBody<'a> {
    #[serde(borrow)]
    Event(EventReply<'a>),
    Day(DayReply<'a>),
    Count(CountReply<'a>),
}

/// What an `OK` adds to the rows before it.
#[derive(Debug)]
pub enum End {
    /// A table, because the reply has no rows.
    Table(CsvTable),
    /// Nothing. `next` is the word for `after=`, if there are more rows.
    Listing { next: Option<String> },
}

impl CsvTable {
    /// The table of a listing, with the rows of these objects.
    ///
    /// # Errors
    ///
    /// An object is not a row of the listing.
    pub fn of(listing: Listing, bodies: &[String]) -> Result<Self, NotCsv<'_>> {
        let mut rows = Vec::with_capacity(bodies.len());
        for body in bodies {
            match listing {
                Listing::Events => rows.push(event_row(parse(body)?)),
                Listing::Tickets => rows.push(ticket_row(parse(body)?)),
                Listing::Days => rows.extend(day_rows(&parse(body)?)),
                Listing::Times => rows.push(time_row(&parse(body)?)),
                Listing::Hours => rows.extend(hour_rows(&parse(body)?)),
                Listing::Forms => rows.push(form_row(parse(body)?)),
            }
        }
        let columns = match listing {
            Listing::Events => EVENT_COLUMNS,
            Listing::Tickets => TICKET_COLUMNS,
            Listing::Days | Listing::Hours => MEETING_COLUMNS,
            Listing::Times => TIME_COLUMNS,
            Listing::Forms => FORM_COLUMNS,
        };
        Ok(Self { columns, rows })
    }

    /// Writes the rows, and the names of the columns before them if `with_columns`. For a terminal,
    /// characters that could control it are escaped.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(&self, out: &mut impl Write, with_columns: bool, is_terminal: bool) -> io::Result<()> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        if with_columns {
            writer.write_record(self.columns)?;
        }
        for row in &self.rows {
            let cells =
                row.iter().map(|cell| if is_terminal { printable(cell) } else { Cow::Borrowed(&**cell) });
            writer.write_record(cells.map(|cell| without_formula(&cell).into_owned()))?;
        }
        writer.flush()
    }
}

impl End {
    /// Parses the object of an `OK`.
    ///
    /// # Errors
    ///
    /// It is neither the end of a listing nor a table.
    pub fn parse(body: &str) -> Result<Self, NotCsv<'_>> {
        Ok(match parse(body)? {
            OkBody::Event(event) => {
                Self::Table(CsvTable { columns: EVENT_COLUMNS, rows: vec![event_row(event)] })
            }
            OkBody::Day(day) => Self::Table(CsvTable { columns: MEETING_COLUMNS, rows: day_rows(&day) }),
            OkBody::Count(count) => Self::Listing { next: count.next.map(Cow::into_owned) },
        })
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, NotCsv<'a>> {
    serde_json::from_str(body).map_err(|_| NotCsv(body))
}

fn event_row(event: EventReply<'_>) -> Vec<String> {
    vec![
        event.id.into_owned(),
        event.name.into_owned(),
        event.date.iso().to_string(),
        event.total_tickets.to_string(),
        event.available_tickets.to_string(),
        event.held_tickets.to_string(),
        event.sales.as_str().to_owned(),
        event.max_per_booking.map(|tickets| tickets.to_string()).unwrap_or_default(),
    ]
}

fn ticket_row(ticket: TicketRow<'_>) -> Vec<String> {
    vec![
        ticket.ticket.into_owned(),
        ticket.status.as_str().to_owned(),
        ticket.at.map(|at| at.to_string()).unwrap_or_default(),
        ticket.attendee.map(Cow::into_owned).unwrap_or_default(),
    ]
}

fn hour_rows(hour: &HodRow<'_>) -> Vec<Vec<String>> {
    hour.meetings.iter().map(|meeting| meeting_row(hour.date, hour.time, &meeting.meet)).collect()
}

fn day_rows(day: &DayReply<'_>) -> Vec<Vec<String>> {
    day.schedule.iter().map(|entry| meeting_row(day.date, entry.time, &entry.meet)).collect()
}

fn time_row(free: &FreeRow) -> Vec<String> {
    vec![free.date.dmy().to_string(), free.time.to_string(), free.hours.to_string()]
}

fn meeting_row(date: Date, time: Hour, meeting: &EntryFields<'_>) -> Vec<String> {
    vec![
        date.dmy().to_string(),
        time.to_string(),
        meeting.title.to_string(),
        meeting.group.0.to_string(),
        meeting.host.to_string(),
    ]
}

fn form_row(form: HelpRow<'_>) -> Vec<String> {
    vec![form.command.into_owned(), form.usage.into_owned(), form.help.into_owned()]
}

/// The cell as text, which a spreadsheet shows and does not run: names come from strangers, and a formula
/// could send the sheet to one of them. It gets an apostrophe before it, as OWASP recommends. Blanks before a
/// formula do not make it text.
fn without_formula(cell: &str) -> Cow<'_, str> {
    if cell.trim_start().starts_with(FORMULA_STARTS) {
        return Cow::Owned(format!("'{cell}"));
    }
    Cow::Borrowed(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(table: &CsvTable, is_terminal: bool) -> String {
        let mut out = Vec::new();
        table.write(&mut out, true, is_terminal).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn listed(listing: Listing, bodies: &[&str]) -> String {
        let bodies: Vec<_> = bodies.iter().map(|&body| body.to_owned()).collect();
        written(&CsvTable::of(listing, &bodies).unwrap(), false)
    }

    fn tickets_for(names: &[&str], is_terminal: bool) -> Vec<String> {
        let row = |name: &&str| {
            serde_json::json!({"ticket": "b0ee01", "status": "booked", "for": name}).to_string()
        };
        let table = CsvTable::of(Listing::Tickets, &names.iter().map(row).collect::<Vec<_>>()).unwrap();
        let shown = written(&table, is_terminal);
        let rows = shown.strip_prefix("ticket,status,at,for\r\n").unwrap().strip_suffix("\r\n").unwrap();
        rows.split("\r\n").map(|row| row.strip_prefix("b0ee01,booked,,").unwrap().to_owned()).collect()
    }

    #[test]
    fn every_listing_has_its_columns_and_a_line_for_each_row() {
        let event =
            r#"{"id":"e","name":"Rust Conf","date":"2026-12-31","total_tickets":5,"available_tickets":1"#;
        let sale = r#","held_tickets":2,"sales":"closed","max_per_booking":4}"#;
        assert_eq!(
            listed(Listing::Events, &[&format!("{event}{sale}"), &format!("{event}}}")]),
            "id,name,date,total_tickets,available_tickets,held_tickets,sales,max_per_booking\r\n\
             e,Rust Conf,2026-12-31,5,1,2,closed,4\r\n\
             e,Rust Conf,2026-12-31,5,1,0,open,\r\n"
        );
        let ticket =
            r#"{"ticket":"b0ee01","status":"checked_in","at":"2026-11-26T09:57:53.123456Z","for":"Ada"}"#;
        assert_eq!(
            listed(Listing::Tickets, &[ticket, r#"{"ticket":"b0ee02","status":"booked"}"#]),
            "ticket,status,at,for\r\n\
             b0ee01,checked_in,2026-11-26T09:57:53.123456Z,Ada\r\n\
             b0ee02,booked,,\r\n"
        );
        let hour = concat!(
            r#"{"date":"21-11-2026","time":"10:00","meetings":["#,
            r#"{"title":"a","group":["F2","F3"],"host":"F1"},{"title":"b","group":["F5"],"host":"F4"}]}"#
        );
        assert_eq!(
            listed(Listing::Hours, &[hour]),
            "date,time,title,group,host\r\n21-11-2026,10:00,a,\"F2,F3\",F1\r\n21-11-2026,10:00,b,F5,F4\r\n"
        );
        let day = r#"{"name":"F1","date":"21-11-2026","schedule":["#.to_owned();
        let meet = |title| format!(r#""meet":{{"title":"{title}","group":["F2"],"host":"F1"}}}}"#);
        let first = format!(r#"{day}{{"time":"09:00",{},"#, meet("a"));
        assert_eq!(
            listed(Listing::Days, &[&format!(r#"{first}{{"time":"10:00",{}]}}"#, meet("b"))]),
            "date,time,title,group,host\r\n21-11-2026,09:00,a,F2,F1\r\n21-11-2026,10:00,b,F2,F1\r\n"
        );
        assert_eq!(
            listed(Listing::Times, &[r#"{"date":"21-11-2026","time":"09:00","hours":2}"#]),
            "date,time,hours\r\n21-11-2026,09:00,2\r\n"
        );
        assert_eq!(
            listed(Listing::Forms, &[r#"{"command":"PING","usage":"PING","help":"checks, and no more"}"#]),
            "command,usage,help\r\nPING,PING,\"checks, and no more\"\r\n"
        );
        assert_eq!(listed(Listing::Tickets, &[]), "ticket,status,at,for\r\n");
    }

    #[test]
    fn cell_with_commas_quotes_or_line_feeds_is_quoted() {
        let names = ["Lovelace, Ada", "Ada \"Countess\" Lovelace", "Ada\nLovelace", "Žofie 上田"];
        let cells =
            ["\"Lovelace, Ada\"", "\"Ada \"\"Countess\"\" Lovelace\"", "\"Ada\nLovelace\"", "Žofie 上田"];
        assert_eq!(tickets_for(&names, false), cells);
    }

    #[test]
    fn cell_that_begins_a_formula_is_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\u{a0}@x", "＝1", "－1"] {
            assert_eq!(tickets_for(&[formula], false), [format!("'{formula}")], "{formula:?}");
        }
        assert_eq!(tickets_for(&["=1,\"2\""], false), ["\"'=1,\"\"2\"\"\""]);
        let harmless = ["a=1", "1-1", "'=1", "Ada +1"];
        assert_eq!(tickets_for(&harmless, false), harmless);
    }

    #[test]
    fn control_characters_are_escaped_on_a_terminal_only() {
        assert_eq!(tickets_for(&["a\u{1b}[2J"], true), ["a\\u{1b}[2J"]);
        assert_eq!(tickets_for(&["a\u{1b}[2J"], false), ["a\u{1b}[2J"]);
        // A formula is text there as well, if the lines are copied into a spreadsheet.
        assert_eq!(tickets_for(&["=\u{202e}"], true), ["'=\\u{202e}"]);
    }

    #[test]
    fn event_and_day_are_tables_without_rows() {
        let table = |body| match End::parse(body).unwrap() {
            End::Table(table) => written(&table, false),
            End::Listing { .. } => panic!("{body} is not a table"),
        };
        let event = r#"{"id":"e","name":"n","date":"2026-12-31","total_tickets":5,"available_tickets":1}"#;
        assert!(table(event).ends_with("max_per_booking\r\ne,n,2026-12-31,5,1,0,open,\r\n"));
        let day = concat!(
            r#"{"name":"F1","date":"21-11-2026","schedule":["#,
            r#"{"time":"09:00","meet":{"title":"","group":[],"host":"F1"}}]}"#
        );
        assert_eq!(table(day), "date,time,title,group,host\r\n21-11-2026,09:00,,,F1\r\n");
        assert_eq!(
            table(r#"{"name":"F1","date":"21-11-2026","schedule":[]}"#),
            "date,time,title,group,host\r\n"
        );
    }

    #[test]
    fn object_of_another_shape_is_an_error() {
        assert!(CsvTable::of(Listing::Tickets, &[r#"{"ticket":"b0ee01"}"#.to_owned()]).is_err());
        assert!(End::parse(r#"{"event_id":"e"}"#).is_err());
    }
}
