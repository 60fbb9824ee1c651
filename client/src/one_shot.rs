//! A single command, given as arguments.

use bookline_protocol::{Verb, quote, split_option};

use crate::error::Error;
use crate::help::HelpTopic;
use crate::interrupt::Interrupt;
use crate::net::connection::Target;
use crate::net::input::Input;
use crate::net::line_kind::LineKind;
use crate::net::outcome::Outcome;
use crate::net::retry::Retry;
use crate::net::safe_exchange::exchange_safely;
use crate::net::wait;
use crate::printer::Printer;

/// The argument after which there are no options, neither of the command nor of the client.
pub const END_OF_OPTIONS: &str = "--";

/// Sends the command and prints its reply. A topic of help is printed for people, who alone read its text.
pub async fn run(
    words: &[String],
    target: &Target,
    retry: Retry,
    printer: &mut Printer,
    interrupt: &Interrupt,
) -> Result<Outcome, Error> {
    let line = match topic_of(words).filter(|_| printer.is_for_people()) {
        None => request_line(words),
        Some(topic) => {
            printer.print_topic(topic)?;
            printer.flush()?;
            if !topic.has_commands() {
                return Ok(Outcome::default());
            }
            Verb::Help.to_string()
        }
    };
    let mut input = Input::of(line.as_bytes());
    let mut link = wait::open_if_asked(target, interrupt).await?;
    exchange_safely(&mut link, &mut input, target, retry, printer, interrupt).await
}

fn topic_of(words: &[String]) -> Option<HelpTopic> {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    HelpTopic::of_words(&words, |word| Verb::from_word(word).is_some())
}

/// Whether the command may change something.
pub fn may_change(words: &[String]) -> bool {
    LineKind::of_text(request_line(words).trim_end_matches('\n')).changes()
}

/// The request that consists of these words, with its line feed.
///
/// The shell has split the words already. So each is one argument, quoted where the protocol requires it. A
/// word that begins like an option of its verb (`id=My Event`) is that option, and only its value is quoted.
pub fn request_line(words: &[String]) -> String {
    let mut line = String::new();
    let mut words = words.iter();
    let Some(verb) = words.next() else { return line };
    line.push_str(&quote(verb));
    let mut options = Options::of_verb(verb);
    for word in words {
        if word == END_OF_OPTIONS && options != Options::None {
            options = Options::None;
            continue;
        }
        line.push(' ');
        match split_option(word) {
            Some((name, value)) if options.contain(name) => {
                line.push_str(name);
                line.push('=');
                line.push_str(&quote(value));
            }
            _ => line.push_str(&quote(word)),
        }
    }
    line.push('\n');
    line
}

/// The words that are options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Options {
    None,
    Of(Verb),
    /// The verb is one of a later version, whose options are not known.
    Any,
}

impl Options {
    fn of_verb(verb: &str) -> Self {
        Verb::from_word(verb).map_or(Self::Any, Self::Of)
    }

    fn contain(self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::Of(verb) => verb.options().any(|option| option == name),
            Self::Any => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> String {
        request_line(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn words_are_quoted_where_the_protocol_requires_it() {
        assert_eq!(line(&["BOOK", "e", "-1"]), "BOOK e -1\n");
        assert_eq!(
            line(&["CREATE", "Rust Conf", "2026-12-31", "100"]),
            "CREATE \"Rust Conf\" 2026-12-31 100\n"
        );
        assert_eq!(line(&["CREATE", "", "x"]), "CREATE \"\" x\n");
        assert_eq!(line(&["say \"hi\"", "a\\b"]), "\"say \\\"hi\\\"\" a\\b\n");
        assert_eq!(line(&["a\nb", "c\td"]), "\"a\\nb\" \"c\\td\"\n");
    }

    #[test]
    fn option_has_only_its_value_quoted() {
        assert_eq!(line(&["CREATE", "x", "id=My Event"]), "CREATE x id=\"My Event\"\n");
        assert_eq!(line(&["GET", "limit=5", "after="]), "GET limit=5 after=\"\"\n");
        assert_eq!(line(&["x", "ID=5", "a1=2"]), "x ID=5 a1=2\n");
        assert_eq!(line(&["NEW", "a=b c"]), "NEW a=\"b c\"\n");
    }

    #[test]
    fn word_is_an_option_only_if_its_verb_has_it() {
        assert_eq!(line(&["CREATE", "a=b", "2026-12-01", "3"]), "CREATE \"a=b\" 2026-12-01 3\n");
        assert_eq!(line(&["create", "limit=1", "id=x"]), "create \"limit=1\" id=x\n");
        assert_eq!(line(&["CREATE", "id=x", "--", "id=y", "--"]), "CREATE id=x \"id=y\" --\n");
        assert_eq!(line(&["GET", "--", "limit=1"]), "GET \"limit=1\"\n");
        assert_eq!(line(&["id=x"]), "\"id=x\"\n");
    }

    #[test]
    fn word_with_special_characters_is_one_argument() {
        assert_eq!(line(&["#PING"]), "\"#PING\"\n");
        assert_eq!(line(&[""]), "\"\"\n");
        assert_eq!(line(&["PING\nQUIT"]), "\"PING\\nQUIT\"\n");
    }
}
