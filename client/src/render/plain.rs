//! Text from a server as a terminal may show it.
//!
//! An honest server refuses control characters, but whoever listens at the address may send anything: a title must
//! never move the cursor, clear the screen, name the window or turn the reading order of what stands beside it.

use std::borrow::Cow;
use std::fmt::Write;

use bookline_protocol::needs_escape;

/// The text with every character that would act instead of being seen written as an escape; line feeds stay.
pub fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            c if acts(c) => _ = write!(shown, "\\u{{{:x}}}", c as u32),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// The same between quotes and in one line.
pub fn quoted(said: &str) -> String {
    format!("\"{}\"", text(said).replace('\n', "\\n"))
}

/// The same for a line that may be no text at all.
pub fn bytes(line: &[u8]) -> String {
    text(&String::from_utf8_lossy(line)).into_owned()
}

fn acts(c: char) -> bool {
    c != '\n' && needs_escape(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_is_shown_instead() {
        assert_eq!(text("class committee\nmeeting, Žižkov"), "class committee\nmeeting, Žižkov");
        assert_eq!(text("\u{1b}[2Jgone\u{7}"), "\\u{1b}[2Jgone\\u{7}");
        assert_eq!(text("a\tb\rc\u{9b}d\u{7f}"), "a\\tb\\rc\\u{9b}d\\u{7f}");
        assert_eq!(text("a\u{202e}b\u{2028}"), "a\\u{202e}b\\u{2028}");
        assert_eq!(text("a\u{200b}b\u{feff}\u{e0041}❤\u{fe0f}"), "a\\u{200b}b\\u{feff}\\u{e0041}❤\u{fe0f}");
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        assert_eq!(bytes(b"\xff\x1b]0;x\x07"), "\u{fffd}\\u{1b}]0;x\\u{7}");
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
    }
}
