//! Quotes arguments, for clients.

use std::borrow::Cow;
use std::fmt::Write;

use super::foreign_protocol;
use super::option::split_option;

/// Writes an argument so that a server parses the same argument. Quotes are added if it is empty, has a
/// space, a quote or a control character, or looks like an option, a comment or another protocol.
///
/// The result never has a line end. Control characters other than line feed and tab are written as escapes,
/// which a server refuses with a message that names them.
pub fn quote(word: &str) -> Cow<'_, str> {
    if is_plain(word) {
        return Cow::Borrowed(word);
    }
    let mut quoted = String::with_capacity(word.len() + 8);
    quoted.push('"');
    for c in word.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                // Writing to a String does not fail.
                let _ = write!(quoted, "\\u{:04x}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && !word.contains(|c: char| c == ' ' || c == '"' || c.is_control())
        && !word.starts_with('#')
        && split_option(word).is_none()
        && foreign_protocol::detect(word.as_bytes()).is_none()
}
