//! The usages of the commands, taken apart.

use bookline_protocol::{CommandForm, Verb};

/// Every form of every command.
pub fn forms() -> impl Iterator<Item = (Verb, &'static CommandForm)> {
    Verb::ALL.iter().flat_map(|verb| verb.forms().iter().map(|form| (*verb, form)))
}

/// The required words and the optional parts of a usage, these without their brackets.
pub fn parts(form: &CommandForm) -> (Vec<&'static str>, Vec<&'static str>) {
    let (required, optional) = form.usage.split_once(" [").unwrap_or((form.usage, ""));
    let optional = optional.split(" [").filter(|part| !part.is_empty());
    (required.split(' ').collect(), optional.map(|part| part.trim_end_matches([']', '…'])).collect())
}

/// The alternatives of an optional part: `host=<id>` and `<host>`, or `sales=open` and `sales=closed`. A part
/// of several words has all combinations of theirs.
pub fn alternatives(part: &str) -> Vec<String> {
    part.split(' ').map(alternatives_of_word).fold(vec![String::new()], |parts, words| {
        let with_each = |part: String| words.iter().map(move |word| format!("{part} {word}"));
        let parts: Vec<String> = parts.into_iter().flat_map(with_each).collect();
        parts.into_iter().map(|part| part.trim_start().to_owned()).collect()
    })
}

/// A value without a name belongs to the option before it.
fn alternatives_of_word(word: &str) -> Vec<String> {
    let mut name = None;
    let with_name = |alternative: &str| match alternative.split_once('=') {
        Some((option, _)) => {
            name = Some(option.to_owned());
            alternative.to_owned()
        }
        None => name.iter().map(|name| format!("{name}=")).chain([alternative.to_owned()]).collect(),
    };
    word.split('|').map(with_name).collect()
}
