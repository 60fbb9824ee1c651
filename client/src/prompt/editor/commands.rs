//! The commands that can be typed, as the connected server lists them.

use bookline_protocol::commands::help::help_rows;
use bookline_protocol::{TicketId, Verb};

use crate::directory::HelpForm;
use crate::prompt::editor::typed_line::{TypedLine, Word};
use crate::prompt::editor::usage::{Ahead, Usage, ValueKind};

/// The commands that can be typed.
#[derive(Clone, Debug)]
pub struct Commands {
    usages: Vec<Usage>,
}

/// A form of a command, and what may follow what is typed.
#[derive(Clone, Debug)]
pub struct Fit<'a> {
    pub usage: &'a Usage,
    pub ahead: Ahead<'a>,
}

impl Commands {
    /// The commands that are compiled in, and these of the client.
    pub fn compiled_in(own: &[&str]) -> Self {
        let rows = help_rows(None, |_| true).filter_map(|row| Usage::parse(&row.usage));
        Self { usages: rows.chain(own.iter().filter_map(|usage| Usage::parse(usage))).collect() }
    }

    /// The commands of a server, and these of the client.
    pub fn of_server(help: &[HelpForm], own: &[&str]) -> Self {
        let rows = help.iter().filter_map(|form| Usage::parse(&form.usage));
        Self { usages: rows.chain(own.iter().filter_map(|usage| Usage::parse(usage))).collect() }
    }

    /// The words that commands begin with: the verbs in the order of HELP, then the aliases.
    pub fn verbs(&self) -> Vec<&str> {
        let mut verbs: Vec<&str> = Vec::new();
        for usage in &self.usages {
            if !verbs.contains(&usage.verb.as_str()) {
                verbs.push(&usage.verb);
            }
        }
        let aliases = Verb::words().filter(|(word, verb)| {
            *word != verb.as_str() && verbs.contains(&verb.as_str()) && !verbs.contains(word)
        });
        let aliases: Vec<_> = aliases.map(|(word, _)| word).collect();
        [verbs, aliases].concat()
    }

    /// Whether a command begins with this word. The id of a ticket is a command by itself.
    pub fn knows(&self, word: &str) -> bool {
        self.forms(word).next().is_some() || word.parse::<TicketId>().is_ok()
    }

    /// Whether a form of the command has an option of this name.
    pub fn has_option(&self, verb: &str, name: &str) -> bool {
        self.forms(verb).flat_map(Usage::options).any(|(option, _)| option == name)
    }

    /// The forms of the command that begins with this word, in any case.
    pub fn forms<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a Usage> {
        let verb = match Verb::from_word(word) {
            Some(verb) => verb.as_str(),
            None => word,
        };
        self.usages.iter().filter(move |usage| usage.verb.eq_ignore_ascii_case(verb))
    }

    /// The forms that these words of a line fit, the verb first. The last word may be incomplete.
    pub fn fits<'a>(&'a self, words: &[Word<'a>], is_partial: bool) -> Vec<Fit<'a>> {
        let Some((verb, arguments)) = words.split_first() else { return Vec::new() };
        let is_given =
            |name: &str| arguments.iter().any(|word| word.option().is_some_and(|(it, _)| it == name));
        let positional: Vec<_> =
            arguments.iter().filter(|word| word.option().is_none()).map(|word| word.text).collect();
        let is_partial = is_partial && arguments.last().is_some_and(|word| word.option().is_none());
        let fit = |usage: &'a Usage| {
            let ahead = usage.after(&positional, is_partial, is_given)?;
            Some(Fit { usage, ahead })
        };
        self.forms(verb.text).filter_map(fit).collect()
    }

    /// The values of a complete line, and what they are in the form that it has.
    pub fn values<'a>(&'a self, line: &TypedLine<'a>) -> Vec<(ValueKind, &'a str)> {
        let fits = self.fits(&line.words, false);
        let Some(fit) = fits.iter().min_by_key(|fit| fit.ahead.required.len()) else { return Vec::new() };
        let positional = line.words.iter().skip(1).filter(|word| word.option().is_none());
        let mut values: Vec<_> =
            fit.ahead.typed.iter().copied().zip(positional.map(|word| word.text)).collect();
        for (name, value) in line.words.iter().filter_map(Word::option) {
            values.extend(fit.usage.kind_of_option(name).map(|kind| (kind, value)));
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> Vec<(ValueKind, String)> {
        let commands = Commands::compiled_in(&[]);
        let values = commands.values(&TypedLine::last_of(line));
        values.into_iter().map(|(kind, value)| (kind, value.to_owned())).collect()
    }

    #[test]
    fn values_of_a_line_are_those_of_its_form() {
        use ValueKind::{Date, Event, Hold, Number, Other, People, Person};
        let expected = |values: &[(ValueKind, &str)]| -> Vec<_> {
            values.iter().map(|(kind, value)| (*kind, (*value).to_owned())).collect()
        };
        assert_eq!(values("book jazz 2"), expected(&[(Event, "jazz"), (Number, "2")]));
        assert_eq!(values("GET jazz"), expected(&[(Event, "jazz")]));
        assert_eq!(values("GET F1 2026-11-26"), expected(&[(Person, "F1"), (Date, "2026-11-26")]));
        assert_eq!(values("HOLD x"), expected(&[(Hold, "x")]));
        assert_eq!(
            values("MEET F1 2026-11-26 09:00 x F2,F3 host=F4"),
            expected(&[
                (Person, "F1"),
                (Date, "2026-11-26"),
                (Number, "09:00"),
                (Other, "x"),
                (People, "F2,F3"),
                (Person, "F4")
            ])
        );
        assert_eq!(values("NOSUCH x"), []);
    }

    #[test]
    fn commands_are_those_of_the_server() {
        let form = |command: &str, usage: &str| HelpForm { command: command.into(), usage: usage.into() };
        let help = [form("QUIT", "QUIT"), form("REFUND", "REFUND <ticket-id> [reason=<text>]")];
        let commands = Commands::of_server(&help, &["CLEAR"]);
        assert_eq!(commands.verbs(), ["QUIT", "REFUND", "CLEAR", "EXIT"]);
        assert!(commands.knows("refund") && commands.knows("exit"));
        assert!(!commands.knows("BOOK"));
        assert!(commands.knows("2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"));
        assert!(commands.has_option("REFUND", "reason") && !commands.has_option("REFUND", "for"));
    }
}
