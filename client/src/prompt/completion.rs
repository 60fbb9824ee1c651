//! Completion with Tab: verbs, keywords, options and their values, from the list of commands.

use bookline_protocol::{CommandForm, Verb, split_option};
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

/// The line editor's helper. It completes, and leaves everything else to the server.
#[derive(Debug)]
pub struct Completion;

impl Helper for Completion {}
impl Highlighter for Completion {}
impl Validator for Completion {}
impl Hinter for Completion {
    type Hint = String;
}

impl Completer for Completion {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> Result<(usize, Vec<Pair>), rustyline::error::ReadlineError> {
        let (start, words) = candidates(&line[..pos]);
        let pair = |word: String| {
            // A blank follows a word, a value follows an option.
            let replacement = if word.ends_with('=') { word.clone() } else { format!("{word} ") };
            Pair { display: word, replacement }
        };
        Ok((start, words.into_iter().map(pair).collect()))
    }
}

/// Where the word at the end of `typed` begins, and what it can be completed to.
fn candidates(typed: &str) -> (usize, Vec<String>) {
    // What is between quotes is the user's own.
    if typed.matches('"').count() % 2 == 1 || typed.trim_start().starts_with('#') {
        return (typed.len(), Vec::new());
    }
    let start = typed.rfind([' ', '\t', '\n']).map_or(0, |blank| blank + 1);
    let (before, prefix) = typed.split_at(start);
    let before = before.rsplit('\n').next().unwrap_or(before);
    let words = words_of(before);

    let mut found = match words.split_first() {
        None => Verb::words().map(|(word, _)| word.to_owned()).collect(),
        Some((verb, arguments)) => match Verb::from_word(verb) {
            Some(verb) => candidates_after(verb, arguments),
            None => Vec::new(),
        },
    };
    found.retain(|word| word.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)));
    if prefix.contains(|c: char| c.is_ascii_lowercase()) {
        found.iter_mut().for_each(|word| word.make_ascii_lowercase());
    }
    (start, found)
}

/// The words of a line, quoted ones with their quotes.
fn words_of(line: &str) -> Vec<&str> {
    let mut is_quoted = false;
    let is_blank = |c: char| {
        is_quoted ^= c == '"';
        !is_quoted && c.is_whitespace()
    };
    line.split(is_blank).filter(|word| !word.is_empty()).collect()
}

/// What can follow these arguments in any of the verb's forms.
fn candidates_after(verb: Verb, arguments: &[&str]) -> Vec<String> {
    let given =
        |name: &str| arguments.iter().any(|word| split_option(word).is_some_and(|(it, _)| it == name));
    let words: Vec<&str> = arguments.iter().copied().filter(|word| split_option(word).is_none()).collect();
    let is_keyword = |place: &str| !place.contains('<');
    let mut found = Vec::new();
    let mut offer = |word: String| {
        if !found.contains(&word) {
            found.push(word);
        }
    };
    for form in verb.forms() {
        let places = form.usage.split_whitespace().skip(1).map(|place| place.trim_matches(['[', ']']));
        let places: Vec<_> = places.filter(|place| split_option(place).is_none()).collect();
        let is_repeated = places.last().is_some_and(|place| place.ends_with('…'));
        if words.len() > places.len() && !is_repeated {
            continue;
        }
        let mut typed = places.iter().zip(&words);
        if !typed.all(|(place, word)| !is_keyword(place) || place.eq_ignore_ascii_case(word)) {
            continue;
        }
        let ahead = places.get(words.len()..).unwrap_or_default();
        match ahead.first() {
            Some(&"<verb>") => Verb::words().for_each(|(word, _)| offer(word.to_owned())),
            Some(keyword) if is_keyword(keyword) => offer((*keyword).to_owned()),
            _ => {}
        }
        // With a keyword of the form missing, the user may mean another form, which has other options.
        if !ahead.iter().any(|place| is_keyword(place)) {
            options(form).into_iter().filter(|(name, _)| !given(name)).for_each(|(_, word)| offer(word));
        }
    }
    found
}

