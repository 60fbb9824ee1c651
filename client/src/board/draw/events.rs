//! All events, one a row.

use bookline_protocol::{Sales, Timestamp};
use ratatui::layout::Rect;

use crate::board::draw::canvas::{Align, Canvas, MARK_ROLE, mark};
use crate::board::events::{Event, Events};
use crate::board::model::Model;
use crate::render::bar::{WIDTH as BAR_WIDTH, bar_in, role};
use crate::screen::Role;

/// The names of the columns.
pub const HEADER_ROWS: u16 = 1;

/// The columns of a name are at least as many, else the bar is left out.
const NAME_WIDTH_MIN: u16 = 12;

/// On a terminal of so many columns there is room for longer bars and wider gaps.
const WIDE: u16 = 100;

const DATE_WIDTH: u16 = 10;
const HELD_WIDTH: u16 = 4;
const SOLD_WIDTH: u16 = 8;

/// The sign and a blank before a row.
const MARK_WIDTH: u16 = 2;

/// The first column of each part of a row, and its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    name: (u16, u16),
    date: (u16, u16),
    /// Where there is room for it.
    bar: Option<(u16, u16)>,
    left: (u16, u16),
    held: (u16, u16),
    sold: (u16, u16),
    total_digits: usize,
}

impl Columns {
    /// The columns for these events.
    fn of<'e>(events: impl Iterator<Item = &'e Event>, width: u16) -> Self {
        let (mut available, mut total, mut held) = (0, 0, 0);
        for event in events {
            available = available.max(event.available);
            total = total.max(event.total);
            held = held.max(event.held);
        }
        let total_digits = digits(total);
        let left_width = (digits(available) + "/".len() + total_digits) as u16;
        let held_width = HELD_WIDTH.max(digits(held) as u16);
        let (gap, bar_width) = if width >= WIDE { (2, 2 * BAR_WIDTH) } else { (1, BAR_WIDTH) };
        let bar_width = bar_width as u16;
        let fixed = MARK_WIDTH + DATE_WIDTH + left_width + held_width + SOLD_WIDTH + 4 * gap;
        let with_bar = width.checked_sub(fixed + bar_width + 1).filter(|&name| name >= NAME_WIDTH_MIN);
        let name_width = with_bar.unwrap_or(width.saturating_sub(fixed));
        let mut next = MARK_WIDTH;
        let mut column = |width: u16, gap: u16| {
            let first = next;
            next += width + gap;
            (first, width)
        };
        Self {
            name: column(name_width, gap),
            date: column(DATE_WIDTH, gap),
            bar: with_bar.map(|_| column(bar_width, 1)),
            left: column(left_width, gap),
            held: column(held_width, gap),
            sold: column(SOLD_WIDTH, 0),
            total_digits,
        }
    }
}

/// Draws the events that are on the screen.
pub fn draw(canvas: &mut Canvas<'_>, events: &Events, model: &Model, area: Rect, now: Timestamp) {
    let today = model.today(now);
    let columns = Columns::of(events.from(today), area.width);
    let seconds = events.seconds_counted(now);
    header(canvas, &columns, area.y, seconds);
    let shown = model.scroll.shown();
    let rows = events.from(today).skip(shown.start).take(shown.len());
    for (event, y) in rows.zip(area.y + HEADER_ROWS..area.bottom()) {
        row(canvas, &columns, event, y, now);
    }
    if model.scroll.total == 0 && model.is_loaded() {
        canvas.put(MARK_WIDTH, area.y + HEADER_ROWS, area.width, "There are no events.", Some(Role::Muted));
    }
}

/// The names of the columns. That of the sales says how many seconds are counted.
fn header(canvas: &mut Canvas<'_>, columns: &Columns, y: u16, seconds: u32) {
    let sold = if seconds < 60 { format!("Sold/{seconds}s") } else { "Sold/min".to_owned() };
    let left = columns.bar.map_or(columns.left, |bar| (bar.0, columns.left.0 + columns.left.1 - bar.0));
    for (column, name, align) in [
        (columns.name, "Event", Align::Left),
        (columns.date, "Date", Align::Left),
        (left, "Left", Align::Left),
        (columns.held, "Held", Align::Right),
        (columns.sold, &sold, Align::Right),
    ] {
        canvas.put_cell(column, y, name, align, Some(Role::Heading));
    }
}

fn row(canvas: &mut Canvas<'_>, columns: &Columns, event: &Event, y: u16, now: Timestamp) {
    if event.is_marked(now) {
        canvas.put(0, y, 1, mark(canvas.screen.charset), Some(MARK_ROLE));
    }
    let Event { available, total, held, .. } = *event;
    let left_role = Some(role(available, total));
    canvas.put_cell(columns.name, y, &event.name, Align::Left, None);
    canvas.put_cell(columns.date, y, &event.date.iso().to_string(), Align::Left, None);
    if let Some(bar) = columns.bar {
        let drawn = bar_in(bar.1.into(), available, total, &canvas.page());
        canvas.put_cell(bar, y, &drawn, Align::Left, left_role);
    }
    let left = format!("{available}/{total:>width$}", width = columns.total_digits);
    canvas.put_cell(columns.left, y, &left, Align::Right, left_role);
    if held > 0 {
        canvas.put_cell(columns.held, y, &held.to_string(), Align::Right, None);
    }
    let (sold, sold_role) = match event.sold.count(now) {
        0 if event.sales == Sales::Closed => ("closed".to_owned(), Some(Role::Muted)),
        0 => ("0".to_owned(), Some(Role::Muted)),
        sold => (sold.to_string(), Some(Role::Heading)),
    };
    canvas.put_cell(columns.sold, y, &sold, Align::Right, sold_role);
}

fn digits(number: u32) -> usize {
    number.to_string().len()
}
