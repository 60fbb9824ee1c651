//! Tables, records and sentences in the columns of a page.

mod cell;
mod column;
mod direction;
mod record;
mod table;
mod wrap;

pub use cell::Cell;
pub use column::{Column, ColumnKind, NAME_WIDTH_MIN, PADDING_WIDTH};
pub use direction::isolated;
pub use record::record;
pub use table::Table;
pub use wrap::{Indent, fill, fill_indented, item};
