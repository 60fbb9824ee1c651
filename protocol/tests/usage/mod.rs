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

/// The alternatives of an optional part: `host=<id>` and `<host>`, or `sales=open` and `sales=closed`.
pub fn alternatives(part: &str) -> Vec<String> {
    match part.split_once('|') {
        Some((first, _)) if first.contains('=') => {
            let (name, values) = part.split_once('=').unwrap();
            values.split('|').map(|value| format!("{name}={value}")).collect()
        }
        _ => part.split('|').map(str::to_owned).collect(),
    }
}
