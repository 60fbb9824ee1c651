//! Columns.

use bookline_protocol::reply::{Day, Event, HelpRow, Meet, MonthRow};
use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, Table,
    TableStyle, Width,
};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::plain;

/// A line under the names and one between columns, in ASCII, which every terminal shows.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction('|'))
    .header_separator(LineStyle::none().fill('-').junction('+'))
    .content_lines(ContentLineStyle::none().junction('|'));

/// What stands in the place of a title at an hour that is only kept free.
const BLOCKED: &str = "(blocked)";

/// A column of text is at least so wide: narrower than this it is no longer read but spelled.
const MIN_TEXT: u16 = 12;

/// The blanks beside the content of a column.
const PADDING: u16 = 2;

/// What a column holds, and so how it gives way where there is too little room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Ids, dates, times and words of the protocol, which mean something else when they are broken.
    Whole,
    /// The same, at the right.
    Number,
    /// Ids with commas between them, broken only there.
    Ids,
    /// Text, broken between words, and within a word where that alone is too long.
    Text,
}

/// A column: its name, and what it holds.
type Column = (&'static str, Kind);

/// The listing of events, or one of them.
pub(super) fn events(events: &[Event<'_>], width: Option<u16>) -> String {
    use Kind::{Number, Text, Whole};
    let columns = [("Event", Whole), ("Name", Text), ("Date", Whole), ("Left", Number), ("Tickets", Number)];
    let row = |event: &Event<'_>| {
        vec![
            event.id.to_string(),
            event.name.to_string(),
            event.date.iso().to_string(),
            event.available_tickets.to_string(),
            event.total_tickets.to_string(),
        ]
    };
    lay_out(&columns, events.iter().map(row), width)
}

/// The occupied hours of a day.
pub(super) fn day(day: &Day<'_>, width: Option<u16>) -> String {
    let title = format!("{} on {}", plain::text(&day.name), day.date.civil());
    if day.schedule.is_empty() {
        return format!("{title}: nothing there.");
    }
    let columns = [("Time", Kind::Whole), ("What", Kind::Text), ("With", Kind::Ids), ("Host", Kind::Whole)];
    let rows = day.schedule.iter().map(|scheduled| {
        let [what, with, host] = meet(&scheduled.meet);
        vec![scheduled.time.to_string(), what, with, host]
    });
    format!("{title}\n{}", lay_out(&columns, rows, width))
}

/// The hours that have meetings.
pub(super) fn hours(hours: &[MonthRow<'_>], width: Option<u16>) -> String {
    use Kind::{Ids, Text, Whole};
    let columns = [("Date", Whole), ("Time", Whole), ("What", Text), ("With", Ids), ("Host", Whole)];
    let rows = hours.iter().flat_map(|hour| {
        hour.meetings.iter().map(|meeting| {
            let [what, with, host] = meet(meeting);
            vec![hour.date.civil().to_string(), hour.time.to_string(), what, with, host]
        })
    });
    lay_out(&columns, rows, width)
}

/// The forms of commands.
pub(super) fn forms(forms: &[HelpRow<'_>], width: Option<u16>) -> String {
    let columns = [("Command", Kind::Text), ("What it does", Kind::Text)];
    lay_out(&columns, forms.iter().map(|form| vec![form.usage.to_string(), form.help.to_string()]), width)
}

/// Whatever else there is to an object, by name.
pub(super) fn fields(fields: &[(String, Value)], width: Option<u16>) -> String {
    let field = |(name, value): &(String, Value)| {
        (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned), Kind::Whole)
    };
    record(fields.iter().map(field), width)
}

fn meet(meet: &Meet<'_>) -> [String; 3] {
    let what = if meet.group.is_empty() && meet.title.is_empty() { BLOCKED } else { &meet.title };
    let with: Vec<_> = meet.group.iter().collect();
    [what.to_owned(), with.join(", "), meet.host.to_string()]
}

/// Lays out rows in columns; where the columns do not fit, in records of a field a line.
fn lay_out(columns: &[Column], rows: impl Iterator<Item = Vec<String>>, width: Option<u16>) -> String {
    let rows: Vec<_> = rows.collect();
    let mut table = empty();
    table.set_header(columns.iter().map(|(name, _)| *name));
    for row in &rows {
        table.add_row(row.iter().zip(columns).map(|(content, (_, kind))| cell(content, *kind)));
    }
    let floors = columns.iter().enumerate().map(|(index, (_, kind))| {
        (*kind != Kind::Whole && *kind != Kind::Number).then(|| {
            let contents = rows.iter().map(|row| row[index].as_str());
            if *kind == Kind::Ids { contents.map(longest_word).max().unwrap_or(1) } else { MIN_TEXT }
        })
    });
    if fit(&mut table, &floors.collect::<Vec<_>>(), width) {
        return table.trim_fmt();
    }
    let records = rows.into_iter().map(|row| {
        let fields =
            columns.iter().zip(row).map(|((name, kind), content)| ((*name).to_owned(), content, *kind));
        record(fields, width)
    });
    records.collect::<Vec<_>>().join("\n\n")
}

/// Lays out fields, one a line. What must not be broken and has no room beside its name stands below it.
fn record(fields: impl Iterator<Item = (String, String, Kind)>, width: Option<u16>) -> String {
    let fields: Vec<_> =
        fields.map(|(name, content, kind)| (plain::text(&name).into_owned(), content, kind)).collect();
    let longest = fields.iter().map(|(name, ..)| name.width()).max().unwrap_or(0);
    let room = width.map_or(usize::MAX, |width| usize::from(width).saturating_sub(longest + 4));
    let line = |(name, content, kind): &(String, String, Kind)| {
        let name = format!("{name}{}", " ".repeat(longest - name.width()));
        if *kind != Kind::Text && usize::from(longest_word(content)) > room {
            return format!(" {name} |\n{}", plain::text(content));
        }
        let mut table = empty();
        // Below each other all contents begin at the left.
        table.add_row([cell(&name, Kind::Whole), cell(content, Kind::Text)]);
        fit(&mut table, &[None, Some(1)], width);
        table.trim_fmt()
    };
    fields.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Makes columns narrower until they fit: each time the widest of those that have a floor and are above it. Returns
/// whether they fit.
fn fit(table: &mut Table, floors: &[Option<u16>], width: Option<u16>) -> bool {
    let mut widths = table.column_max_content_widths();
    let Some(width) = width else { return true };
    // A line stands between two columns. The last blank is trimmed, but not the line below the header.
    let trimmed = if table.header().is_some() { 1 } else { 2 };
    let others = widths.len() as u32 * u32::from(PADDING + 1) - trimmed;
    while widths.iter().copied().map(u32::from).sum::<u32>() + others > width.into() {
        let columns = widths.iter_mut().zip(floors);
        let above =
            columns.filter_map(|(width, floor)| floor.is_some_and(|floor| *width > floor).then_some(width));
        match above.max() {
            Some(width) => *width -= 1,
            None => return false,
        }
    }
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(u16::MAX);
    table.set_constraints(
        widths.into_iter().map(|width| ColumnConstraint::Absolute(Width::Fixed(width + PADDING))),
    );
    true
}

fn longest_word(content: &str) -> u16 {
    let longest = content.split_whitespace().map(UnicodeWidthStr::width).max();
    longest.unwrap_or(1).try_into().unwrap_or(u16::MAX)
}

fn empty() -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table
}

fn cell(content: &str, kind: Kind) -> Cell {
    let cell = Cell::new(plain::text(content));
    if kind == Kind::Number { cell.set_alignment(CellAlignment::Right) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, name: &str) -> String {
        format!(
            r#"{{"id":"{id}","name":"{name}","date":"2026-12-31","total_tickets":1000000,"available_tickets":999998}}"#
        )
    }

    fn shown(events_of: &[String], width: u16) -> String {
        let read: Vec<Event<'_>> = events_of.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
        let shown = events(&read, Some(width));
        let longest = shown.lines().map(UnicodeWidthStr::width).max().unwrap();
        assert!(longest <= width.into(), "{longest} columns in\n{shown}");
        shown
    }

    const UUID: &str = "2bc0eb7e-04a3-4048-a36a-2a781ecae285";

    #[test]
    fn the_widest_text_gives_way_and_nothing_else() {
        let events = [event(UUID, "An event whose name is rather long"), event("e", "short")];
        let table = "\
\x20Event                                | Name         | Date       | Left   | Tickets
--------------------------------------+--------------+------------+--------+---------
 2bc0eb7e-04a3-4048-a36a-2a781ecae285 | An event     | 2026-12-31 | 999998 | 1000000
                                      | whose name   |            |        |
                                      | is rather    |            |        |
                                      | long         |            |        |
 e                                    | short        | 2026-12-31 | 999998 | 1000000";
        assert_eq!(shown(&events, 85), table);
    }

    #[test]
    fn where_columns_do_not_fit_there_are_records() {
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
        assert_eq!(shown(&events, 80), records);
        assert_eq!(shown(&events[1..], 21), records.split_once("\n\n").unwrap().1);
        let below = "\
\x20Event   |
2bc0eb7e-04a3-4048-a36a-2a781ecae285
 Name    | An event whose name is rather
         | long
 Date    | 2026-12-31
 Left    | 999998
 Tickets | 1000000";
        assert_eq!(shown(&events[..1], 40), below);
    }

    #[test]
    fn ids_with_commas_are_broken_between_two_of_them() {
        let day: Day<'_> = serde_json::from_str(
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
    fn any_width_is_taken() {
        let events = [event(UUID, "An event whose name is rather long"), event("e", "short")];
        let read: Vec<Event<'_>> = events.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
        for width in 1..120 {
            let shown = super::events(&read, Some(width));
            for whole in [UUID, "2026-12-31", "999998", "1000000"] {
                assert!(shown.contains(whole), "{whole} is broken at {width} columns:\n{shown}");
            }
        }
    }
}
