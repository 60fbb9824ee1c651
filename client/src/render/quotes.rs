//! What is wrong with the quotes, the blanks and the hyphens of a line that the server has refused.
//!
//! Text that is pasted from a document has characters that only look like those of the protocol, and other
//! languages quote in other ways. The server takes such characters for a part of a word, so its message is
//! about something else.

use bookline_protocol::{Code, quote};

use crate::render::text::{capitalized, closing_quote, printable};

/// What may be the cause of a refusal with this code, as a sentence.
pub fn cause(code: Code, line: &str) -> Option<String> {
    // Of several lines it is not known which was refused.
    let line = line.trim_ascii();
    let is_about_words = matches!(code, Code::BadRequest | Code::UnknownCommand) && !line.contains('\n');
    let mut sentence = quote_trouble(line).filter(|_| is_about_words)?;
    sentence.push('.');
    Some(capitalized(sentence))
}

/// Names the first such character of a line that was refused, and says what to write. The text between proper
/// quotes may have any of them.
fn quote_trouble(line: &str) -> Option<String> {
    let mut is_word_start = true;
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        let rest = &line[at..];
        let after = &rest[c.len_utf8()..];
        match c {
            '"' if is_word_start => match closing_quote(after) {
                Some(closing) => {
                    at += c.len_utf8() + closing + 1;
                    is_word_start = false;
                    continue;
                }
                None => return unclosed(after),
            },
            ' ' | '\t' => {}
            _ if is_word_start && let Some(kind) = QuoteKind::of_opening(c) => {
                return Some(kind.trouble(after));
            }
            _ if let Some(name) = blank_name(c) => return Some(blank_trouble(&line[..at], c, name)),
            _ if is_dash(c) && is_in_number(&line[..at], after) => return Some(dash_trouble(line, at, c)),
            _ => {}
        }
        is_word_start = matches!(c, ' ' | '\t' | '=');
        at += c.len_utf8();
    }
    semicolon_trouble(line)
}

/// Quotes that do not quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QuoteKind {
    Single,
    Curly,
    Angle,
    Backquote,
}

impl QuoteKind {
    const fn of_opening(c: char) -> Option<Self> {
        match c {
            '\'' => Some(Self::Single),
            '“' | '”' | '„' | '‟' | '‘' | '’' | '‚' | '‛' | '″' | '′' | '＂' => {
                Some(Self::Curly)
            }
            '«' | '»' | '‹' | '›' => Some(Self::Angle),
            '`' | '´' => Some(Self::Backquote),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Single => "single quotes",
            Self::Curly => "curly quotes",
            Self::Angle => "angle quotes",
            Self::Backquote => "backquotes",
        }
    }

    /// What to write instead of the text after the opening quote.
    fn trouble(self, after: &str) -> String {
        let is_closing = |&(at, c): &(usize, char)| {
            let next = after[at + c.len_utf8()..].chars().next();
            is_any_quote(c) && next.is_none_or(|next| matches!(next, ' ' | '\t' | ';'))
        };
        let closing = after.char_indices().find(is_closing);
        let end = closing.map(|(at, _)| at).or_else(|| after.find([' ', '\t'])).unwrap_or(after.len());
        format!("{} do not quote: write {}", self.name(), in_quotes(&after[..end]))
    }
}

const fn is_any_quote(c: char) -> bool {
    c == '"' || QuoteKind::of_opening(c).is_some()
}

/// The text as an argument, between quotes also where they are not needed: the user has quoted it.
fn in_quotes(text: &str) -> String {
    let argument = printable(&quote(text)).into_owned();
    if argument.starts_with('"') { argument } else { format!("\"{argument}\"") }
}

/// The quote that should close what a proper one opens.
fn unclosed(text: &str) -> Option<String> {
    let at = text.find(|c: char| c != '\'' && QuoteKind::of_opening(c).is_some())?;
    let closing = text[at..].chars().next()?;
    Some(format!("a {closing} does not close a quote: write {}", in_quotes(&text[..at])))
}

/// The name of a blank that does not separate words.
const fn blank_name(c: char) -> Option<&'static str> {
    match c {
        '\u{a0}' | '\u{202f}' | '\u{2060}' | '\u{feff}' => Some("no-break space"),
        '\u{200b}' | '\u{200c}' | '\u{200d}' => Some("space without width"),
        '\u{2000}'..='\u{200a}' | '\u{205f}' | '\u{1680}' | '\u{3000}' => Some("wide or narrow space"),
        _ => None,
    }
}

fn blank_trouble(before: &str, c: char, name: &str) -> String {
    let number = c as u32;
    match before.rsplit([' ', '\t']).next() {
        None | Some("") => format!("the line has a {name} (U+{number:04X}): write a plain blank"),
        Some(word) => {
            format!("behind {} is a {name} (U+{number:04X}): write a plain blank", printable(word))
        }
    }
}

const fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}')
}

/// Whether there are digits on both sides, as in a date.
fn is_in_number(before: &str, after: &str) -> bool {
    before.ends_with(|c: char| c.is_ascii_digit()) && after.starts_with(|c: char| c.is_ascii_digit())
}

fn dash_trouble(line: &str, at: usize, dash: char) -> String {
    let start = line[..at].rfind([' ', '\t']).map_or(0, |blank| blank + 1);
    let end = line[at..].find([' ', '\t']).map_or(line.len(), |blank| at + blank);
    let word = &line[start..end];
    let number = dash as u32;
    format!(
        "the word {} has a dash (U+{number:04X}): write {}",
        printable(word),
        printable(&word.replace(is_dash, "-"))
    )
}

/// A habit of those who write SQL.
fn semicolon_trouble(line: &str) -> Option<String> {
    line.ends_with(';').then(|| "a command has no ; at its end".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_trouble(line: &str, expected: &str) {
        assert_eq!(quote_trouble(line).as_deref(), Some(expected), "{line}");
    }

    #[test]
    fn quotes_that_do_not_quote_are_named_with_what_to_write() {
        assert_trouble("BOOK e 1 for='Ada Lovelace'", "single quotes do not quote: write \"Ada Lovelace\"");
        assert_trouble("CREATE 'Ada' 2026-12-31 5", "single quotes do not quote: write \"Ada\"");
        for quoted in ["“Ada L”", "„Ada L“", "‘Ada L’", "”Ada L”", "“Ada L\"", "’Ada L’;"]
        {
            assert_trouble(&format!("CREATE {quoted} 5"), "curly quotes do not quote: write \"Ada L\"");
        }
        assert_trouble("CREATE «Ada L» 5", "angle quotes do not quote: write \"Ada L\"");
        assert_trouble("CREATE `Ada` 5", "backquotes do not quote: write \"Ada\"");
        // An apostrophe within the text does not end it.
        assert_trouble("CREATE 'Ada's tea' 5", "single quotes do not quote: write \"Ada's tea\"");
        assert_trouble("CREATE 'Ada L 5", "single quotes do not quote: write \"Ada\"");
        assert_trouble("CREATE \"Ada L” 5", "a ” does not close a quote: write \"Ada L\"");
    }

    #[test]
    fn blanks_that_do_not_separate_are_named_with_the_word_before_them() {
        let trouble = "behind BOOK is a no-break space (U+00A0): write a plain blank";
        assert_trouble("BOOK\u{a0}jazz 2", trouble);
        assert_trouble("BOOK jazz\u{202f}2", "behind jazz is a no-break space (U+202F): write a plain blank");
        assert_trouble(
            "BOOK jazz \u{3000}2",
            "the line has a wide or narrow space (U+3000): write a plain blank",
        );
        assert_trouble("\u{200b}PING", "the line has a space without width (U+200B): write a plain blank");
    }

    #[test]
    fn dash_in_a_date_is_named_with_what_to_write() {
        assert_trouble("GET F1 2026–12–31", "the word 2026–12–31 has a dash (U+2013): write 2026-12-31");
    }

    #[test]
    fn semicolon_at_the_end_is_named() {
        assert_trouble("BOOK jazz 2;", "a command has no ; at its end");
        assert_trouble("BOOK jazz 2 ;", "a command has no ; at its end");
        assert_trouble("GET \"a\";", "a command has no ; at its end");
    }

    #[test]
    fn only_a_line_that_is_not_a_request_has_a_cause() {
        let semicolon = Some("A command has no ; at its end.".to_owned());
        assert_eq!(cause(Code::BadRequest, "PING;\n"), semicolon);
        assert_eq!(cause(Code::UnknownCommand, "PING;"), semicolon);
        assert_eq!(cause(Code::NotFound, "PING;"), None);
        assert_eq!(cause(Code::BadRequest, "PING;\nPING"), None);
        assert_eq!(cause(Code::BadRequest, "PING x"), None);
    }

    #[test]
    fn proper_line_has_no_trouble() {
        for line in [
            "",
            "BOOK jazz 2",
            "CREATE \"It's – “here”\u{a0};\" 2026-12-31 5 id=x",
            "CREATE \"say \\\"hi\\\" – 'x'\" 2026-12-31 5",
            "BOOK jazz 2 for=O'Hara",
            "CREATE Nord–Süd 2026-12-31 x",
            "CREATE \"Ada",
            "GET ;x",
        ] {
            assert_eq!(quote_trouble(line), None, "{line}");
        }
    }
}
