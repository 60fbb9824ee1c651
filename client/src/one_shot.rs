//! A command given as arguments of the shell.

use bookline_protocol::{quote, split_option};

/// The line that says what the words say, with its end.
///
/// A shell has already taken words apart, so each one is an argument, quoted where the protocol needs it; a word that
/// begins like an option (`id=My Event`) is one, and only its value is quoted.
pub fn line(words: &[String]) -> String {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        match split_option(word) {
            Some((name, value)) => {
                line.push_str(name);
                line.push('=');
                line.push_str(&quote(value));
            }
            None => line.push_str(&quote(word)),
        }
    }
    line.push('\n');
    line
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
    }

    #[test]
    fn a_word_is_never_more_than_an_argument() {
        assert_eq!(written(&["#PING"]), "\"#PING\"\n");
        assert_eq!(written(&[""]), "\"\"\n");
        assert_eq!(written(&["PING\nQUIT"]), "\"PING\\nQUIT\"\n");
    }
}
