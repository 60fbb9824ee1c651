//! Replies as records: the names of columns, and rows of cells, as CSV and plain text have them. Names and
//! values are those of the protocol.

use std::borrow::Cow;

use bookline_protocol::commands::auth::AccountReply;
use bookline_protocol::commands::free::FreeRow;
use bookline_protocol::commands::get::DayReply;
use bookline_protocol::commands::help::HelpRow;
use bookline_protocol::commands::hod::HodRow;
use bookline_protocol::commands::tickets::TicketRow;
use bookline_protocol::reply::{CountReply, EntryFields, EntryPlace, EventReply};
use bookline_protocol::{Date, Hour, Slot};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::render::listing::Listing;

const EVENT_COLUMNS: &[&str] =
    &["id", "name", "date", "total_tickets", "available_tickets", "held_tickets", "sales", "max_per_booking"];

const TICKET_COLUMNS: &[&str] = &["ticket", "status", "at", "for"];

const MEETING_COLUMNS: &[&str] = &["date", "time", "title", "group", "host", "from", "hours", "series"];

/// As those of meetings, and whose day it is.
const DAY_COLUMNS: &[&str] = &["date", "time", "title", "group", "host", "from", "hours", "series", "name"];

const TIME_COLUMNS: &[&str] = &["date", "time", "hours"];

const ACCOUNT_COLUMNS: &[&str] = &["account", "role", "person"];

const FORM_COLUMNS: &[&str] = &["command", "usage", "help"];

/// The names of columns, and rows of as many cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    pub columns: Vec<Cow<'static, str>>,
    pub rows: Vec<Vec<String>>,
}

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
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// A table, because the reply has no rows.
    Table(Records),
    /// Nothing. `next` is the word for `after=`, if there are more rows.
    Listing { next: Option<String> },
}

impl Records {
    /// A listing without rows.
    pub fn empty(listing: Listing) -> Self {
        let columns = match listing {
            Listing::Events => EVENT_COLUMNS,
            Listing::Tickets => TICKET_COLUMNS,
            Listing::Days => DAY_COLUMNS,
            Listing::Hours => MEETING_COLUMNS,
            Listing::Times => TIME_COLUMNS,
            Listing::Accounts => ACCOUNT_COLUMNS,
            Listing::Forms => FORM_COLUMNS,
        };
        Self::new(columns, Vec::new())
    }

    fn new(columns: &[&'static str], rows: Vec<Vec<String>>) -> Self {
        Self { columns: columns.iter().map(|&name| Cow::Borrowed(name)).collect(), rows }
    }

    /// The records of one row of a listing, or `None` if it has another shape. An hour has a record for each
    /// of its meetings.
    pub fn of_row(listing: Listing, body: &str) -> Option<Self> {
        let rows = match listing {
            Listing::Events => vec![event_row(parse(body)?)],
            Listing::Tickets => vec![ticket_row(parse(body)?)],
            Listing::Days => day_rows(&parse(body)?),
            Listing::Times => vec![time_row(&parse(body)?)],
            Listing::Hours => hour_rows(&parse(body)?),
            Listing::Accounts => vec![account_row(parse(body)?)],
            Listing::Forms => vec![form_row(parse(body)?)],
        };
        Some(Self { rows, ..Self::empty(listing) })
    }

    /// The fields of any object, as one record. `None` if it is not an object.
    pub fn of_fields(body: &str) -> Option<Self> {
        let fields: Map<String, Value> = parse(body)?;
        let (columns, row) = fields.into_iter().map(|(name, value)| (Cow::Owned(name), cell(value))).unzip();
        Some(Self { columns, rows: vec![row] })
    }
}

/// A value as a cell: texts as they are, and lists of texts with commas between them.
fn cell(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Array(values) if values.iter().all(Value::is_string) => {
            values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
        }
        value => value.to_string(),
    }
}

