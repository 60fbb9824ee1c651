//! The colors of what is typed.

use std::borrow::Cow;

use crate::prompt::editor::commands::Commands;
use crate::prompt::editor::typed_line::{Quoting, TypedLine, Word};
use crate::screen::{Role, Screen};

/// What is typed, in colors: known verbs, quoted text, comments, and words that cannot be right.
pub fn painted<'a>(commands: &Commands, typed: &'a str, screen: Screen) -> Cow<'a, str> {
    if !screen.has_color {
        return Cow::Borrowed(typed);
    }
    let mut painted = String::with_capacity(2 * typed.len());
    let mut copied = 0;
    for (start, text, role) in spans(commands, typed) {
        painted.push_str(&typed[copied..start]);
        painted.push_str(&screen.paint(role, text));
        copied = start + text.len();
    }
    painted.push_str(&typed[copied..]);
    Cow::Owned(painted)
}

/// The parts that have a color: where each begins, its text and what it is.
fn spans<'a>(commands: &Commands, typed: &'a str) -> Vec<(usize, &'a str, Role)> {
    let mut spans = Vec::new();
    for line in TypedLine::all(typed) {
        spans.extend(line.comment.map(|(start, text)| (start, text, Role::Muted)));
        let Some((verb, arguments)) = line.words.split_first() else { continue };
        spans.extend(role_of_verb(commands, verb, typed).map(|role| (verb.start, verb.text, role)));
        for word in arguments {
            spans.extend(role_of(commands, verb, word).map(|role| (word.start, word.text, role)));
        }
    }
    spans
}

/// A word that is no verb is wrong once something follows it.
fn role_of_verb(commands: &Commands, verb: &Word<'_>, typed: &str) -> Option<Role> {
    if commands.knows(verb.text) {
        return Some(Role::Verb);
    }
    (verb.quoting != Quoting::Bare || verb.end() < typed.len()).then_some(Role::Error)
}

fn role_of(commands: &Commands, verb: &Word<'_>, word: &Word<'_>) -> Option<Role> {
    let is_unknown_option = |(name, _)| commands.knows(verb.text) && !commands.has_option(verb.text, name);
    match word.quoting {
        Quoting::Open | Quoting::Misplaced => Some(Role::Error),
        _ if word.option().is_some_and(is_unknown_option) => Some(Role::Error),
        Quoting::Quoted => Some(Role::Quoted),
        Quoting::Bare => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(typed: &str) -> Vec<(&str, Role)> {
        let spans = spans(&Commands::compiled_in(&[]), typed);
        spans.into_iter().map(|(_, text, role)| (text, role)).collect()
    }

    #[test]
    fn verbs_quotes_and_comments_have_colors() {
        assert_eq!(roles("create \"a b\" 5"), [("create", Role::Verb), ("\"a b\"", Role::Quoted)]);
        assert_eq!(roles("BOOK e 1 for=\"a b\""), [("BOOK", Role::Verb), ("for=\"a b\"", Role::Quoted)]);
        assert_eq!(roles("# \"x\nPING"), [("# \"x", Role::Muted), ("PING", Role::Verb)]);
        assert_eq!(roles(""), []);
    }

    #[test]
    fn word_that_cannot_be_right_is_an_error() {
        assert_eq!(roles("boko"), [], "it may become a verb");
        assert_eq!(roles("boko "), [("boko", Role::Error)]);
        assert_eq!(roles("GET \"a b"), [("GET", Role::Verb), ("\"a b", Role::Error)]);
        assert_eq!(roles("GET a\"b"), [("GET", Role::Verb), ("a\"b", Role::Error)]);
        assert_eq!(roles("GET colour=red"), [("GET", Role::Verb), ("colour=red", Role::Error)]);
        assert_eq!(roles("GET limit=5"), [("GET", Role::Verb)]);
    }

    #[test]
    fn color_changes_nothing_but_the_color() {
        let commands = Commands::compiled_in(&[]);
        let typed = "create \"a\nb\" x\n# é";
        assert!(matches!(painted(&commands, typed, Screen::PLAIN), Cow::Borrowed(same) if same == typed));
        let screen = Screen { has_color: true, ..Screen::PLAIN };
        let painted = painted(&commands, typed, screen);
        let plain: String =
            painted.split('\u{1b}').map(|part| part.split_once('m').map_or(part, |it| it.1)).collect();
        assert_ne!(painted, typed);
        assert_eq!(plain, typed);
    }
}
