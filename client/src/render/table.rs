//! Replies as tables.

use bookline_protocol::commands::free::{BusyHours, FreeRow, NoTimeReply};
use bookline_protocol::commands::get::DayReply;
use bookline_protocol::commands::help::HelpRow;
use bookline_protocol::commands::hod::HodRow;
use bookline_protocol::commands::tickets::TicketRow;
use bookline_protocol::reply::{Clash, EntryFields, EntryPlace, EventReply};
use bookline_protocol::ticket::TICKET_ID_CHARS;
use bookline_protocol::{Hour, Sales, Slot};
use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, Table,
    TableStyle, Width,
};
use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr;

use crate::render::text::{printable, words_of};
use crate::render::time;

/// Lines below the header and between columns, in ASCII, which every terminal shows.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction('|'))
    .header_separator(LineStyle::none().fill('-').junction('+'))
    .content_lines(ContentLineStyle::none().junction('|'));

/// Shown instead of a title for an hour that is blocked.
const BLOCKED_TITLE: &str = "(blocked)";

/// The width of a text column is at least this: a narrower one is hard to read.
const TEXT_WIDTH_MIN: u16 = 12;

/// The width of a column of people's names is at least this: what the other columns of tickets leave of
/// [`PAPER_WIDTH`].
const NAME_WIDTH_MIN: u16 = 7;

/// The columns of a sheet of paper, for the list of tickets where neither a terminal nor the environment has
/// a width. Printers cut longer lines off.
const PAPER_WIDTH: u16 = 80;

/// The blanks on both sides of a cell.
const PADDING_WIDTH: u16 = 2;

// Tickets with whole ids are a table on paper.
const _: () = {
    const WIDTHS: usize = TICKET_ID_CHARS + "checked in".len() + "2026-11-26 09:57".len();
    const LINES: usize = 3;
    assert!(WIDTHS + NAME_WIDTH_MIN as usize + 4 * PADDING_WIDTH as usize + LINES <= PAPER_WIDTH as usize);
};

/// The content of a column, which decides how it is wrapped where the table is too wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnKind {
    /// Ids, dates, times and words of the protocol. They are never wrapped: their parts would mean something
    /// else.
    Atom,
    /// Never wrapped, and aligned to the right.
    Number,
    /// Ids with commas between them, wrapped after commas.
    Ids,
    /// Wrapped between words, or within a word that is too long for a line.
    Text,
    /// As text, in a column that may be narrower.
    Name,
}