impl End {
    /// Parses the object of an `OK`. `None` if it is neither the end of a listing nor a table.
    pub fn parse(body: &str) -> Option<Self> {
        Some(match parse(body)? {
            OkBody::Event(event) => Self::Table(Records::new(EVENT_COLUMNS, vec![event_row(event)])),
            OkBody::Day(day) => Self::Table(Records::new(DAY_COLUMNS, day_rows(&day))),
            OkBody::Count(count) => Self::Listing { next: count.next.map(Cow::into_owned) },
        })
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a str) -> Option<T> {
    serde_json::from_str(body).ok()
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
    let row = |place, meet| meeting_row(hour.date, hour.time, place, meet);
    hour.meetings.iter().map(|meeting| row(meeting.place, &meeting.meet)).collect()
}

fn day_rows(day: &DayReply<'_>) -> Vec<Vec<String>> {
    let row = |place, time, meet| {
        let mut row = meeting_row(day.date, time, place, meet);
        row.push(day.name.to_string());
        row
    };
    day.schedule.iter().map(|entry| row(entry.place, entry.time, &entry.meet)).collect()
}

fn time_row(free: &FreeRow) -> Vec<String> {
    vec![free.date.dmy().to_string(), free.time.to_string(), free.hours.to_string()]
}

fn meeting_row(date: Date, time: Hour, place: EntryPlace, meeting: &EntryFields<'_>) -> Vec<String> {
    let from = place.from.map(|Slot { date, hour }| format!("{} {hour}", date.dmy()));
    vec![
        date.dmy().to_string(),
        time.to_string(),
        meeting.title.to_string(),
        meeting.group.0.to_string(),
        meeting.host.to_string(),
        from.unwrap_or_default(),
        place.hours.map(|hours| hours.to_string()).unwrap_or_default(),
        place.series.map(|series| series.to_string()).unwrap_or_default(),
    ]
}

fn account_row(row: AccountReply<'_>) -> Vec<String> {
    let person = row.person.map(Cow::into_owned);
    vec![row.account.into_owned(), row.role.as_str().to_owned(), person.unwrap_or_default()]
}

fn form_row(form: HelpRow<'_>) -> Vec<String> {
    vec![form.command.into_owned(), form.usage.into_owned(), form.help.into_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(records: &Records) -> Vec<String> {
        let columns = records.columns.join("|");
        std::iter::once(columns).chain(records.rows.iter().map(|row| row.join("|"))).collect()
    }

    fn listed(listing: Listing, body: &str) -> Vec<String> {
        lines(&Records::of_row(listing, body).unwrap())
    }

    #[test]
    fn every_listing_has_its_columns_and_a_record_for_each_row() {
        let event =
            r#"{"id":"e","name":"Rust Conf","date":"2026-12-31","total_tickets":5,"available_tickets":1"#;
        let sale = r#","held_tickets":2,"sales":"closed","max_per_booking":4}"#;
        let columns = "id|name|date|total_tickets|available_tickets|held_tickets|sales|max_per_booking";
        assert_eq!(
            listed(Listing::Events, &format!("{event}{sale}")),
            [columns, "e|Rust Conf|2026-12-31|5|1|2|closed|4"]
        );
        assert_eq!(
            listed(Listing::Events, &format!("{event}}}")),
            [columns, "e|Rust Conf|2026-12-31|5|1|0|open|"]
        );
        let ticket =
            r#"{"ticket":"b0ee01","status":"checked_in","at":"2026-11-26T09:57:53.123456Z","for":"Ada"}"#;
        assert_eq!(
            listed(Listing::Tickets, ticket),
            ["ticket|status|at|for", "b0ee01|checked_in|2026-11-26T09:57:53.123456Z|Ada"]
        );
        let hour = concat!(
            r#"{"date":"21-11-2026","time":"10:00","meetings":["#,
            r#"{"title":"a","group":["F2","F3"],"host":"F1"},{"from":"21-11-2026 09:00","hours":2,"#,
            r#""series":"5f3a9c1e77d20b46","title":"b","group":["F5"],"host":"F4"}]}"#
        );
        let columns = "date|time|title|group|host|from|hours|series";
        assert_eq!(
            listed(Listing::Hours, hour),
            [
                columns,
                "21-11-2026|10:00|a|F2,F3|F1|||",
                "21-11-2026|10:00|b|F5|F4|21-11-2026 09:00|2|5f3a9c1e77d20b46"
            ]
        );
        let day = concat!(
            r#"{"name":"F1","date":"21-11-2026","schedule":["#,
            r#"{"time":"09:00","meet":{"title":"a","group":["F2"],"host":"F1"}},"#,
            r#"{"time":"10:00","from":"21-11-2026 10:00","hours":3,"#,
            r#""meet":{"title":"","group":[],"host":"F1"}}]}"#
        );
        assert_eq!(
            listed(Listing::Days, day),
            [
                &format!("{columns}|name"),
                "21-11-2026|09:00|a|F2|F1||||F1",
                "21-11-2026|10:00|||F1|21-11-2026 10:00|3||F1"
            ]
        );
        let free = r#"{"date":"21-11-2026","time":"09:00","hours":2}"#;
        assert_eq!(listed(Listing::Times, free), ["date|time|hours", "21-11-2026|09:00|2"]);
        let account = r#"{"account":"anna","role":"seller","person":"F1"}"#;
        assert_eq!(listed(Listing::Accounts, account), ["account|role|person", "anna|seller|F1"]);
        let form = r#"{"command":"PING","usage":"PING","help":"checks"}"#;
        assert_eq!(listed(Listing::Forms, form), ["command|usage|help", "PING|PING|checks"]);
    }

    #[test]
    fn listing_without_rows_has_its_columns() {
        assert_eq!(lines(&Records::empty(Listing::Tickets)), ["ticket|status|at|for"]);
    }

    #[test]
    fn event_and_day_are_tables_without_rows() {
        let table = |body| match End::parse(body).unwrap() {
            End::Table(table) => lines(&table),
            End::Listing { .. } => panic!("{body} is not a table"),
        };
        let event = r#"{"id":"e","name":"n","date":"2026-12-31","total_tickets":5,"available_tickets":1}"#;
        assert_eq!(table(event)[1], "e|n|2026-12-31|5|1|0|open|");
        let day = r#"{"name":"F1","date":"21-11-2026","schedule":[]}"#;
        assert_eq!(table(day), ["date|time|title|group|host|from|hours|series|name"]);
        let end = End::Listing { next: Some("abc".to_owned()) };
        assert_eq!(End::parse(r#"{"count":2,"next":"abc"}"#), Some(end));
    }

    #[test]
    fn object_of_another_shape_is_a_record_of_its_fields() {
        assert_eq!(Records::of_row(Listing::Tickets, r#"{"ticket":"b0ee01"}"#), None);
        assert_eq!(End::parse(r#"{"event_id":"e"}"#), None);
        let booked = r#"{"event_id":"e","tickets":["a","b"],"n":1.50,"x":{"y":[1]},"z":null}"#;
        let record = Records::of_fields(booked).unwrap();
        assert_eq!(lines(&record), ["event_id|tickets|n|x|z", "e|a,b|1.5|{\"y\":[1]}|"]);
        assert_eq!(Records::of_fields("{"), None);
    }
}
