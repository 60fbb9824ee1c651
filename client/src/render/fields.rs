//! An object of unknown shape.

use serde_json::{Map, Value};

use crate::render::layout::{Cell, ColumnKind, record};
use crate::render::page::Page;

/// A field a line.
pub fn fields(fields: &Map<String, Value>, page: &Page) -> String {
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields: Vec<_> =
        fields.iter().map(|(name, it)| (Cell::from(name.as_str()), Cell::from(value(it)))).collect();
    let name_width = fields.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    record(fields.iter().map(|(name, value)| (name, value, ColumnKind::Atom)), name_width, page)
}