/// The options of a form: the name of each, and how it is written, with every value that it can have, or
/// without one if the user chooses it.
fn options(form: &CommandForm) -> Vec<(&'static str, String)> {
    let mut options = Vec::new();
    for place in form.usage.split_whitespace() {
        let mut name = None;
        for alternative in place.trim_matches(['[', ']']).split('|') {
            let option = split_option(alternative).or_else(|| Some((name?, alternative)));
            let Some((option, value)) = option else { continue };
            name = Some(option);
            let value = if value.starts_with('<') { "" } else { value };
            options.push((option, format!("{option}={value}")));
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(typed: &str) -> Vec<String> {
        let (start, words) = candidates(typed);
        assert!(typed.is_char_boundary(start));
        words
    }

    #[test]
    fn verb_is_completed_in_the_case_of_its_beginning() {
        assert_eq!(complete("CR"), ["CREATE"]);
        assert_eq!(complete("cr"), ["create"]);
        assert_eq!(complete("  B"), ["BOOK", "BLOCK"]);
        assert_eq!(complete("exi"), ["exit"]);
        assert_eq!(complete("tic"), ["ticket", "tickets"]);
        assert_eq!(complete("C"), ["CREATE", "CONFIRM", "CANCEL", "CHECKIN"]);
        assert_eq!(complete("x"), [""; 0]);
        assert_eq!(complete("").len(), Verb::words().count());
    }

    #[test]
    fn option_is_offered_once() {
        assert_eq!(complete("GET "), ["limit=", "after="]);
        assert_eq!(complete("get l"), ["limit="]);
        assert_eq!(complete("GET limit=5 "), ["after="]);
        assert_eq!(complete("CREATE \"Rust Conf\" 2026-12-31 100 i"), ["id="]);
        assert_eq!(complete("GET limit=5 after=x "), [""; 0]);
        let series = ["every=day", "every=weekday", "every=week", "every=2weeks", "count=", "last="];
        let all = [&["host=", "hours="], &series[..], &["on_conflict=skip", "key="]].concat();
        assert_eq!(complete("MEET F1 2026-12-31 09:00 standup F2 "), all);
        assert_eq!(complete("PUT F1 2026-12-31 09:00 meet 2026-12-31 10:00 x h"), ["host=", "hours="]);
        assert_eq!(complete("PUT F1 2026-12-31 09:00 block h"), ["hours="]);
    }

    #[test]
    fn keyword_is_offered_at_its_position() {
        assert_eq!(complete("PUT F1 21-11-2026 09:00 "), ["BLOCK", "MEET"]);
        assert_eq!(complete("PUT F1 21-11-2026 09:00 m"), ["meet"]);
        assert_eq!(complete("PUT F1 21-11-2026 "), [""; 0]);
        assert_eq!(complete("MEET F1 21-11-2026 f"), ["first"]);
        assert_eq!(complete("MEET F1 21-11-2026 first x F2 d"), ["days=weekdays", "days=all"]);
        assert_eq!(complete("HELP cre"), ["create"]);
        assert_eq!(complete("GET rustconf "), [""; 0]);
    }

    #[test]
    fn option_of_a_form_is_offered_where_the_arguments_are_those_of_the_form() {
        assert_eq!(complete("BOOK jazz 2 rock "), ["for=", "key="]);
        assert_eq!(complete("HOLD jazz 2 "), ["ttl=", "for=", "key="]);
        assert_eq!(complete("HOLD jazz 2 for=\"Ada Lovelace\" "), ["ttl=", "key="]);
        assert_eq!(complete("CONFIRM 2cdba4d5 "), ["for=", "key="]);
        assert_eq!(complete("CANCEL 2cdba4d5 "), ["key="]);
        let scopes = ["series=this", "series=following", "series=all"];
        assert_eq!(complete("DELETE jazz "), [&scopes[..], &["key=", "tickets=drop"]].concat());
        assert_eq!(complete("DELETE F1 21-11-2026 "), [&scopes[..], &["key="]].concat());
        assert_eq!(complete("MEET F1 2026-12-31 09:00 \"a b c d e\" F2 h"), ["host=", "hours="]);
    }

    #[test]
    fn value_is_offered_where_the_user_cannot_choose_another() {
        assert_eq!(complete("CHECKIN 2cdba4d5 "), ["undo=yes", "key="]);
        let statuses = ["status=booked", "status=checked_in", "status=cancelled", "status=all"];
        let others = ["for=", "ids=yes", "limit=", "after="];
        assert_eq!(complete("TICKETS jazz "), [&statuses[..], &others].concat());
        assert_eq!(complete("TICKETS jazz status=c"), ["status=checked_in", "status=cancelled"]);
        assert_eq!(complete("TICKETS jazz ids=yes status=all "), ["for=", "limit=", "after="]);
        assert_eq!(complete("UPDATE jazz sales=c"), ["sales=closed"]);
        assert_eq!(complete("UPDATE jazz max"), ["max_per_booking=", "max_per_booking=none"]);
    }

    #[test]
    fn value_and_comment_have_no_completion() {
        assert_eq!(complete("CREATE \"a i"), [""; 0]);
        assert_eq!(complete("# P"), [""; 0]);
        assert_eq!(complete("NOSUCH "), [""; 0]);
        assert_eq!(complete("GET é"), [""; 0]);
    }

    #[test]
    fn last_of_several_pasted_lines_is_completed() {
        assert_eq!(complete("PING\nST"), ["STATS"]);
    }
}
