//! Input as error messages repeat it: short, and harmless to a terminal.

use std::fmt::{self, Write};

use crate::escape::needs_escape;
use crate::limits::ECHO_CHARS_MAX;

/// Displays a text between quotes, truncated to [`ECHO_CHARS_MAX`] characters. Line feeds and tabs are shown
/// as escapes, and other characters that need an escape as U+FFFD.
pub(crate) struct Echo<'a>(pub(crate) &'a str);

impl fmt::Display for Echo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for (count, c) in self.0.chars().enumerate() {
            if count == ECHO_CHARS_MAX {
                f.write_char('…')?;
                break;
            }
            match c {
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                c if needs_escape(c) => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// Displays a character: a printable one between quotes, another by its code point.
pub(crate) struct ShownChar(pub(crate) char);

impl fmt::Display for ShownChar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            c if c.is_control() => write!(f, "the control character U+{:04X}", c as u32),
            c if needs_escape(c) => write!(f, "the character U+{:04X}, which is invisible", c as u32),
            ' ' => f.write_str("a blank"),
            c => write!(f, "\"{c}\""),
        }
    }
}
