//! Text from a server, made safe for a terminal.
//!
//! A Bookline server refuses control characters, but any process may listen at the address. Its text must not
//! move the cursor, clear the screen, name the window or change the reading order of the text around it.

use std::borrow::Cow;
use std::fmt::Write;

use bookline_protocol::needs_escape;
use unicode_width::UnicodeWidthStr;

/// Joins emoji to one, as in the family of a man, a woman and a girl.
const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// The text with an escape for every character that would not be shown as itself. Line feeds stay.
///
/// Emoji that are joined are shown one beside the other: that is the fallback of Unicode's UTS #51, and has
/// the same width on every terminal, which the joined emoji has not.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        match c {
            ZERO_WIDTH_JOINER if joins_emoji(&text[..at], &text[at..]) => {}
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            c if is_unsafe(c) => {
                let _ = write!(shown, "\\u{{{:x}}}", c as u32);
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Whether the first character of `after` joins the emoji around it: only then the whole is narrower.
fn joins_emoji(before: &str, after: &str) -> bool {
    /// An emoji has at most these characters: itself, a skin tone or a variation selector.
    const CHARS_MAX: usize = 2;
    let start = before.char_indices().rev().take(CHARS_MAX).last().map_or(0, |(at, _)| at);
    let mut next = after.char_indices().skip(1 + CHARS_MAX);
    let end = next.next().map_or(after.len(), |(at, _)| at);
    let (before, after) = (&before[start..], &after[..end]);
    let joined = [before, after].concat();
    joined.width() < before.width() + after.width()
}

/// Where the quote is that closes a quoted text, which is given behind its first quote.
pub fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.find(|c: char| {
        let is_closing = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_closing
    })
}

/// The printable text between quotes, on one line.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('\n', "\\n"))
}

/// A word of the protocol as words: `SOLD_OUT` is `sold out`.
pub fn words_of(word: &str) -> String {
    word.replace('_', " ").to_lowercase()
}

/// The text with its first letter in upper case, if that is an ASCII letter.
pub fn capitalized(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// The printable text of bytes that need not be UTF-8.
pub fn printable_bytes(bytes: &[u8]) -> String {
    printable(&String::from_utf8_lossy(bytes)).into_owned()
}

fn is_unsafe(c: char) -> bool {
    c != '\n' && needs_escape(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_are_escaped() {
        assert_eq!(printable("class committee\nmeeting, Žižkov"), "class committee\nmeeting, Žižkov");
        assert_eq!(printable("\u{1b}[2Jgone\u{7}"), "\\u{1b}[2Jgone\\u{7}");
        assert_eq!(printable("a\tb\rc\u{9b}d\u{7f}"), "a\\tb\\rc\\u{9b}d\\u{7f}");
        assert_eq!(printable("a\u{202e}b\u{2028}"), "a\\u{202e}b\\u{2028}");
        assert_eq!(
            printable("a\u{200b}b\u{feff}\u{e0041}❤\u{fe0f}"),
            "a\\u{200b}b\\u{feff}\\u{e0041}❤\u{fe0f}"
        );
    }

    #[test]
    fn joined_emoji_are_shown_one_beside_the_other() {
        for (joined, shown) in [
            ("👨\u{200d}👩\u{200d}👧", "👨👩👧"),
            ("a 👩🏽\u{200d}🚀 b", "a 👩🏽🚀 b"),
            ("❤\u{fe0f}\u{200d}🔥", "❤\u{fe0f}🔥"),
            ("🏃\u{200d}♂\u{fe0f}", "🏃♂\u{fe0f}"),
            ("🏳\u{fe0f}\u{200d}🌈", "🏳\u{fe0f}🌈"),
            ("🇩🇪", "🇩🇪"),
            // It joins nothing here, and would be invisible.
            ("a\u{200d}b", "a\\u{200d}b"),
            ("👨\u{200d}", "👨\\u{200d}"),
            ("\u{200d}👨", "\\u{200d}👨"),
            ("上\u{200d}田", "上\\u{200d}田"),
        ] {
            assert_eq!(printable(joined), shown, "{joined:?}");
        }
    }

    #[test]
    fn word_of_the_protocol_becomes_words() {
        assert_eq!(capitalized(words_of("SOLD_OUT")), "Sold out");
        assert_eq!(capitalized(words_of("Ž_X")), "ž x");
        assert_eq!(capitalized(words_of("")), "");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        assert_eq!(printable_bytes(b"\xff\x1b]0;x\x07"), "\u{fffd}\\u{1b}]0;x\\u{7}");
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
    }
}
