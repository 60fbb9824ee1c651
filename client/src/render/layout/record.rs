//! Records: a field a line.

use unicode_width::UnicodeWidthStr;

use super::cell::Cell;
use super::column::ColumnKind;
use super::direction::isolated;
use super::wrap::{LongWord, wrap};
use crate::render::page::Page;
use crate::screen::Role;

/// The columns beside the name and the value of a field: a blank before and behind the name, the line, and a
/// blank.
const BESIDE_FIELD_WIDTH: usize = 4;

/// Lays out fields, one a line, with their names in so many columns. A value that must not be broken and does
/// not fit beside its name is below it.
pub fn record<'a>(
    fields: impl Iterator<Item = (&'a Cell, &'a Cell, ColumnKind)>,
    name_width: usize,
    page: &Page,
) -> String {
    let value_width = page.width().map(|width| width.saturating_sub(name_width + BESIDE_FIELD_WIDTH));
    let mut lines = Vec::new();
    for (name, value, kind) in fields {
        let start = |name: &str| {
            let (blanks, vertical) =
                (" ".repeat(name_width.saturating_sub(name.width())), page.lines().vertical);
            format!(" {}{blanks} {vertical}", page.paint(Role::Heading, name))
        };
        let painted = |line: &str| {
            let line = isolated(line, page);
            value.role.map_or_else(|| line.to_string(), |role| page.paint(role, &line).into_owned())
        };
        let fits = value_width.is_none_or(|width| kind.is_broken() || value.longest_word() <= width);
        if !fits {
            lines.push(start(&name.text));
            let width = page.width().unwrap_or(usize::MAX);
            lines.extend(wrap(&value.text, width, LongWord::BrokenUnlessId).iter().map(|line| painted(line)));
            continue;
        }
        let width = value_width.unwrap_or(usize::MAX).max(1);
        for (index, line) in wrap(&value.text, width, LongWord::Broken).iter().enumerate() {
            let line = format!("{} {}", start(if index == 0 { &name.text } else { "" }), painted(line));
            lines.push(line.trim_end().to_owned());
        }
    }
    lines.join("\n")
}
