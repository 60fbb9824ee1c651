//! Quotes arguments, for clients.

use std::borrow::Cow;
use std::fmt::{self, Write};

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
    Cow::Owned(Quoted(word).to_string())
}

/// Displays an argument within quotes, whether it needs them or not.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        let mut rest = self.0;
        while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c.is_control()) {
            let (plain, after) = rest.split_at(at);
            f.write_str(plain)?;
            let mut after = after.chars();
            match after.next() {
                Some(c @ ('"' | '\\')) => write!(f, "\\{c}")?,
                Some('\n') => f.write_str("\\n")?,
                Some('\t') => f.write_str("\\t")?,
                Some(c) => write!(f, "\\u{:04x}", c as u32)?,
                None => {}
            }
            rest = after.as_str();
        }
        f.write_str(rest)?;
        f.write_char('"')
    }
}

fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && !word.contains(|c: char| c == ' ' || c == '"' || c.is_control())
        && !word.starts_with('#')
        && split_option(word).is_none()
        && foreign_protocol::detect(word.as_bytes()).is_none()
}
