//! Compares the list of commands with the parser: it accepts every usage, and refuses what a usage does not
//! have.

mod usage;

use std::collections::HashSet;

use bookline_protocol::limits::LINE_OPTIONS_MAX;
use bookline_protocol::{
    Code, CommandForm, Cursor, Date, KEY_OPTION, ParsedLine, Refusal, TicketCursor, Verb, parse,
};
use usage::{alternatives, forms};

/// A valid word in place of a part of the usage of a verb: `<date>` or `id=<id>`. It is the argument with
/// this index.
fn sample(index: usize, part: &str, verb: &str) -> String {
    let word = match part.split_once('=').map_or(part, |(_, value)| value) {
        "<name>" if verb.eq_ignore_ascii_case("ACCOUNT") => "anna".to_owned(),
        "<name>" | "<title>" | "<text>" => "\"Rust Conf\"".to_owned(),
        "<date>" | "<from>" | "<to>" => "2026-12-31".to_owned(),
        "<time>" if part == "until=<time>" => "17:00".to_owned(),
        "<time>" => "09:00".to_owned(),
        "<tickets>" | "<n>" | "<seconds>" | "<hours>" | "<count>" => "7".to_owned(),
        // An event may be named once.
        "<event-id>" => format!("F{index}"),
        "<id>" | "<who>" | "<host>" => "F1".to_owned(),
        "<group>" | "<who,…>" => "F2,F3".to_owned(),
        "<ticket-id>" | "<hold-id>" => "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee".to_owned(),
        "<cursor>" if verb.eq_ignore_ascii_case("TICKETS") => TicketCursor { event: 1, position: 1 }.encode(),
        "<cursor>" => {
            Cursor { date: Date::parse("2026-12-31").unwrap(), name: "x".into(), id: "x".into() }.encode()
        }
        "<what>" => "event:jazz".to_owned(),
        "<sequence>" => "4711".to_owned(),
        "<key>" => "0123456789abcdef".to_owned(),
        "<secret>" => "hunter2hunter2".to_owned(),
        "<role>" => "door".to_owned(),
        "<verb>" => "ping".to_owned(),
        word => word.to_owned(),
    };
    part.split_once('=').map_or(word.clone(), |(name, _)| format!("{name}={word}"))
}

/// The required and the optional parts of a usage. UPDATE and ACCOUNT SET require one of their options, for
/// which the first stands.
fn parts(form: &CommandForm) -> (Vec<&'static str>, Vec<&'static str>) {
    let (mut required, mut optional) = usage::parts(form);
    if required[0] == Verb::Update.as_str() || form.usage.starts_with("ACCOUNT SET") {
        required.push(optional.remove(0));
    }
    (required, optional)
}

