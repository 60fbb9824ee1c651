//! Days or people as rows of a grid, and the hours as its columns.

use bookline_protocol::commands::get::{DayEntry, DayReply};
use bookline_protocol::{Hour, Slot};
use unicode_width::UnicodeWidthStr;

use crate::render::text::printable;
use crate::screen::{Charset, Role, Screen};

/// Parts of a line, each with what it is.
pub type Runs = Vec<(Option<Role>, String)>;

/// The hours that are shown even if nothing is in them: those of a working day.
const SHOWN_HOURS: std::ops::Range<u8> = 8..18;

/// The columns of an hour, from the most. In one column an entry does not show where it ends.
const HOUR_WIDTHS: [usize; 3] = [3, 2, 1];

/// What fills an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    #[default]
    Free,
    Block,
    Meeting,
}

impl Mark {
    fn of(entry: &DayEntry<'_>) -> Self {
        if entry.meet.is_block() { Self::Block } else { Self::Meeting }
    }

    const fn symbol(self, charset: Charset) -> &'static str {
        match (self, charset) {
            (Self::Free, Charset::Unicode) => "·",
            (Self::Block, Charset::Unicode) => "▒",
            (Self::Meeting, Charset::Unicode) => "█",
            (Self::Free, Charset::Ascii) => ".",
            (Self::Block, Charset::Ascii) => "=",
            (Self::Meeting, Charset::Ascii) => "#",
        }
    }

    const fn role(self) -> Role {
        match self {
            Self::Free => Role::Muted,
            Self::Block => Role::Block,
            Self::Meeting => Role::Meeting,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub mark: Mark,
    /// Whether the same entry fills the next hour.
    pub goes_on: bool,
}

/// The hours of a day of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    label: String,
    /// What the label is, if it is special.
    role: Option<Role>,
    hours: [Cell; 24],
}

/// Rows of hours with their labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    rows: Vec<Row>,
}

/// The lines of a grid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GridLines {
    /// The numbers of the hours.
    pub header: Vec<Runs>,
    pub rows: Vec<Runs>,
    pub legend: Runs,
}

impl Grid {
    /// Adds a row for a day, of which there is no reply if nothing is there.
    pub fn add(&mut self, label: &str, day: Option<&DayReply<'_>>) {
        let mut hours = [Cell::default(); 24];
        for (date, entry) in day.iter().flat_map(|day| day.schedule.iter().map(|entry| (day.date, entry))) {
            let slot = Slot { date, hour: entry.time };
            let end = entry
                .place
                .from
                .zip(entry.place.hours)
                .map(|(from, hours)| from.index() + u32::from(hours.get()));
            let goes_on = end.is_some_and(|end| slot.index() + 1 < end);
            hours[usize::from(entry.time.get())] = Cell { mark: Mark::of(entry), goes_on };
        }
        self.add_cells(label, None, hours);
    }

    /// Adds a row of the hours of a day.
    pub fn add_cells(&mut self, label: &str, role: Option<Role>, hours: [Cell; 24]) {
        self.rows.push(Row { label: printable(label).into_owned(), role, hours });
    }

    /// The grid in at most `width` columns, and its legend. A label that is too wide to stand beside its row
    /// is above it.
    pub fn lines(&self, screen: Screen, width: usize) -> Vec<String> {
        let GridLines { header, rows, legend } = self.runs(screen.charset, width);
        let paint = |(role, text): &(Option<Role>, String)| {
            role.map_or_else(|| text.clone(), |role| screen.paint(role, text).into_owned())
        };
        let lines = header.iter().chain(&rows).chain([&legend]);
        lines.map(|runs| runs.iter().map(paint).collect()).collect()
    }

