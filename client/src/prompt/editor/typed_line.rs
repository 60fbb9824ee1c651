//! What is typed, as commands and their words: the server's rules, for a line that may be incomplete.

use bookline_protocol::split_option;

use crate::render::text::closing_quote;

/// One command of what is typed: text up to a line feed outside of quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedLine<'a> {
    pub words: Vec<Word<'a>>,
    /// The comment, if the line is one, and where it begins.
    pub comment: Option<(usize, &'a str)>,
}

/// A word with its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// Where it begins in what is typed, in bytes.
    pub start: usize,
    pub text: &'a str,
    pub quoting: Quoting,
}

/// How a word is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    Bare,
    /// The word, or the value of the option, is between quotes.
    Quoted,
    /// The quote is not closed: it goes on to the end of what is typed.
    Open,
    /// A quote is where none may be.
    Misplaced,
}

impl<'a> TypedLine<'a> {
    /// The commands of a text, of which only the last can have an open quote. A text without line feeds is
    /// one command, and an empty one as well.
    pub fn all(text: &'a str) -> Vec<Self> {
        let mut lines = vec![Self::default()];
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            if c == '\n' {
                lines.push(Self::default());
                at += 1;
                continue;
            }
            if is_blank(c) {
                at += 1;
                continue;
            }
            let Some(line) = lines.last_mut() else { break };
            if c == '#' && line.words.is_empty() {
                let comment = text[at..].split('\n').next().unwrap_or_default();
                line.comment = Some((at, comment));
                at += comment.len();
            } else {
                let word = Word::first_of(text, at);
                at = word.end();
                line.words.push(word);
            }
        }
        lines
    }

    /// The last command of a text.
    pub fn last_of(text: &'a str) -> Self {
        Self::all(text).pop().unwrap_or_default()
    }

    /// Whether the line goes on within quotes. One whose other quotes are misplaced is refused in any case.
    pub fn has_open_quote(&self) -> bool {
        self.words.last().is_some_and(|word| word.quoting == Quoting::Open)
            && self.words.iter().all(|word| word.quoting != Quoting::Misplaced)
    }

    /// The words before the cursor that a blank ends, and the one that the cursor is at, for a line that ends
    /// at the cursor.
    pub fn split_at_cursor(&self, cursor: usize) -> (&[Word<'a>], Option<Word<'a>>) {
        match self.words.split_last() {
            Some((last, before)) if last.end() == cursor => (before, Some(*last)),
            _ => (&self.words, None),
        }
    }
}

impl<'a> Word<'a> {
    /// The word that begins at `start`.
    fn first_of(text: &'a str, start: usize) -> Self {
        let rest = &text[start..];
        let value = split_option(rest).map_or(rest, |(_, value)| value);
        let end_of_word = |from: usize| rest[from..].find(is_end).map_or(rest.len(), |length| from + length);
        let value_at = rest.len() - value.len();
        let (end, quoting) = match value.strip_prefix('"').map(closing_quote) {
            Some(None) => (rest.len(), Quoting::Open),
            Some(Some(closing)) => {
                let behind = value_at + 1 + closing + 1;
                let end = end_of_word(behind);
                (end, if end == behind { Quoting::Quoted } else { Quoting::Misplaced })
            }
            None => {
                let end = end_of_word(0);
                let quoting = if rest[..end].contains('"') { Quoting::Misplaced } else { Quoting::Bare };
                (end, quoting)
            }
        };
        Self { start, text: &rest[..end], quoting }
    }

    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The name and the value of an option.
    pub fn option(&self) -> Option<(&'a str, &'a str)> {
        split_option(self.text)
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r')
}

fn is_end(c: char) -> bool {
    is_blank(c) || c == '\n'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(&str, Quoting)> {
        TypedLine::last_of(text).words.iter().map(|word| (word.text, word.quoting)).collect()
    }

    #[test]
    fn words_are_split_at_blanks_outside_of_quotes() {
        use Quoting::{Bare, Misplaced, Open, Quoted};
        assert_eq!(words(" GET\tjazz "), [("GET", Bare), ("jazz", Bare)]);
        assert_eq!(words("a \"b c\" d"), [("a", Bare), ("\"b c\"", Quoted), ("d", Bare)]);
        assert_eq!(words("a for=\"b c\""), [("a", Bare), ("for=\"b c\"", Quoted)]);
        assert_eq!(words(r#"a "b \" c" d"#), [("a", Bare), (r#""b \" c""#, Quoted), ("d", Bare)]);
        assert_eq!(words(r#"a "b\\" d"#), [("a", Bare), (r#""b\\""#, Quoted), ("d", Bare)]);
        assert_eq!(words("a \"b c"), [("a", Bare), ("\"b c", Open)]);
        assert_eq!(words("a for=\"b c"), [("a", Bare), ("for=\"b c", Open)]);
        assert_eq!(words("a b\"c d"), [("a", Bare), ("b\"c", Misplaced), ("d", Bare)]);
        assert_eq!(words("a \"b\"c d"), [("a", Bare), ("\"b\"c", Misplaced), ("d", Bare)]);
        assert_eq!(words("a 'b “c"), [("a", Bare), ("'b", Bare), ("“c", Bare)]);
        assert_eq!(words(""), []);
    }

    #[test]
    fn line_feed_outside_of_quotes_ends_a_command() {
        let lines = TypedLine::all("PING\n# a \"b\n\nGET \"a\nb\" c");
        let texts = |line: &TypedLine<'_>| line.words.iter().map(|word| word.text.to_owned()).collect();
        let texts: Vec<Vec<String>> = lines.iter().map(texts).collect();
        assert_eq!(texts, [vec!["PING"], vec![], vec![], vec!["GET", "\"a\nb\"", "c"]]);
        assert_eq!(lines[1].comment, Some((5, "# a \"b")));
        assert_eq!(lines[3].words[0].start, 13);
    }

    #[test]
    fn word_at_the_cursor_is_not_ended_by_a_blank() {
        let at_cursor = |text: &str| {
            let line = TypedLine::last_of(text);
            let (before, at) = line.split_at_cursor(text.len());
            (before.len(), at.map(|word| word.text.to_owned()))
        };
        assert_eq!(at_cursor("GET ja"), (1, Some("ja".to_owned())));
        assert_eq!(at_cursor("GET ja "), (2, None));
        assert_eq!(at_cursor(""), (0, None));
    }
}
