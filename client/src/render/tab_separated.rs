//! Records as lines with tabs between their cells, for awk and mail: a line with the names of the columns,
//! then a line for each row.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::render::records::Records;
use crate::render::text::printable;

/// Writes the rows, and the names of the columns before them if `with_columns`.
///
/// # Errors
///
/// Those of `out`.
pub fn write(out: &mut impl Write, records: &Records, with_columns: bool) -> io::Result<()> {
    if with_columns {
        write_row(out, &records.columns)?;
    }
    records.rows.iter().try_for_each(|row| write_row(out, row))
}

/// Writes one row.
///
/// # Errors
///
/// Those of `out`.
pub fn write_row(out: &mut impl Write, cells: &[impl AsRef<str>]) -> io::Result<()> {
    for (at, content) in cells.iter().enumerate() {
        if at > 0 {
            out.write_all(b"\t")?;
        }
        out.write_all(cell(content.as_ref()).as_bytes())?;
    }
    out.write_all(b"\n")
}

/// The cell on one line and without a tab: `\t`, `\n`, `\\`, and an escape for every other character that
/// would not be shown as itself.
fn cell(content: &str) -> Cow<'_, str> {
    if !content.contains('\\') && !content.contains('\n') {
        return printable(content);
    }
    let escaped = content.replace('\\', "\\\\").replace('\n', "\\n");
    Cow::Owned(printable(&escaped).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_neither_tabs_nor_line_feeds() {
        let records = Records {
            columns: vec!["a".into(), "b".into()],
            rows: vec![
                vec!["x y".to_owned(), "上田 \"Ž\"".to_owned()],
                vec!["\t\n\\n".to_owned(), "\u{1b}[2J".to_owned()],
                vec![String::new(), String::new()],
            ],
        };
        let mut out = Vec::new();
        write(&mut out, &records, true).unwrap();
        let lines = "a\tb\nx y\t上田 \"Ž\"\n\\t\\n\\\\n\t\\u{1b}[2J\n\t\n";
        assert_eq!(String::from_utf8(out).unwrap(), lines);
    }
}
