//! Text from a disk, escaped for messages, so that it cannot control a terminal.

use std::fmt::{self, Write};
use std::path::Path;

/// Characters of a text that a message shows.
const SHOWN_CHARS_MAX: usize = 80;

/// A text in quotes, truncated to `SHOWN_CHARS_MAX` characters, with control characters escaped.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let truncated = self.0.char_indices().nth(SHOWN_CHARS_MAX).map(|(end, _)| &self.0[..end]);
        f.write_char('"')?;
        write_escaped(f, truncated.unwrap_or(self.0))?;
        f.write_str(if truncated.is_some() { "…\"" } else { "\"" })
    }
}

/// A path with control characters escaped. It is not truncated.
pub fn path(path: impl AsRef<Path>) -> String {
    let mut shown = String::new();
    write_escaped(&mut shown, &path.as_ref().to_string_lossy()).expect("writing to a string does not fail");
    shown
}

fn write_escaped(out: &mut dyn Write, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| {
        if c.is_control() { write!(out, "{}", c.escape_default()) } else { out.write_char(c) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_long_texts_are_truncated() {
        assert_eq!(Shown("Grüße \"🎫\"").to_string(), "\"Grüße \"🎫\"\"");
        assert_eq!(Shown("\u{1b}[2J\n\u{9b}1m").to_string(), r#""\u{1b}[2J\n\u{9b}1m""#);
        assert_eq!(Shown(&"ü".repeat(1_000)).to_string().chars().count(), SHOWN_CHARS_MAX + 3);
        assert_eq!(path("/backups/\u{7}today.bak"), r"/backups/\u{7}today.bak");
    }
}
