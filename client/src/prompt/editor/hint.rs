//! The hint behind the cursor: what is still missing.

use bookline_protocol::{KEY_OPTION, split_option};
use rustyline::hint::Hint;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::prompt::editor::commands::{Commands, Fit};
use crate::prompt::editor::typed_line::{Quoting, TypedLine};
use crate::prompt::editor::usage::Group;
use crate::screen::Charset;

/// What stands for the forms that are not shown.
const OTHERS: &str = "| …";

/// Columns below which a hint says nothing.
const COLUMNS_MIN: usize = 4;

/// A hint, which is shown and never inserted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingPlaces(pub String);

impl Hint for MissingPlaces {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

/// What is missing behind what is typed up to the cursor, as HELP writes it. `None` if nothing is.
pub fn missing(commands: &Commands, typed: &str) -> Option<String> {
    let line = TypedLine::last_of(typed);
    let (before, at_cursor) = line.split_at_cursor(typed.len());
    if at_cursor.is_some_and(|word| matches!(word.quoting, Quoting::Open | Quoting::Misplaced)) {
        return None;
    }
    // A verb that is only begun is not the verb that it happens to be.
    let is_partial = at_cursor.is_some() && !before.is_empty();
    let mut fits = commands.fits(&line.words, is_partial);
    fits.sort_by_key(|fit| fit.ahead.required.len());
    let text = text_of(&fits).filter(|text| !text.is_empty())?;
    Some(if at_cursor.is_some() { format!(" {text}") } else { text })
}

/// The shortest of the forms, and a sign that there are others. If one of them is complete, what the others
/// need may be left out.
fn text_of(fits: &[Fit<'_>]) -> Option<String> {
    let mut texts: Vec<String> = fits.iter().map(places).collect();
    texts.dedup();
    let (first, others) = texts.split_first()?;
    Some(match others {
        [] => first.clone(),
        [other] if first.is_empty() => format!("[{other}]"),
        [other, ..] if first.is_empty() => format!("[{other} {OTHERS}]"),
        _ => format!("{first} {OTHERS}"),
    })
}

/// What must follow, else what may follow.
fn places(fit: &Fit<'_>) -> String {
    let required: Vec<_> = fit.ahead.required.iter().map(|place| place.text.as_str()).collect();
    if !required.is_empty() {
        return required.join(" ");
    }
    let optional = fit.ahead.optional.iter().filter(|group| !is_key(group));
    optional.map(|group| group.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// Whether the group is the key of a change, which the client adds itself.
fn is_key(group: &Group) -> bool {
    let name = split_option(group.text.trim_start_matches('[')).map(|(name, _)| name);
    name == Some(KEY_OPTION)
}

/// The text in the characters of the screen.
pub fn drawn(text: &str, charset: Charset) -> String {
    match charset {
        Charset::Unicode => text.replace('<', "‹").replace('>', "›"),
        Charset::Ascii => text.replace('…', "..."),
    }
}

/// The text, or as much of it as fits into so many columns. `None` if that says nothing.
pub fn fitted(text: String, columns: usize, charset: Charset) -> Option<String> {
    if text.width() <= columns {
        return Some(text);
    }
    if columns < COLUMNS_MIN {
        return None;
    }
    let ellipsis = match charset {
        Charset::Unicode => "…",
        Charset::Ascii => "...",
    };
    let (mut kept, mut columns_left) = (String::new(), columns - ellipsis.width());
    for c in text.chars() {
        let Some(left) = columns_left.checked_sub(c.width().unwrap_or(0)) else { break };
        columns_left = left;
        kept.push(c);
    }
    Some(kept + ellipsis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(typed: &str) -> String {
        missing(&Commands::compiled_in(&[]), typed).unwrap_or_default()
    }

    #[test]
    fn hint_is_what_must_follow() {
        assert_eq!(hint("book"), " <event-id> <n>");
        assert_eq!(hint("book "), "<event-id> <n>");
        assert_eq!(hint("book ja"), " <n>");
        assert_eq!(hint("BOOK jazz "), "<n>");
        assert_eq!(hint("BOOK jazz 2 rock"), " <n>");
        assert_eq!(hint("CREATE \"Rust Conf\" "), "<date> <tickets>");
        assert_eq!(hint("PUT F1 2026-11-26 09:00 me"), " <date> <time> <title> <group>");
        assert_eq!(hint("PING\nbook "), "<event-id> <n>");
    }

    #[test]
    fn hint_is_what_may_follow_when_nothing_must() {
        assert_eq!(hint("BOOK jazz 2"), " [<event-id> <n>]… [for=<name>]");
        assert_eq!(hint("BOOK jazz 2 for=Ada "), "[<event-id> <n>]…");
        assert_eq!(hint("CHECKIN x "), "[undo=yes]");
        assert_eq!(hint("BLOCK F1 2026-11-26 09:00 every=day "), "count=<count>|last=<date>");
    }

    #[test]
    fn hint_of_several_forms_is_the_shortest_with_a_sign() {
        assert_eq!(hint("delete"), " <event-id> | …");
        assert_eq!(hint("GET "), "[limit=<n>] [after=<cursor>] | …");
        assert_eq!(hint("get jazz"), " [<date> | …]");
        assert_eq!(hint("get jazz 2026-11-26 "), "[<to>]");
        assert_eq!(hint("hold x "), "[<n>]");
        assert_eq!(hint("MEET F1 2026-11-26 "), "<time> <title> <group> | …");
        assert_eq!(hint("MEET F1 2026-11-26 first "), "<title> <group>");
    }

    #[test]
    fn nothing_is_hinted_where_nothing_is_known() {
        for typed in
            ["", " ", "bo", "boo ", "PING", "PING ", "PING x", "# book", "CREATE \"Rust", "book jazz two"]
        {
            assert_eq!(hint(typed), "", "{typed:?}");
        }
    }

    #[test]
    fn hint_is_cut_where_the_line_ends() {
        let fit = |columns, charset| fitted(drawn("<event-id> <n>", charset), columns, charset);
        assert_eq!(fit(14, Charset::Unicode).as_deref(), Some("‹event-id› ‹n›"));
        assert_eq!(fit(13, Charset::Unicode).as_deref(), Some("‹event-id› ‹…"));
        assert_eq!(fit(13, Charset::Ascii).as_deref(), Some("<event-id>..."));
        assert_eq!(fit(3, Charset::Ascii), None);
        assert_eq!(drawn("[<a>]… | …", Charset::Ascii), "[<a>]... | ...");
    }
}
