//! Records as comma-separated values, by RFC 4180: a line with the names of the columns, then a line for each
//! row.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};

use crate::render::records::Records;
use crate::render::text::printable;

/// A spreadsheet takes a cell for a formula that begins with one of these, in either width.
const FORMULA_STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Writes the rows, and the names of the columns before them if `with_columns`. For a terminal, characters
/// that could control it are escaped.
///
/// # Errors
///
/// Those of `out`.
pub fn write(
    out: &mut impl Write,
    records: &Records,
    with_columns: bool,
    is_terminal: bool,
) -> io::Result<()> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    let shown = |content: &str| -> String {
        let cell = if is_terminal { printable(content) } else { Cow::Borrowed(content) };
        without_formula(&cell).into_owned()
    };
    if with_columns {
        writer.write_record(records.columns.iter().map(|name| shown(name)))?;
    }
    for row in &records.rows {
        writer.write_record(row.iter().map(|cell| shown(cell)))?;
    }
    writer.flush()
}

/// The cell as text, which a spreadsheet shows and does not run: names come from strangers, and a formula
/// could send the sheet to one of them. It gets an apostrophe before it, as OWASP recommends. Blanks before a
/// formula do not make it text.
fn without_formula(cell: &str) -> Cow<'_, str> {
    if cell.trim_start().starts_with(FORMULA_STARTS) {
        return Cow::Owned(format!("'{cell}"));
    }
    Cow::Borrowed(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str], is_terminal: bool) -> Vec<String> {
        let rows = names.iter().map(|name| vec!["b0ee01".to_owned(), (*name).to_owned()]).collect();
        let records = Records { columns: vec!["ticket".into(), "for".into()], rows };
        let mut out = Vec::new();
        write(&mut out, &records, true, is_terminal).unwrap();
        let shown = String::from_utf8(out).unwrap();
        let rows = shown.strip_prefix("ticket,for\r\n").unwrap().strip_suffix("\r\n").unwrap();
        rows.split("\r\n").map(|row| row.strip_prefix("b0ee01,").unwrap().to_owned()).collect()
    }

    #[test]
    fn cell_with_commas_quotes_or_line_feeds_is_quoted() {
        let typed = ["Lovelace, Ada", "Ada \"Countess\" Lovelace", "Ada\nLovelace", "Žofie 上田"];
        let cells =
            ["\"Lovelace, Ada\"", "\"Ada \"\"Countess\"\" Lovelace\"", "\"Ada\nLovelace\"", "Žofie 上田"];
        assert_eq!(names(&typed, false), cells);
    }

    #[test]
    fn cell_that_begins_a_formula_is_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\u{a0}@x", "＝1", "－1"] {
            assert_eq!(names(&[formula], false), [format!("'{formula}")], "{formula:?}");
        }
        assert_eq!(names(&["=1,\"2\""], false), ["\"'=1,\"\"2\"\"\""]);
        let harmless = ["a=1", "1-1", "'=1", "Ada +1"];
        assert_eq!(names(&harmless, false), harmless);
    }

    #[test]
    fn control_characters_are_escaped_on_a_terminal_only() {
        assert_eq!(names(&["a\u{1b}[2J"], true), ["a\\u{1b}[2J"]);
        assert_eq!(names(&["a\u{1b}[2J"], false), ["a\u{1b}[2J"]);
        // A formula is text there as well, if the lines are copied into a spreadsheet.
        assert_eq!(names(&["=\u{202e}"], true), ["'=\\u{202e}"]);
    }
}