    /// As [`Self::lines`], without the escapes of colors.
    pub fn runs(&self, charset: Charset, width: usize) -> GridLines {
        let hours = self.hours();
        let (hour_width, margin) = self.widths(hours.len(), width);
        let header = header(&hours, hour_width, margin);
        let mut rows = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let cells = cells(&row.hours, &hours, hour_width, charset);
            let label = (row.role, row.label.clone());
            let padding = margin.checked_sub(row.label.width()).filter(|&blanks| blanks > 0);
            match padding {
                Some(blanks) => {
                    rows.push([label, (None, " ".repeat(blanks))].into_iter().chain(cells).collect());
                }
                None => {
                    rows.push(vec![label]);
                    rows.push([(None, " ".repeat(margin))].into_iter().chain(cells).collect());
                }
            }
        }
        let header = header.into_iter().map(|line| vec![(Some(Role::Muted), line)]).collect();
        GridLines { header, rows, legend: legend(charset) }
    }

    /// The columns of an hour, and those before the first hour: as many for an hour as leave room for all
    /// labels, else for one of them.
    fn widths(&self, hours: usize, width: usize) -> (usize, usize) {
        let labels = || self.rows.iter().map(|row| row.label.width() + 1);
        let room = |hour_width: usize| width.saturating_sub(hour_width * hours);
        let fits = |label: usize| HOUR_WIDTHS.into_iter().find(|&hour_width| label <= room(hour_width));
        let hour_width = labels().max().and_then(fits).or_else(|| labels().min().and_then(fits)).unwrap_or(1);
        let margin = labels().filter(|&label| label <= room(hour_width)).max().unwrap_or(0);
        (hour_width, margin)
    }

    /// The hours that have anything in a row, and those of a working day.
    fn hours(&self) -> Vec<Hour> {
        let is_filled =
            |hour: &u8| self.rows.iter().any(|row| row.hours[usize::from(*hour)].mark != Mark::Free);
        let first = (0..24).find(is_filled).unwrap_or(SHOWN_HOURS.start).min(SHOWN_HOURS.start);
        let last = (0..24).rfind(is_filled).unwrap_or(0).max(SHOWN_HOURS.end - 1);
        (first..=last).filter_map(Hour::new).collect()
    }
}

/// The numbers of the hours: of every second one where there is no blank between them, and one digit below
/// the other where an hour has one column.
fn header(hours: &[Hour], hour_width: usize, margin: usize) -> Vec<String> {
    let margin = " ".repeat(margin);
    if hour_width == 1 {
        let digits = |digit: fn(u8) -> u8| -> String {
            hours.iter().map(|hour| char::from(b'0' + digit(hour.get()))).collect()
        };
        return vec![
            format!("{margin}{}", digits(|hour| hour / 10)),
            format!("{margin}{}", digits(|hour| hour % 10)),
        ];
    }
    let step = if hour_width == 2 { 2 } else { 1 };
    let columns = step * hour_width;
    let number = |hour: &Hour| format!("{:<columns$}", format!("{:02}", hour.get()));
    let numbers: String = hours.iter().step_by(step).map(number).collect();
    vec![format!("{margin}{}", numbers.trim_end())]
}

/// The cells of a row. Those beside each other that hold the same are painted at once.
fn cells(row: &[Cell; 24], hours: &[Hour], hour_width: usize, charset: Charset) -> Runs {
    let mut runs: Runs = Vec::new();
    for hour in hours {
        let Cell { mark, goes_on } = row[usize::from(hour.get())];
        let symbol = mark.symbol(charset);
        let filled = match mark {
            _ if hour_width == 1 => 1,
            Mark::Free => 1,
            _ if goes_on => hour_width,
            _ => hour_width - 1,
        };
        let text = symbol.repeat(filled) + &" ".repeat(hour_width - filled);
        match runs.last_mut() {
            Some((last, run)) if *last == Some(mark.role()) => run.push_str(&text),
            _ => runs.push((Some(mark.role()), text)),
        }
    }
    if let Some((_, last)) = runs.last_mut() {
        last.truncate(last.trim_end().len());
    }
    runs
}

fn legend(charset: Charset) -> Runs {
    let names = [(Mark::Meeting, " meeting  "), (Mark::Block, " block  "), (Mark::Free, " free")];
    let runs = names
        .map(|(mark, name)| [(Some(mark.role()), mark.symbol(charset).to_owned()), (None, name.to_owned())]);
    runs.into_iter().flatten().collect()
}
