//! The tickets of an event as a table, for the people at the door.

use bookline_protocol::TicketStatus;
use bookline_protocol::commands::tickets::TicketRow;
use bookline_protocol::ticket::TICKET_ID_CHARS;

use crate::render::layout::{Cell, Column, ColumnKind, NAME_WIDTH_MIN, PADDING_WIDTH, Table};
use crate::render::page::Page;
use crate::render::text::words_of;
use crate::render::time;
use crate::screen::Role;

// Tickets with whole ids are a table on paper.
const _: () = {
    const WIDTHS: usize = TICKET_ID_CHARS + "checked in".len() + "2026-11-26 09:57".len();
    const LINES: usize = 3;
    assert!(WIDTHS + NAME_WIDTH_MIN + 4 * PADDING_WIDTH + LINES <= Page::COLUMNS_DEFAULT);
};

const COLUMNS: &[Column] = &[
    ("Ticket", ColumnKind::Atom),
    ("Status", ColumnKind::Atom),
    ("Since (UTC)", ColumnKind::Atom),
    ("For", ColumnKind::Name),
];

/// The tickets of an event.
pub fn tickets(tickets: &[TicketRow<'_>], page: &Page) -> String {
    let rows = tickets.iter().map(|ticket| {
        vec![
            Cell::from(&*ticket.ticket),
            Cell::from(words_of(ticket.status.as_str())).with_role(role(ticket.status)),
            ticket.at.map(time::minute).unwrap_or_default().into(),
            ticket.attendee.as_deref().unwrap_or_default().into(),
        ]
    });
    Table::new(COLUMNS, rows).lay_out(&page.or_width(Page::COLUMNS_DEFAULT))
}

const fn role(status: TicketStatus) -> Option<Role> {
    match status {
        TicketStatus::Booked => None,
        TicketStatus::CheckedIn => Some(Role::Good),
        TicketStatus::Cancelled => Some(Role::Error),
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::screen::Screen;

    const UUID: &str = "2bc0eb7e-04a3-4048-a36a-2a781ecae285";

    fn ticket(id: &str, status: &str, attendee: &str) -> String {
        let at = "2026-11-26T09:57:53.123456Z";
        format!(r#"{{"ticket":"{id}","status":"{status}","at":"{at}","for":"{attendee}"}}"#)
    }

    fn render(bodies: &[String], width: Option<u16>) -> String {
        let read: Vec<TicketRow<'_>> =
            bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
        tickets(&read, &Page::with_width(Screen::PLAIN, width))
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
        assert_eq!(render(&rows, Some(100)), table);
    }

    #[test]
    fn long_names_are_wrapped_for_paper_where_no_width_is_known() {
        let name = "Wolfeschlegelsteinhausenbergerdorff ".repeat(5);
        let shown = render(&[ticket("b0ee01", "checked_in", name.trim())], None);
        assert!(shown.lines().all(|line| line.width() <= 80), "{shown}");
        assert_eq!(shown.matches("Wolfeschlegelsteinhausenbergerdorff").count(), 5, "{shown}");
        // A name without blanks is wrapped as well, and all of it is there.
        let shown = render(&[ticket("b0ee01", "checked_in", &"x".repeat(200))], None);
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
        assert_eq!(render(&[ticket(UUID, "checked_in", "Ada Lovelace")], None), table);
    }
}
