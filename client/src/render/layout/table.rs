//! Tables.

use unicode_width::UnicodeWidthStr;

use super::cell::Cell;
use super::column::{Column, ColumnKind, PADDING_WIDTH};
use super::direction::isolated;
use super::record::record;
use super::wrap::{LongWord, wrap};
use crate::render::page::Page;
use crate::screen::Role;

/// Columns, and rows of as many cells.
#[derive(Debug)]
pub struct Table<'c> {
    columns: &'c [Column],
    rows: Vec<Vec<Cell>>,
}

impl<'c> Table<'c> {
    pub fn new(columns: &'c [Column], rows: impl Iterator<Item = Vec<Cell>>) -> Self {
        Self { columns, rows: rows.collect() }
    }

    /// Lays out the rows as a table, or, where its columns do not fit, as records with a field a line.
    pub fn lay_out(&self, page: &Page) -> String {
        self.fitting(page).unwrap_or_else(|| self.records(page))
    }

    /// The table, if its columns fit.
    pub fn fitting(&self, page: &Page) -> Option<String> {
        let widths = self.widths(page.width())?;
        let mut out = String::new();
        let header: Vec<_> =
            self.columns.iter().map(|(name, _)| Cell::from(*name).with_role(Role::Heading)).collect();
        push_row(&mut out, &header, header.iter().map(|_| ColumnKind::Text), &widths, page);
        push_rule(&mut out, &widths, page);
        for row in &self.rows {
            push_row(&mut out, row, self.kinds(), &widths, page);
        }
        out.pop();
        Some(out)
    }

    /// The rows as records, with an empty line between them. Empty cells are left out.
    pub fn records(&self, page: &Page) -> String {
        let names: Vec<_> = self.columns.iter().map(|&(name, _)| Cell::from(name)).collect();
        let name_width = names.iter().map(Cell::width).max().unwrap_or(0);
        let records = self.rows.iter().map(|row| {
            let fields =
                names.iter().zip(row).zip(self.kinds()).map(|((name, value), kind)| (name, value, kind));
            record(fields.filter(|(_, value, _)| !value.text.is_empty()), name_width, page)
        });
        records.collect::<Vec<_>>().join("\n\n")
    }

    fn kinds(&self) -> impl Iterator<Item = ColumnKind> {
        self.columns.iter().map(|&(_, kind)| kind)
    }

    /// The widths of the columns without their blanks, narrowed until the table fits: each step takes the
    /// widest column that is above its minimum. `None` if it cannot fit.
    fn widths(&self, width: Option<usize>) -> Option<Vec<usize>> {
        let mut widths: Vec<_> = (0..self.columns.len()).map(|index| self.natural_width(index)).collect();
        let Some(width) = width else { return Some(widths) };
        // Two columns have a line between them.
        let others = widths.len() * (PADDING_WIDTH + 1) - 1;
        let mut excess = (widths.iter().sum::<usize>() + others).saturating_sub(width);
        let minimums: Vec<_> = (0..self.columns.len()).map(|index| self.minimum(index)).collect();
        while excess > 0 {
            let above = widths.iter_mut().zip(&minimums).filter(|(width, minimum)| **width > **minimum);
            *above.map(|(width, _)| width).max()? -= 1;
            excess -= 1;
        }
        Some(widths)
    }

    fn natural_width(&self, index: usize) -> usize {
        self.rows.iter().map(|row| row[index].width()).max().unwrap_or(0).max(self.columns[index].0.width())
    }

    /// The width below which a column is not narrowed.
    fn minimum(&self, index: usize) -> usize {
        let (name, kind) = self.columns[index];
        let longest_word = || self.rows.iter().map(|row| row[index].longest_word()).max().unwrap_or(1);
        kind.width_min().unwrap_or_else(|| longest_word().max(name.width()))
    }
}

/// Appends a row, of as many lines as its highest cell has.
fn push_row(
    out: &mut String,
    row: &[Cell],
    kinds: impl Iterator<Item = ColumnKind>,
    widths: &[usize],
    page: &Page,
) {
    let kinds: Vec<_> = kinds.collect();
    let cells: Vec<_> =
        row.iter().zip(widths).map(|(cell, &width)| wrap(&cell.text, width, LongWord::Broken)).collect();
    for number in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
        for (index, lines) in cells.iter().enumerate() {
            if index > 0 {
                out.push(page.lines().vertical);
            }
            let line = lines.get(number).map(String::as_str).unwrap_or_default();
            let blanks = " ".repeat(widths[index].saturating_sub(line.width()));
            let line = isolated(line, page);
            let line = row[index].role.map_or_else(|| line.clone(), |role| page.paint(role, &line));
            match kinds[index] {
                ColumnKind::Number => out.extend([" ", &blanks, &line, " "]),
                _ => out.extend([" ", &line, &blanks, " "]),
            }
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
}

/// Appends the line below the header.
fn push_rule(out: &mut String, widths: &[usize], page: &Page) {
    let lines = page.lines();
    for (index, width) in widths.iter().enumerate() {
        if index > 0 {
            out.push(lines.crossing);
        }
        out.extend(std::iter::repeat_n(lines.horizontal, width + PADDING_WIDTH));
    }
    out.push('\n');
}
