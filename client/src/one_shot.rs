//! A command given as arguments of the shell.

use bookline_protocol::{Verb, quote, split_option};

/// The line that says what the words say, with its end.
///
/// A shell has already taken words apart, so each one is an argument, quoted where the protocol needs it. A word that
/// begins like an option of its verb (`id=My Event`) is one, and only its value is quoted. Behind `--` there is none.
pub fn line(words: &[String]) -> String {
    let mut line = String::new();
    let mut words = words.iter();
    let Some(verb) = words.next() else { return line };
    line.push_str(&quote(verb));
    let mut options = options(verb);
    for word in words {
        if word == END_OF_OPTIONS && options != Options::None {
            options = Options::None;
            continue;
        }
        line.push(' ');
        match split_option(word) {
            Some((name, value)) if options.have(name) => {
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

/// What ends the options, and the flags that stand where they are not read.
pub const END_OF_OPTIONS: &str = "--";

/// Which words can be options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Options {
    /// None any more.
    None,
    /// Those of this verb.
    Of(Verb),
    /// Of a verb that this version does not know, nobody knows either.
    Any,
}

fn options(verb: &str) -> Options {
    Verb::from_word(verb).map_or(Options::Any, Options::Of)
}

impl Options {
    fn have(self, name: &str) -> bool {
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

    fn written(words: &[&str]) -> String {
        line(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn words_are_quoted_where_the_protocol_needs_it() {
        assert_eq!(written(&["BOOK", "e", "-1"]), "BOOK e -1\n");
        assert_eq!(
            written(&["CREATE", "Rust Conf", "2026-12-31", "100"]),
            "CREATE \"Rust Conf\" 2026-12-31 100\n"
        );
        assert_eq!(written(&["CREATE", "", "x"]), "CREATE \"\" x\n");
        assert_eq!(written(&["say \"hi\"", "a\\b"]), "\"say \\\"hi\\\"\" a\\b\n");
        assert_eq!(written(&["a\nb", "c\td"]), "\"a\\nb\" \"c\\td\"\n");
    }

    #[test]
    fn only_the_value_of_an_option_is_quoted() {
        assert_eq!(written(&["CREATE", "x", "id=My Event"]), "CREATE x id=\"My Event\"\n");
        assert_eq!(written(&["GET", "limit=5", "after="]), "GET limit=5 after=\"\"\n");
        assert_eq!(written(&["x", "ID=5", "a1=2"]), "x ID=5 a1=2\n");
        assert_eq!(written(&["NEW", "a=b c"]), "NEW a=\"b c\"\n");
    }

    #[test]
    fn an_option_is_one_of_the_verb() {
        assert_eq!(written(&["CREATE", "a=b", "2026-12-01", "3"]), "CREATE \"a=b\" 2026-12-01 3\n");
        assert_eq!(written(&["create", "limit=1", "id=x"]), "create \"limit=1\" id=x\n");
        assert_eq!(written(&["CREATE", "id=x", "--", "id=y", "--"]), "CREATE id=x \"id=y\" --\n");
        assert_eq!(written(&["GET", "--", "limit=1"]), "GET \"limit=1\"\n");
        assert_eq!(written(&["id=x"]), "\"id=x\"\n");
    }

    #[test]
    fn a_word_is_never_more_than_an_argument() {
        assert_eq!(written(&["#PING"]), "\"#PING\"\n");
        assert_eq!(written(&[""]), "\"\"\n");
        assert_eq!(written(&["PING\nQUIT"]), "\"PING\\nQUIT\"\n");
    }
}
