//! Events as a table, with a bar of what is left.

use bookline_protocol::Sales;
use bookline_protocol::reply::EventReply;

use crate::render::bar;
use crate::render::layout::{Cell, Column, ColumnKind, Table};
use crate::render::page::Page;

/// Events, of a listing or a single one. The bars are left out where they do not fit.
pub fn events(events: &[EventReply<'_>], page: &Page) -> String {
    let columns = Columns::of(events);
    let names = columns.names();
    let table = |has_bar: bool| {
        Table::new(&names, events.iter().map(|event| columns.row(event, has_bar.then_some(page))))
    };
    let with_bars = table(true);
    let fitting = with_bars.fitting(page).or_else(|| table(false).fitting(page));
    fitting.unwrap_or_else(|| with_bars.records(page))
}

/// The columns of these events, and the digits of their largest numbers.
struct Columns {
    has_holds: bool,
    has_sale: bool,
    available_digits: usize,
    total_digits: usize,
}

impl Columns {
    fn of(events: &[EventReply<'_>]) -> Self {
        let digits = |number: fn(&EventReply<'_>) -> u32| {
            events.iter().map(number).max().unwrap_or(0).to_string().len()
        };
        Self {
            has_holds: events.iter().any(|event| event.held_tickets > 0),
            has_sale: events.iter().any(|event| !sale(event).is_empty()),
            available_digits: digits(|event| event.available_tickets),
            total_digits: digits(|event| event.total_tickets),
        }
    }

    fn names(&self) -> Vec<Column> {
        use ColumnKind::{Atom, Name, Number, Text};
        let mut names = vec![("Event", Atom), ("Name", Name), ("Date", Atom), ("Left", Atom)];
        names.extend(self.has_holds.then_some(("Held", Number)));
        names.extend(self.has_sale.then_some(("Sale", Text)));
        names
    }

    /// The row of an event, with a bar if there is a page to draw it on.
    fn row(&self, event: &EventReply<'_>, bar: Option<&Page>) -> Vec<Cell> {
        let mut row = vec![
            Cell::from(&*event.id),
            Cell::from(&*event.name),
            event.date.iso().to_string().into(),
            self.left(event, bar),
        ];
        row.extend(self.has_holds.then(|| event.held_tickets.to_string().into()));
        row.extend(self.has_sale.then(|| sale(event).into()));
        row
    }

    /// How many tickets are left. The numbers of all rows are below each other.
    fn left(&self, event: &EventReply<'_>, bar: Option<&Page>) -> Cell {
        let EventReply { available_tickets: left, total_tickets: total, .. } = *event;
        let numbers = format!("{left:>0$} of {total:>1$}", self.available_digits, self.total_digits);
        let bar = bar.map(|page| bar::bar(left, total, page) + " ").unwrap_or_default();
        Cell::from(bar + &numbers).with_role(bar::role(left, total))
    }
}

/// What is special about the sale of an event. Nothing is where any booking is possible, so that a table of
/// such events has no column for it.
fn sale(event: &EventReply<'_>) -> String {
    let closed = (event.sales == Sales::Closed).then(|| "closed".to_owned());
    let limit = event.max_per_booking.map(|tickets| format!("at most {tickets} per booking"));
    closed.into_iter().chain(limit).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::screen::Screen;

    const UUID: &str = "2bc0eb7e-04a3-4048-a36a-2a781ecae285";

    fn event(id: &str, name: &str) -> String {
        let counts = r#""total_tickets":1000000,"available_tickets":999998"#;
        format!(r#"{{"id":"{id}","name":"{name}","date":"2026-12-31",{counts}}}"#)
    }

    fn render(bodies: &[String], width: u16) -> String {
        let read: Vec<EventReply<'_>> =
            bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
        events(&read, &Page::with_width(Screen::PLAIN, Some(width)))
    }

    /// As [`render`], and no line is wider than the page.
    fn render_within(bodies: &[String], width: u16) -> String {
        let shown = render(bodies, width);
        let longest = shown.lines().map(UnicodeWidthStr::width).max().unwrap();
        assert!(longest <= width.into(), "{longest} columns in\n{shown}");
        shown
    }

    #[test]
    fn table_too_wide_wraps_its_widest_text_only() {
        let events = [event(UUID, "An event whose name is rather long"), event("e", "short")];
        let table = "\
\x20Event                                | Name         | Date       | Left
--------------------------------------+--------------+------------+----------------------------
 2bc0eb7e-04a3-4048-a36a-2a781ecae285 | An event     | 2026-12-31 | #######. 999998 of 1000000
                                      | whose name   |            |
                                      | is rather    |            |
                                      | long         |            |
 e                                    | short        | 2026-12-31 | #######. 999998 of 1000000";
        assert_eq!(render_within(&events, 95), table);
    }

    #[test]
    fn table_without_bars_is_drawn_where_bars_do_not_fit() {
        let table = "\
\x20Event | Name         | Date       | Left
-------+--------------+------------+-------------------
 e     | An event     | 2026-12-31 | 999998 of 1000000
       | whose name   |            |
       | is rather    |            |
       | long         |            |";
        assert_eq!(render_within(&[event("e", "An event whose name is rather long")], 55), table);
    }

    #[test]
    fn columns_that_do_not_fit_become_records() {
        let events = [event(UUID, "An event whose name is rather long"), event("e", "short")];
        let records = "\
\x20Event | 2bc0eb7e-04a3-4048-a36a-2a781ecae285
 Name  | An event whose name is rather long
 Date  | 2026-12-31
 Left  | #######. 999998 of 1000000

 Event | e
 Name  | short
 Date  | 2026-12-31
 Left  | #######. 999998 of 1000000";
        assert_eq!(render_within(&events, 80), records);
        assert_eq!(render_within(&events[1..], 35), records.split_once("\n\n").unwrap().1);
        let below = "\
\x20Event |
2bc0eb7e-04a3-4048-a36a-2a781ecae285
 Name  | An event whose name is rather
       | long
 Date  | 2026-12-31
 Left  | #######. 999998 of 1000000";
        assert_eq!(render_within(&events[..1], 40), below);
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
\x20Event | Name | Date       | Left                       | Sale
-------+------+------------+----------------------------+-------------------------------
 a     | a    | 2026-12-31 | #######. 999998 of 1000000 |
 b     | b    | 2026-12-31 | #######. 999998 of 1000000 | closed
 c     | c    | 2026-12-31 | #######. 999998 of 1000000 | at most 4 per booking
 d     | d    | 2026-12-31 | #######. 999998 of 1000000 | closed, at most 1 per booking";
        assert_eq!(render_within(&events, 100), table);
        assert!(!render(&events[..1], 100).contains("Sale"));
    }

    #[test]
    fn held_tickets_are_shown_in_a_column_of_their_own() {
        let held = event("a", "a").replace('}', r#","held_tickets":2}"#);
        let table = "\
\x20Event | Name | Date       | Left                       | Held
-------+------+------------+----------------------------+------
 a     | a    | 2026-12-31 | #######. 999998 of 1000000 |    2
 e     | e    | 2026-12-31 | #######. 999998 of 1000000 |    0";
        assert_eq!(render_within(&[held, event("e", "e")], 80), table);
        assert!(!render(&[event("e", "e")], 80).contains("Held"));
    }

    #[test]
    fn numbers_of_all_events_are_below_each_other() {
        let other = r#"{"id":"b","name":"b","date":"2026-12-31","total_tickets":5,"available_tickets":0}"#;
        let shown = render(&[event("a", "a"), other.to_owned()], 80);
        assert!(shown.ends_with("| ........      0 of       5"), "{shown}");
    }

    #[test]
    fn event_with_a_generated_id_is_in_a_table_of_80_columns() {
        let event = format!(
            r#"{{"id":"{UUID}","name":"Rust Conf Berlin","date":"2026-12-31","total_tickets":10000,
            "available_tickets":10000}}"#
        );
        let shown = render(&[event], 80);
        assert!(shown.starts_with(" Event  ") && shown.lines().all(|line| line.len() <= 80), "{shown}");
    }

    #[test]
    fn atoms_are_whole_at_any_width() {
        let events = [event(UUID, "An event whose name is rather long"), event("e", "short")];
        for width in 1..120 {
            let shown = render(&events, width);
            for whole in [UUID, "2026-12-31", "999998", "1000000"] {
                assert!(shown.contains(whole), "{whole} is wrapped at {width} columns:\n{shown}");
            }
        }
    }
}