fn line(parts: &[impl AsRef<str>]) -> String {
    let words = parts.iter().flat_map(|part| part.as_ref().split(' '));
    let verb = parts[0].as_ref();
    words.enumerate().map(|(index, word)| sample(index, word, verb)).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn verb_of(line: &str) -> Verb {
    match parse(line.as_bytes(), &mut Vec::new()) {
        ParsedLine::Request(request) => request.verb(),
        ParsedLine::Keyed(keyed) => keyed.request.verb(),
        other => panic!("{line}: {other:?}"),
    }
}

#[track_caller]
fn refused(line: &str) -> Refusal {
    match parse(line.as_bytes(), &mut Vec::new()) {
        ParsedLine::Refused(refusal) => refusal,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn usages_begin_with_their_verb_and_have_one_line_of_help() {
    let mut usages = HashSet::new();
    for (verb, CommandForm { usage, help, .. }) in forms() {
        assert_eq!(usage.split(' ').next(), Some(verb.as_str()));
        assert!(!help.is_empty() && !help.contains('\n') && !help.ends_with('.'), "{help}");
        assert!(usages.insert(*usage), "{usage} is there twice");
    }
}

#[test]
fn example_is_a_request_of_its_form() {
    for (verb, form) in forms() {
        assert_eq!(verb_of(form.example), verb);
        let (required, _) = parts(form);
        let written = form.example.split_whitespace().count();
        assert!(written >= required.len(), "{} has fewer arguments than {}", form.example, form.usage);
        let keywords = required.iter().filter(|part| !part.contains(['<', '=']));
        for keyword in keywords {
            assert!(form.example.contains(keyword), "{} is not a {}", form.example, form.usage);
        }
    }
}

#[test]
fn some_commands_have_several_forms() {
    let several: Vec<_> = Verb::ALL.iter().map(|verb| (*verb, verb.forms().len())).collect();
    let several: Vec<_> = several.into_iter().filter(|(_, forms)| *forms > 1).collect();
    assert_eq!(
        several,
        [
            (Verb::Get, 4),
            (Verb::Hold, 2),
            (Verb::Meet, 2),
            (Verb::Delete, 2),
            (Verb::Put, 2),
            (Verb::Account, 4)
        ]
    );
}

#[test]
fn no_form_has_more_options_than_a_line() {
    for (_, form) in forms() {
        assert!(form.options().count() <= LINE_OPTIONS_MAX, "{}", form.usage);
    }
}

#[test]
fn forms_of_commands_that_change_something_have_a_key_as_their_last_option() {
    for (verb, form) in forms() {
        assert_eq!(form.usage.ends_with(" [key=<key>]"), verb.takes_key(), "{}", form.usage);
        assert_eq!(form.options().any(|option| option == KEY_OPTION), verb.takes_key(), "{}", form.usage);
    }
}

#[test]
fn every_form_parses_with_and_without_its_optional_parts() {
    for (verb, form) in forms() {
        let (required, optional) = parts(form);
        let mut parts: Vec<String> = required.into_iter().map(str::to_owned).collect();
        assert_eq!(verb_of(&line(&parts)), verb);
        for part in optional {
            for alternative in alternatives(part) {
                assert_eq!(verb_of(&line(&[&parts[..], &[alternative]].concat())), verb);
            }
            parts.push(alternatives(part).swap_remove(0));
        }
        // The words in capitals of a usage are verbs, BLOCK and MEET.
        let small: Vec<String> = parts.iter().map(|part| part.to_ascii_lowercase()).collect();
        assert_eq!(verb_of(&line(&small)), verb, "in any case");
    }
}

#[test]
fn missing_last_argument_is_refused_by_its_name() {
    for (verb, form) in forms() {
        let (mut required, _) = parts(form);
        required.retain(|part| !part.contains('='));
        while let Some(missing) = required.pop().filter(|_| !required.is_empty()) {
            let less = line(&required);
            if verb == Verb::Get || verb == Verb::Delete && required.len() == 2 {
                assert_eq!(verb_of(&less), verb, "one form less is another");
                continue;
            }
            let Refusal { code, message, .. } = refused(&less);
            assert_eq!(code, Code::BadRequest);
            let name = match (verb, missing) {
                (Verb::Hold, "<event-id>" | "<hold-id>") => "<event-id or hold-id>",
                (Verb::Delete, "<event-id>" | "<who>") => "<who or event-id>",
                (Verb::Meet, "<time>" | "first") => "<time or first>",
                (Verb::Account, "ADD" | "SET" | "DROP" | "LIST") => "<ADD, SET, DROP or LIST>",
                (_, missing) if missing.starts_with('<') => missing,
                _ => "<BLOCK or MEET>",
            };
            assert!(message.starts_with(&format!("{name} is missing: write ")), "{less}: {message}");
            assert!(message.contains(form.usage), "{less}: {message}");
        }
    }
}

#[test]
fn extra_argument_or_option_is_refused_with_the_usage() {
    for (verb, form) in forms() {
        let (required, optional) = parts(form);
        let first = |part| alternatives(part).swap_remove(0);
        let parts: Vec<String> =
            required.into_iter().map(str::to_owned).chain(optional.into_iter().map(first)).collect();
        let more = line(&parts);
        // These are other forms with an argument more, or take any number of arguments.
        let others = ["GET [", "GET <event-id>", "GET <who> <date>", "HOLD <hold-id>", "DELETE <event-id>"];
        let takes_more = matches!(verb, Verb::Book | Verb::Cancel | Verb::Watch | Verb::Unwatch);
        if !takes_more && !others.iter().any(|other| form.usage.starts_with(other)) {
            let message = refused(&format!("{more} surplus")).message;
            if verb.has_secrets() {
                assert!(!message.contains("surplus") && message.contains(form.usage), "{message}");
                continue;
            }
            let expected = format!("\"surplus\" is one argument too many: write {}, ", form.usage);
            assert!(message.starts_with(&expected), "{message}");
        }
        let message = refused(&format!("{more} surplus=1")).message;
        if verb.has_secrets() {
            assert!(!message.contains("surplus") && message.contains(form.usage), "{message}");
            continue;
        }
        let expected = format!("option \"surplus\" is unknown here: write {}, ", form.usage);
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn verbs_are_found_in_any_case_and_other_words_are_not() {
    for (word, verb) in Verb::words() {
        assert_eq!(Verb::from_word(word), Some(verb));
        assert_eq!(Verb::from_word(&word.to_ascii_lowercase()), Some(verb));
        assert_eq!(Verb::from_word(&format!("\0{word}")), None);
        assert_eq!(Verb::from_word(&word[1..]), None);
    }
    assert_eq!(Verb::words().count(), Verb::ALL.len() + 1, "EXIT is the only alias");
    for word in ["", "CREATEEVENT", "ＧＥＴ"] {
        assert_eq!(Verb::from_word(word), None, "{word}");
    }
    assert_eq!(verb_of("exit"), Verb::Quit);
}
