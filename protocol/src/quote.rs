//! For clients: an argument written so that it is read back as it was.

use std::borrow::Cow;
use std::fmt::Write;

use crate::opening;

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

/// The name and the value of a word that begins like an option: `id=rustconf` is `id` and `rustconf`. The name is one
/// or more of `a-z` and `_`; the value is whatever follows the equals sign.
pub fn split_option(word: &str) -> Option<(&str, &str)> {
    let end = word.bytes().position(|byte| !byte.is_ascii_lowercase() && byte != b'_')?;
    if end == 0 {
        return None;
    }
    Some((&word[..end], word[end..].strip_prefix('=')?))
}

fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && !word.contains(|c: char| c == ' ' || c == '"' || c.is_control())
        && !word.starts_with('#')
        && split_option(word).is_none()
        && opening::of_another(word.as_bytes()).is_none()
}
