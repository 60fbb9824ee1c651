//! Tables, records and sentences in the columns of a page.

mod cell;
mod direction;
mod record;
mod table;
mod wrap;

pub use cell::Cell;
pub use record::record;
pub use table::{Column, ColumnKind, NAME_WIDTH_MIN, PADDING_WIDTH, Table};
pub use wrap::{Indent, fill, fill_indented, item};