/// The name and the content of a column.
type Column = (&'static str, ColumnKind);

/// Events, of a listing or a single one.
pub fn events(events: &[EventReply<'_>], width: Option<u16>) -> String {
    use ColumnKind::{Atom, Number, Text};
    let has_holds = events.iter().any(|event| event.held_tickets > 0);
    let has_sale = events.iter().any(|event| !sale_cell(event).is_empty());
    let mut columns = vec![("Event", Atom), ("Name", Text), ("Date", Atom), ("Left", Number)];
    columns.extend(has_holds.then_some(("Held", Number)));
    columns.push(("Tickets", Number));
    columns.extend(has_sale.then_some(("Sale", Text)));
    let row = |event: &EventReply<'_>| {
        let mut row = vec![
            event.id.to_string(),
            event.name.to_string(),
            event.date.iso().to_string(),
            event.available_tickets.to_string(),
        ];
        row.extend(has_holds.then(|| event.held_tickets.to_string()));
        row.push(event.total_tickets.to_string());
        row.extend(has_sale.then(|| sale_cell(event)));
        row
    };
    lay_out(&columns, events.iter().map(row), width)
}

/// What is special about the sale of an event. Nothing is where any booking is possible, so that a table of
/// such events has no column for it.
fn sale_cell(event: &EventReply<'_>) -> String {
    let closed = (event.sales == Sales::Closed).then(|| "closed".to_owned());
    let limit = event.max_per_booking.map(|tickets| format!("at most {tickets} per booking"));
    closed.into_iter().chain(limit).collect::<Vec<_>>().join(", ")
}

/// The tickets of an event.
pub fn tickets(tickets: &[TicketRow<'_>], width: Option<u16>) -> String {
    use ColumnKind::{Atom, Name};
    let columns = [("Ticket", Atom), ("Status", Atom), ("Since (UTC)", Atom), ("For", Name)];
    let rows = tickets.iter().map(|ticket| {
        let since = ticket.at.map(time::minute).unwrap_or_default();
        let attendee = ticket.attendee.as_deref().unwrap_or_default();
        vec![ticket.ticket.to_string(), words_of(ticket.status.as_str()), since, attendee.to_owned()]
    });
    lay_out(&columns, rows, width.or(Some(PAPER_WIDTH)))
}

/// The entries of a day.
pub fn day(day: &DayReply<'_>, width: Option<u16>) -> String {
    let title = format!("{} on {}", printable(&day.name), day.date.dmy());
    if day.schedule.is_empty() {
        return format!("{title}: nothing there.");
    }
    let columns = [
        ("Time", ColumnKind::Atom),
        ("What", ColumnKind::Text),
        ("With", ColumnKind::Ids),
        ("Host", ColumnKind::Atom),
    ];
    let rows = day.schedule.iter().map(|scheduled| {
        let slot = Slot { date: day.date, hour: scheduled.time };
        let [what, with, host] = meet_cells(slot, scheduled.place, &scheduled.meet);
        vec![scheduled.time.to_string(), what, with, host]
    });
    format!("{title}\n{}", lay_out(&columns, rows, width))
}

/// The entries of the days of a range, all of one person.
pub fn days(days: &[DayReply<'_>], width: Option<u16>) -> String {
    let rows = days.iter().flat_map(|day| {
        day.schedule.iter().map(|scheduled| {
            let slot = Slot { date: day.date, hour: scheduled.time };
            dated_row(slot, scheduled.place, &scheduled.meet)
        })
    });
    let who = days.first().map(|day| printable(&day.name)).unwrap_or_default();
    format!("{who}\n{}", lay_out(DATED_COLUMNS, rows, width))
}

/// The meetings of HOD, by hour.
pub fn hours(hours: &[HodRow<'_>], width: Option<u16>) -> String {
    let rows = hours.iter().flat_map(|hour| {
        let slot = Slot { date: hour.date, hour: hour.time };
        hour.meetings.iter().map(move |meeting| dated_row(slot, meeting.place, &meeting.meet))
    });
    lay_out(DATED_COLUMNS, rows, width)
}

/// The columns of entries of several days.
const DATED_COLUMNS: &[Column] = &[
    ("Date", ColumnKind::Atom),
    ("Time", ColumnKind::Atom),
    ("What", ColumnKind::Text),
    ("With", ColumnKind::Ids),
    ("Host", ColumnKind::Atom),
];

fn dated_row(slot: Slot, place: EntryPlace, meet: &EntryFields<'_>) -> Vec<String> {
    let [what, with, host] = meet_cells(slot, place, meet);
    vec![slot.date.dmy().to_string(), slot.hour.to_string(), what, with, host]
}

/// The times of FREE.
pub fn times(times: &[FreeRow], width: Option<u16>) -> String {
    use ColumnKind::{Atom, Number};
    let columns = [("Date", Atom), ("Time", Atom), ("Hours", Number)];
    let rows = times
        .iter()
        .map(|free| vec![free.date.dmy().to_string(), free.time.to_string(), free.hours.to_string()]);
    lay_out(&columns, rows, width)
}

/// The occurrences of a series that cannot be had, and how many of all `count` are not listed.
pub fn clashes(clashes: &[Clash<'_>], count: u32, width: Option<u16>) -> String {
    use ColumnKind::{Atom, Ids};
    let columns = [("Date", Atom), ("Time", Atom), ("Busy", Ids)];
    let rows = clashes.iter().map(|clash| {
        let people: Vec<_> = clash.busy.iter().collect();
        let more = unlisted(clash.busy_count.unwrap_or(0), people.len());
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        vec![clash.date.dmy().to_string(), clash.time.to_string(), people.join(", ") + &more]
    });
    let table = lay_out(&columns, rows, width);
    match unlisted(count, clashes.len()) {
        0 => table,
        more => format!("{table}\n{more} more are not listed."),
    }
}

/// How many of `count` are not among those that are listed.
fn unlisted(count: u32, listed: usize) -> usize {
    (count as usize).saturating_sub(listed)
}

/// Who is busy, where FREE has found no time.
pub fn no_time(found: &NoTimeReply, width: Option<u16>) -> String {
    use ColumnKind::{Atom, Ids, Number};
    let rows: Vec<_> = match &found.busy {
        BusyHours::OfDay(people) => {
            let joined = |hours: &[Hour]| hours.iter().map(Hour::to_string).collect::<Vec<_>>().join(", ");
            people.iter().map(|(who, hours)| vec![who.clone(), joined(hours)]).collect()
        }
        BusyHours::Counts(people) => {
            people.iter().map(|(who, hours)| vec![who.clone(), hours.to_string()]).collect()
        }
    };
    if rows.is_empty() {
        return "There is no such time, though nobody is busy.".to_owned();
    }
    let columns = match &found.busy {
        BusyHours::OfDay(_) => [("Who", Atom), ("Busy at", Ids)],
        BusyHours::Counts(_) => [("Who", Atom), ("Busy hours", Number)],
    };
    format!("All are free at no time.\n{}", lay_out(&columns, rows.into_iter(), width))
}

/// The forms of commands, of HELP.
pub fn forms(forms: &[HelpRow<'_>], width: Option<u16>) -> String {
    let columns = [("Command", ColumnKind::Text), ("What it does", ColumnKind::Text)];
    lay_out(&columns, forms.iter().map(|form| vec![form.usage.to_string(), form.help.to_string()]), width)
}

/// An object of unknown shape, a field a line.
pub fn fields(fields: &Map<String, Value>, width: Option<u16>) -> String {
    let field = |(name, value): (&String, &Value)| {
        (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned), ColumnKind::Atom)
    };
    record(fields.iter().map(field), width)
}

/// The title, the group and the host.
/// What, with whom and the host, of an entry at one of its hours.
fn meet_cells(slot: Slot, place: EntryPlace, meet: &EntryFields<'_>) -> [String; 3] {
    let what = if meet.group.is_empty() && meet.title.is_empty() { BLOCKED_TITLE } else { &meet.title };
    let with: Vec<_> = meet.group.iter().collect();
    [what.to_owned() + &place_note(slot, place), with.join(", "), meet.host.to_string()]
}

/// Which hour of a longer entry this is, and whether it is in a series.
fn place_note(slot: Slot, place: EntryPlace) -> String {
    let hour = place.from.zip(place.hours).map(|(from, hours)| {
        let number = slot.index().saturating_sub(from.index()) + 1;
        format!("hour {number} of {hours}")
    });
    let series = place.series.map(|_| "in a series".to_owned());
    let notes: Vec<_> = hour.into_iter().chain(series).collect();
    if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) }
}

/// Lays out rows as a table, or, where its columns do not fit, as records with a field a line.
fn lay_out(columns: &[Column], rows: impl Iterator<Item = Vec<String>>, width: Option<u16>) -> String {
    let rows: Vec<_> = rows.collect();
    let mut table = empty_table();
    table.set_header(columns.iter().map(|(name, _)| *name));
    for row in &rows {
        table.add_row(row.iter().zip(columns).map(|(content, (_, kind))| cell(content, *kind)));
    }
    let minimums = columns.iter().enumerate().map(|(index, (_, kind))| match kind {
        ColumnKind::Atom | ColumnKind::Number => None,
        ColumnKind::Ids => Some(rows.iter().map(|row| longest_word(&row[index])).max().unwrap_or(1)),
        ColumnKind::Text => Some(TEXT_WIDTH_MIN),
        ColumnKind::Name => Some(NAME_WIDTH_MIN),
    });
    if fit(&mut table, &minimums.collect::<Vec<_>>(), width) {
        return table.trim_fmt();
    }
    let records = rows.into_iter().map(|row| {
        let fields =
            columns.iter().zip(row).map(|((name, kind), content)| ((*name).to_owned(), content, *kind));
        record(fields, width)
    });
    records.collect::<Vec<_>>().join("\n\n")
}

/// Lays out fields, one a line. A value that must not be wrapped and does not fit beside its name is below
/// it.
fn record(fields: impl Iterator<Item = (String, String, ColumnKind)>, width: Option<u16>) -> String {
    let fields: Vec<_> =
        fields.map(|(name, content, kind)| (printable(&name).into_owned(), content, kind)).collect();
    let longest = fields.iter().map(|(name, ..)| name.width()).max().unwrap_or(0);
    let value_width = width.map_or(usize::MAX, |width| usize::from(width).saturating_sub(longest + 4));
    let line = |(name, content, kind): &(String, String, ColumnKind)| {
        let name = format!("{name}{}", " ".repeat(longest - name.width()));
        if !matches!(kind, ColumnKind::Text | ColumnKind::Name)
            && usize::from(longest_word(content)) > value_width
        {
            return format!(" {name} |\n{}", printable(content));
        }
        let mut table = empty_table();
        // Values that are below each other are all aligned to the left.
        table.add_row([cell(&name, ColumnKind::Atom), cell(content, ColumnKind::Text)]);
        fit(&mut table, &[None, Some(1)], width);
        table.trim_fmt()
    };
    fields.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Narrows the columns until the table fits: each step takes the widest column that is above its minimum. A
/// column without a minimum keeps its width. Returns whether the table fits.
fn fit(table: &mut Table, minimums: &[Option<u16>], width: Option<u16>) -> bool {
    let mut widths = table.column_max_content_widths();
    let Some(width) = width else { return true };
    // Two columns have a line between them. The last blank is trimmed, except below a header.
    let trimmed = if table.header().is_some() { 1 } else { 2 };
    let others = widths.len() as u32 * u32::from(PADDING_WIDTH + 1) - trimmed;
    while widths.iter().copied().map(u32::from).sum::<u32>() + others > width.into() {
        let columns = widths.iter_mut().zip(minimums);
        let above = columns
            .filter_map(|(width, minimum)| minimum.is_some_and(|minimum| *width > minimum).then_some(width));
        match above.max() {
            Some(width) => *width -= 1,
            None => return false,
        }
    }
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(u16::MAX);
    table.set_constraints(
        widths.into_iter().map(|width| ColumnConstraint::Absolute(Width::Fixed(width + PADDING_WIDTH))),
    );
    true
}

fn longest_word(content: &str) -> u16 {
    let longest = content.split_whitespace().map(UnicodeWidthStr::width).max();
    longest.unwrap_or(1).try_into().unwrap_or(u16::MAX)
}

fn empty_table() -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table
}

fn cell(content: &str, kind: ColumnKind) -> Cell {
    let cell = Cell::new(printable(content));
    if kind == ColumnKind::Number { cell.set_alignment(CellAlignment::Right) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, name: &str) -> String {
        let counts = r#""total_tickets":1000000,"available_tickets":999998"#;
        format!(r#"{{"id":"{id}","name":"{name}","date":"2026-12-31",{counts}}}"#)
    }

    fn render(bodies: &[String], width: u16) -> String {
        let read: Vec<EventReply<'_>> =
            bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
        let shown = events(&read, Some(width));
        let longest = shown.lines().map(UnicodeWidthStr::width).max().unwrap();
        assert!(longest <= width.into(), "{longest} columns in\n{shown}");
        shown
    }

    const UUID: &str = "2bc0eb7e-04a3-4048-a36a-2a781ecae285";

    #[test]
    fn table_too_wide_wraps_its_widest_text_only() {
        let events = [event(UUID, "An event whose name is rather long"), event("e", "short")];
        let table = "\
\x20Event                                | Name         | Date       | Left   | Tickets
--------------------------------------+--------------+------------+--------+---------
 2bc0eb7e-04a3-4048-a36a-2a781ecae285 | An event     | 2026-12-31 | 999998 | 1000000
                                      | whose name   |            |        |
                                      | is rather    |            |        |
                                      | long         |            |        |
 e                                    | short        | 2026-12-31 | 999998 | 1000000";
        assert_eq!(render(&events, 85), table);
    }

    #[test]
    fn columns_that_do_not_fit_become_records() {
        let events = [event(UUID, "An event whose name is rather long"), event("e", "short")];
        let records = "\
\x20Event   | 2bc0eb7e-04a3-4048-a36a-2a781ecae285
 Name    | An event whose name is rather long
 Date    | 2026-12-31
 Left    | 999998
 Tickets | 1000000

 Event   | e
 Name    | short
 Date    | 2026-12-31
 Left    | 999998
 Tickets | 1000000";
        assert_eq!(render(&events, 80), records);
        assert_eq!(render(&events[1..], 21), records.split_once("\n\n").unwrap().1);
        let below = "\
\x20Event   |
2bc0eb7e-04a3-4048-a36a-2a781ecae285
 Name    | An event whose name is rather
         | long
 Date    | 2026-12-31
 Left    | 999998
 Tickets | 1000000";
        assert_eq!(render(&events[..1], 40), below);
    }

    #[test]
    fn closed_sale_and_limit_are_shown_in_a_column_of_their_own() {
        let with = |id: &str, terms: &str| event(id, id).replace('}', &format!(",{terms}}}"));
        let events = [
            with("a", r#""sales":"open""#),
            with("b", r#""sales":"closed""#),
            with("c", r#""sales":"open","max_per_booking":4"#),
            with("d", r#""sales":"closed","max_per_booking":1"#),
        ];
        let table = "\
\x20Event | Name | Date       | Left   | Tickets | Sale
-------+------+------------+--------+---------+-------------------------------
 a     | a    | 2026-12-31 | 999998 | 1000000 |
 b     | b    | 2026-12-31 | 999998 | 1000000 | closed
 c     | c    | 2026-12-31 | 999998 | 1000000 | at most 4 per booking
 d     | d    | 2026-12-31 | 999998 | 1000000 | closed, at most 1 per booking";
        assert_eq!(render(&events, 100), table);
        assert!(!render(&events[..1], 100).contains("Sale"));
    }

    #[test]
    fn held_tickets_are_shown_in_a_column_of_their_own() {
        let held = event("a", "a").replace('}', r#","held_tickets":2}"#);
        let table = "\
\x20Event | Name | Date       | Left   | Held | Tickets
-------+------+------------+--------+------+---------
 a     | a    | 2026-12-31 | 999998 |    2 | 1000000
 e     | e    | 2026-12-31 | 999998 |    0 | 1000000";
        assert_eq!(render(&[held, event("e", "e")], 80), table);
        assert!(!render(&[event("e", "e")], 80).contains("Held"));
    }

    fn ticket(id: &str, status: &str, attendee: &str) -> String {
        let at = "2026-11-26T09:57:53.123456Z";
        format!(r#"{{"ticket":"{id}","status":"{status}","at":"{at}","for":"{attendee}"}}"#)
    }

    fn render_tickets(bodies: &[String], width: Option<u16>) -> String {
        let read: Vec<TicketRow<'_>> =
            bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
        tickets(&read, width)
    }

    #[test]
    fn tickets_without_a_name_or_a_time_have_empty_cells() {
        let unknown = r#"{"ticket":"b0ee02","status":"cancelled"}"#.to_owned();
        let table = "\
\x20Ticket | Status     | Since (UTC)      | For
--------+------------+------------------+--------------
 b0ee01 | checked in | 2026-11-26 09:57 | Ada Lovelace
 b0ee02 | cancelled  |                  |
 b0ee03 | booked     | 2026-11-26 09:57 | 上田 美和";
        let rows = [
            ticket("b0ee01", "checked_in", "Ada Lovelace"),
            unknown,
            ticket("b0ee03", "booked", "上田 美和"),
        ];
        assert_eq!(render_tickets(&rows, Some(100)), table);
    }

    #[test]
    fn long_names_are_wrapped_for_paper_where_no_width_is_known() {
        let name = "Wolfeschlegelsteinhausenbergerdorff ".repeat(5);
        let shown = render_tickets(&[ticket("b0ee01", "checked_in", name.trim())], None);
        assert!(shown.lines().all(|line| line.width() <= 80), "{shown}");
        assert_eq!(shown.matches("Wolfeschlegelsteinhausenbergerdorff").count(), 5, "{shown}");
        // A name without blanks is wrapped as well, and all of it is there.
        let shown = render_tickets(&[ticket("b0ee01", "checked_in", &"x".repeat(200))], None);
        assert!(shown.lines().all(|line| line.width() <= 80), "{shown}");
        assert_eq!(shown.matches('x').count(), 200, "{shown}");
    }

    #[test]
    fn whole_ticket_ids_and_names_are_a_table_on_paper() {
        let table = "\
\x20Ticket                               | Status     | Since (UTC)      | For
--------------------------------------+------------+------------------+---------
 2bc0eb7e-04a3-4048-a36a-2a781ecae285 | checked in | 2026-11-26 09:57 | Ada Lov
                                      |            |                  | elace";
        assert_eq!(render_tickets(&[ticket(UUID, "checked_in", "Ada Lovelace")], None), table);
    }

    #[test]
    fn group_is_wrapped_between_ids() {
        let day: DayReply<'_> = serde_json::from_str(
            r#"{"name":"F1","date":"21-11-2026","schedule":[{"time":"10:00","meet":{"title":"standup",
            "group":["alpha-person","beta-person","gamma-person"],"host":"F1"}}]}"#,
        )
        .unwrap();
        let table = "\
F1 on 21-11-2026
 Time  | What    | With          | Host
-------+---------+---------------+------
 10:00 | standup | alpha-person, | F1
       |         | beta-person,  |
       |         | gamma-person  |";
        assert_eq!(super::day(&day, Some(40)), table);
    }

    #[test]
    fn hours_of_a_longer_entry_are_numbered_across_midnight() {
        let day: DayReply<'_> = serde_json::from_str(
            r#"{"name":"F1","date":"22-11-2026","schedule":[{"time":"00:00","from":"21-11-2026 23:00",
            "hours":3,"series":"5f3a9c1e77d20b46","meet":{"title":"","group":[],"host":"F1"}}]}"#,
        )
        .unwrap();
        let shown = super::day(&day, None);
        assert!(shown.contains("(blocked) (hour 2 of 3, in a series)"), "{shown}");
    }

    #[test]
    fn atoms_are_whole_at_any_width() {
        let events = [event(UUID, "An event whose name is rather long"), event("e", "short")];
        let read: Vec<EventReply<'_>> =
            events.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
        for width in 1..120 {
            let shown = super::events(&read, Some(width));
            for whole in [UUID, "2026-12-31", "999998", "1000000"] {
                assert!(shown.contains(whole), "{whole} is wrapped at {width} columns:\n{shown}");
            }
        }
    }
}
