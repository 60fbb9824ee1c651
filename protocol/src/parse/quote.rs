//! For clients: an argument written so that it is read back as it was.

use std::borrow::Cow;
use std::fmt::Write;

use super::foreign_protocol;
use super::option::split_option;

/// The argument as it must stand in a line: itself, or in quotes where the protocol needs them, that is when it is
/// empty, has a blank, a quote or a control character in it, or could be taken for an option, a comment or another
/// protocol.
///
/// Whatever the word, the result has no line end in it. Control characters other than line feed and tab are written
/// as escapes, which a server refuses with a message that says so.
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
                // Writing into a String cannot fail.
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
        && foreign_protocol::of_another(word.as_bytes()).is_none()
}
