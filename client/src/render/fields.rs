//! An object of unknown shape.

use serde_json::{Map, Value};

use crate::render::layout::{Cell, ColumnKind, record};
use crate::render::page::Page;

/// A field a line.
pub fn fields(fields: &Map<String, Value>, page: &Page) -> String {
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let values: Vec<_> = fields.values().map(|it| Cell::from(value(it))).collect();
    let names = fields.keys().map(|name| Cell::from(name.as_str()));
    record(names.zip(&values).map(|(name, value)| (name, value, ColumnKind::Atom)), page)
}
