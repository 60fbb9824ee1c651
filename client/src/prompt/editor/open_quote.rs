//! Quotes that go on over several lines.

use crate::prompt::editor::typed_line::{Quoting, TypedLine};

/// Whether a quote is open at the end of what is typed.
pub fn is_open(typed: &str) -> bool {
    TypedLine::last_of(typed).has_open_quote()
}

/// What is typed as the lines that are sent: a line feed within quotes is written as its escape. A backslash
/// before it joins the two lines instead, as in a shell.
pub fn escaped(typed: &str) -> String {
    let mut lines = String::with_capacity(typed.len());
    let mut copied = 0;
    for word in TypedLine::all(typed).iter().flat_map(|line| &line.words) {
        if word.quoting == Quoting::Bare || !word.text.contains('\n') {
            continue;
        }
        lines.push_str(&typed[copied..word.start]);
        push_escaped(&mut lines, word.text);
        copied = word.end();
    }
    lines.push_str(&typed[copied..]);
    lines
}

fn push_escaped(lines: &mut String, word: &str) {
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some('\n')) => {
                chars.next();
            }
            ('\\', Some(next)) => {
                lines.extend(['\\', next]);
                chars.next();
            }
            ('\n', _) => lines.push_str("\\n"),
            _ => lines.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quote_is_open_until_it_is_closed() {
        assert!(is_open("CREATE \"Rust"));
        assert!(is_open("CREATE \"Rust\nConf"));
        assert!(is_open("BOOK e 1 for=\"Ada"));
        assert!(is_open(r#"CREATE "say \""#));
        assert!(!is_open("CREATE \"Rust\nConf\" 2026-12-31 5"));
        assert!(!is_open("CREATE 'Rust"));
        assert!(!is_open("CREATE “Rust"));
        assert!(!is_open("CREATE Rust\" 2026-12-31"));
        assert!(!is_open("CREATE Rust\"Conf \"x"));
        assert!(!is_open("# \"x"));
        assert!(is_open("PING\nCREATE \"Rust"));
        assert!(!is_open("# \"x\nPING"));
    }

    #[test]
    fn line_feed_in_quotes_is_sent_as_its_escape() {
        assert_eq!(escaped("CREATE \"Rust\nConf\" 5\nPING"), "CREATE \"Rust\\nConf\" 5\nPING");
        assert_eq!(escaped("BOOK e 1 for=\"a\nb\nc\""), "BOOK e 1 for=\"a\\nb\\nc\"");
        assert_eq!(escaped("CREATE \"Rust \\\nConf\" 5"), "CREATE \"Rust Conf\" 5");
        assert_eq!(escaped("CREATE \"Rust\\\\\nConf\" 5"), "CREATE \"Rust\\\\\\nConf\" 5");
        assert_eq!(escaped("PING\nGET"), "PING\nGET");
        assert_eq!(escaped("# \"a\nPING \"b\""), "# \"a\nPING \"b\"");
    }
}
