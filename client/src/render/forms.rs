//! The forms of commands, of HELP.

use bookline_protocol::commands::help::HelpRow;

use crate::render::layout::{Cell, Column, ColumnKind, Table};
use crate::render::page::Page;

const COLUMNS: &[Column] = &[("Command", ColumnKind::Text), ("What it does", ColumnKind::Text)];

/// The forms of commands.
pub fn forms(forms: &[HelpRow<'_>], page: &Page) -> String {
    let rows = forms.iter().map(|form| vec![Cell::from(&*form.usage), Cell::from(&*form.help)]);
    Table::new(COLUMNS, rows).lay_out(page)
}
