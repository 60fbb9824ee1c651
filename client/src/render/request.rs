//! Requests in messages.

use std::borrow::Cow;

use bookline_protocol::KEY_OPTION;

use crate::login::may_have_secret;
use crate::render::text::{closing_quote, printable};

/// Characters of a request that are shown.
const SHOWN_CHARS_MAX: usize = 80;

/// Bytes that as many characters have at the most.
const SHOWN_BYTES_MAX: usize = 4 * SHOWN_CHARS_MAX;

/// What stands for a request that may have a secret. Any of its words may be one, if others are left out.
const SECRET_REQUEST: &str = "(AUTH or ACCOUNT, not shown)";

/// A request for a message: printable, without its key, and cut to 80 characters. `is_cut` says that the text
/// is the beginning of a longer one.
pub fn shown_request(text: &[u8], is_cut: bool) -> String {
    if may_have_secret(text) {
        return SECRET_REQUEST.to_owned();
    }
    let is_cut = is_cut || text.len() > SHOWN_BYTES_MAX;
    let text = String::from_utf8_lossy(&text[..text.len().min(SHOWN_BYTES_MAX)]);
    // A character that is cut is not shown.
    let text = if is_cut { text.trim_end_matches(char::REPLACEMENT_CHARACTER) } else { &text };
    let text = without_keys(text);
    let shown = printable(&text);
    match shown.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &shown[..end]),
        None if is_cut => format!("{shown}..."),
        None => shown.into_owned(),
    }
}

/// The text with `key=...` for every word that begins so.
fn without_keys(text: &str) -> Cow<'_, str> {
    let is_secret = |at: &usize| {
        let (name, before) = (at.checked_sub(KEY_OPTION.len()), at.checked_sub(KEY_OPTION.len() + 1));
        let is_word = before.is_none_or(|before| is_blank(text.as_bytes()[before]));
        is_word
            && name.is_some_and(|name| text.as_bytes()[name..*at].eq_ignore_ascii_case(KEY_OPTION.as_bytes()))
    };
    let (mut shown, mut copied) = (String::new(), 0);
    for equals in memchr::memchr_iter(b'=', text.as_bytes()).filter(is_secret) {
        if equals < copied {
            continue;
        }
        shown.push_str(&text[copied..=equals]);
        shown.push_str("...");
        copied = equals + 1 + value_bytes(&text[equals + 1..]);
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[copied..]);
    Cow::Owned(shown)
}

/// The length of the value that the text begins with.
fn value_bytes(text: &str) -> usize {
    match text.strip_prefix('"') {
        Some(quoted) => closing_quote(quoted).map_or(text.len(), |closing| closing + 2),
        None => text.bytes().position(is_blank).unwrap_or(text.len()),
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_is_shown_without_its_key() {
        for (typed, shown) in [
            ("BOOK e 1", "BOOK e 1"),
            ("BOOK e 1 key=0123456789abcdef", "BOOK e 1 key=..."),
            ("key=0123456789abcdef BOOK e 1", "key=... BOOK e 1"),
            ("BOOK e 1\tKEY=\"01 23\" for=x", "BOOK e 1\\tKEY=... for=x"),
            ("BOOK key=a= key=b for=key=c", "BOOK key=... key=... for=key=c"),
            ("BOOK monkey=x ey=x =", "BOOK monkey=x ey=x ="),
            ("BOOK key=\"0123", "BOOK key=..."),
            (r#"BOOK key="01\"23" e"#, "BOOK key=... e"),
        ] {
            assert_eq!(shown_request(typed.as_bytes(), false), shown);
        }
    }

    #[test]
    fn request_that_may_have_a_secret_is_not_shown() {
        for line in [
            "AUTH anna correct",
            "auht anna correct",
            "ACCOUNT ADD anna role=seller secret=correct",
            "  secret=correct ACCOUNT SET anna",
        ] {
            assert_eq!(shown_request(line.as_bytes(), false), SECRET_REQUEST);
            assert_eq!(shown_request(line.as_bytes(), true), SECRET_REQUEST);
        }
    }

    #[test]
    fn request_is_printable_and_short() {
        assert_eq!(shown_request(b"\x1b[2J\xff", false), "\\u{1b}[2J\u{fffd}");
        assert_eq!(shown_request("ž".repeat(80).as_bytes(), false), "ž".repeat(80));
        assert_eq!(shown_request("ž".repeat(81).as_bytes(), false), format!("{}...", "ž".repeat(80)));
        assert_eq!(shown_request("GETž".as_bytes().split_last().unwrap().1, true), "GET...");
        assert_eq!(shown_request("上".repeat(1_000).as_bytes(), false), format!("{}...", "上".repeat(80)));
    }
}
