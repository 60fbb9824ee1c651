//! Columns.

use bookline_protocol::reply::{Day, Event, HelpRow, Meet, MonthRow};
use comfy_table::{Cell, CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle};
use serde_json::Value;

use super::plain;

/// A line under the names and one between columns, in ASCII, which every terminal shows.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction('|'))
    .header_separator(LineStyle::none().fill('-').junction('+'))
    .content_lines(ContentLineStyle::none().junction('|'));

/// What stands in the place of a title at an hour that is only kept free.
const BLOCKED: &str = "(blocked)";

/// The listing of events, or one of them.
pub(super) fn events(events: &[Event<'_>], width: Option<u16>) -> String {
    let mut table = headed(&["Event", "Name", "Date", "Left", "Tickets"], width);
    for event in events {
        table.add_row([
            text(&event.id),
            text(&event.name),
            text(&event.date.iso().to_string()),
            number(event.available_tickets),
            number(event.total_tickets),
        ]);
    }
    table.trim_fmt()
}

/// The occupied hours of a day.
pub(super) fn day(day: &Day<'_>, width: Option<u16>) -> String {
    let title = format!("{} on {}", plain::text(&day.name), day.date.civil());
    if day.schedule.is_empty() {
        return format!("{title}: nothing there.");
    }
    let mut table = headed(&["Time", "What", "With", "Host"], width);
    for scheduled in &day.schedule {
        let [what, with, host] = meet(&scheduled.meet);
        table.add_row([text(&scheduled.time.to_string()), what, with, host]);
    }
    format!("{title}\n{}", table.trim_fmt())
}

/// The hours that have meetings.
pub(super) fn hours(hours: &[MonthRow<'_>], width: Option<u16>) -> String {
    let mut table = headed(&["Date", "Time", "What", "With", "Host"], width);
    for hour in hours {
        for meeting in &hour.meetings {
            let [what, with, host] = meet(meeting);
            table.add_row([
                text(&hour.date.civil().to_string()),
                text(&hour.time.to_string()),
                what,
                with,
                host,
            ]);
        }
    }
    table.trim_fmt()
}

/// The forms of commands.
pub(super) fn forms(forms: &[HelpRow<'_>], width: Option<u16>) -> String {
    let mut table = headed(&["Command", "What it does"], width);
    for form in forms {
        table.add_row([text(&form.usage), text(&form.help)]);
    }
    table.trim_fmt()
}

/// Whatever else there is to an object, by name.
pub(super) fn fields(fields: &[(String, Value)], width: Option<u16>) -> String {
    let mut table = empty(width);
    for (name, value) in fields {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        table.add_row([text(name), text(&value)]);
    }
    table.trim_fmt()
}

fn meet(meet: &Meet<'_>) -> [Cell; 3] {
    let what = if meet.group.is_empty() && meet.title.is_empty() { BLOCKED } else { &meet.title };
    let with: Vec<_> = meet.group.iter().collect();
    [text(what), text(&with.join(", ")), text(&meet.host)]
}

fn empty(width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table
}

fn headed(names: &[&str], width: Option<u16>) -> Table {
    let mut table = empty(width);
    table.set_header(names.iter().copied());
    table
}

fn text(content: &str) -> Cell {
    Cell::new(plain::text(content))
}

fn number(content: u32) -> Cell {
    Cell::new(content).set_alignment(CellAlignment::Right)
}
