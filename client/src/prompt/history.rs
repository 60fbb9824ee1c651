//! The history of typed lines, kept in the XDG state directory.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use bookline_protocol::{KEY_OPTION, TicketId, Verb, split_option};
use clap::ValueEnum;
use rustyline::history::FileHistory;
use rustyline::{Editor, Helper};

use crate::login;
use crate::render::text::printable;
use crate::xdg::Directory;

/// Lines of the history: months of typing, and loaded within milliseconds.
pub const LINES_MAX: usize = 10_000;

/// The lines that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryPolicy {
    /// Every line but AUTH and ACCOUNT, without its key
    All,
    /// Likewise, but for those with the id of a ticket or a hold, which is its only proof
    NoTickets,
    /// None, as with an empty variable
    #[value(alias = "")]
    None,
}

#[derive(Debug)]
pub struct History {
    /// `None` when nothing is kept.
    path: Option<PathBuf>,
    policy: HistoryPolicy,
}

impl History {
    /// Loads the lines of earlier sessions into the editor. A session works without a history: the message
    /// says why there is none.
    pub fn load<H: Helper>(
        editor: &mut Editor<H, FileHistory>,
        policy: HistoryPolicy,
    ) -> (Self, Option<String>) {
        let path = Directory::State.file("history").filter(|_| policy != HistoryPolicy::None);
        let Some(path) = path else {
            return (Self { path: None, policy }, None);
        };
        if let Err(error) = create_parent(&path) {
            return (Self { path: None, policy }, Some(error_message(&path, &error)));
        }
        if path.exists()
            && let Err(error) = editor.load_history(&path)
        {
            return (Self { path: None, policy }, Some(error_message(&path, &error)));
        }
        (Self { path: Some(path), policy }, None)
    }

    /// Appends a typed line without its key to the file at once, so that a killed session loses none. One
    /// that may have the secret of an account is not kept at all. After an error, which is returned once,
    /// nothing more is kept.
    pub fn add<H: Helper>(&mut self, editor: &mut Editor<H, FileHistory>, line: &str) -> Option<String> {
        if may_have_secret(line) || self.policy == HistoryPolicy::NoTickets && has_secret_id(line) {
            return None;
        }
        let added = editor.add_history_entry(without_keys(line));
        let path = self.path.as_ref()?;
        let error = added.and_then(|_| editor.append_history(path)).err()?;
        let message = error_message(path, &error);
        self.path = None;
        Some(message)
    }
}

/// Whether the line, or one of several pasted lines, may have the secret of an account.
pub fn may_have_secret(line: &str) -> bool {
    line.lines().any(|line| login::may_have_secret(line.as_bytes()))
}

/// The last lines that were typed, in this session and before, with their numbers.
pub fn last_lines<H: Helper>(editor: &Editor<H, FileHistory>, lines_max: usize) -> String {
    let lines = editor.history().iter().count();
    let numbered = (1..).zip(editor.history().iter()).skip(lines.saturating_sub(lines_max));
    let shown = |(number, line): (usize, &String)| {
        // The lines of one that was pasted are below each other.
        format!("{number:>NUMBER_WIDTH$}  {}", line.replace('\n', &format!("\n{:NUMBER_WIDTH$}  ", "")))
    };
    printable(&numbered.map(shown).collect::<Vec<_>>().join("\n")).into_owned()
}

/// The width of the numbers of lines, of which there are at most [`LINES_MAX`].
const NUMBER_WIDTH: usize = 5;

/// Whether the line, or one of several pasted lines, has the id of a ticket or a hold, or is a command about
/// one: an id that is mistyped is still nearly one. An id that the server generates for an event is a UUID of
/// version 4, that of a ticket or a hold one of version 8.
fn has_secret_id(line: &str) -> bool {
    let is_id = |window: &[u8]| std::str::from_utf8(window).is_ok_and(is_secret_id);
    line.lines().any(names_secret_id) || line.as_bytes().windows(UUID_LENGTH).any(is_id)
}

/// Whether the word is the id of a ticket or a hold.
pub fn is_secret_id(word: &str) -> bool {
    word.as_bytes().get(UUID_VERSION_AT) == Some(&b'8') && word.parse::<TicketId>().is_ok()
}

/// Whether the line is a command whose first argument is the id of a ticket or a hold.
fn names_secret_id(line: &str) -> bool {
    let mut words = line.split_whitespace().filter(|word| split_option(word).is_none());
    match words.next().and_then(Verb::from_word) {
        Some(Verb::Ticket | Verb::Cancel | Verb::Checkin | Verb::Confirm | Verb::Extend | Verb::Release) => {
            true
        }
        // With a number after the id, the id is that of an event.
        Some(Verb::Hold) => words.count() == 1,
        _ => false,
    }
}

/// The line, or several pasted lines, without the keys of changes. Who knows a key and its request gets the
/// reply, and a line that is recalled is another change, which needs another key.
fn without_keys(line: &str) -> String {
    line.split('\n').map(without_key).collect::<Vec<_>>().join("\n")
}

fn without_key(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    loop {
        let word = rest.trim_start_matches(is_blank);
        let (blanks, (word, after)) = (&rest[..rest.len() - word.len()], split_word(word));
        if word.is_empty() {
            kept.push_str(blanks);
            return kept;
        }
        if !is_key_option(word) {
            kept.push_str(blanks);
            kept.push_str(word);
        }
        rest = after;
    }
}

/// Splits the text after its first word, which has blanks only between quotes. A quote that is never closed
/// quotes nothing, but where it opens a key all that follows may be the key.
fn split_word(text: &str) -> (&str, &str) {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let end = text.find(|c: char| {
        let is_quote = c == '"' && !is_escaped;
        is_quoted ^= is_quote;
        is_escaped = is_quoted && c == '\\' && !is_escaped;
        !is_quoted && is_blank(c)
    });
    let end = match end {
        None if is_quoted && !is_key_option(text) => text.find(is_blank),
        end => end,
    };
    text.split_at(end.unwrap_or(text.len()))
}

/// In any case: a key is a secret where the name of its option is mistyped as well.
fn is_key_option(word: &str) -> bool {
    let name = word.split('=').next().filter(|name| name.len() < word.len());
    name.is_some_and(|name| name.eq_ignore_ascii_case(KEY_OPTION))
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// The length of a UUID, and the position of its version digit.
const UUID_LENGTH: usize = 36;
const UUID_VERSION_AT: usize = 14;

fn error_message(path: &Path, error: &dyn std::error::Error) -> String {
    format!("history is not kept: {}: {error}", path.display())
}

fn create_parent(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    DirBuilder::new().recursive(true).mode(0o700).create(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_of_ticket_or_hold_is_distinguished_from_id_of_event() {
        for line in [
            "TICKET 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
            "ticket 2cdba4d5-65e5-8a4e-9d2b",
            "  GET 2CDBA4D5-65E5-8A4E-9D2B-64A5BA13B0EE",
            "# é2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0eeé",
            "PING\nTICKET 1",
            "cancel 2cdba4d5",
            "undo=yes CHECKIN 2cdba4d5",
            "CONFIRM 2cdba4d5 2 for=\"Ada Lovelace\"",
            "EXTEND 2cdba4d5 600",
            "RELEASE 2cdba4d5",
            "HOLD 2cdba4d5",
            "HOLD 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
            "hold 2cdba4d5 ttl=5",
        ] {
            assert!(has_secret_id(line), "{line}");
        }
        for line in [
            "",
            "PING",
            "BOOK 2cdba4d5-65e5-4a4e-9d2b-64a5ba13b0ee 2",
            "GET ticket",
            "HELP TICKET",
            "TICKETS rustconf for=Ada",
            "HOLD rustconf 2 ttl=600",
            "HOLD",
            "é".repeat(40).as_str(),
        ] {
            assert!(!has_secret_id(line), "{line}");
        }
    }

    #[test]
    fn key_is_removed_from_a_line_that_is_kept() {
        for (line, kept) in [
            ("BOOK e 1 key=0123456789abcdef", "BOOK e 1"),
            ("BOOK key=0123456789abcdef e 1 for=\"Ada Lovelace\"", "BOOK e 1 for=\"Ada Lovelace\""),
            ("BOOK e 1\tkey=\"0123456789 \\\" abcdef\" for=Ada", "BOOK e 1 for=Ada"),
            ("BOOK e 1 key=\"0123456789 abcdef", "BOOK e 1"),
            ("BOOK e 1 Key=0123456789abcdef KEY=0123456789abcdef", "BOOK e 1"),
            ("key=0123456789abcdef BOOK e 1", " BOOK e 1"),
            ("BOOK \"e 1 key=0123456789abcdef", "BOOK \"e 1"),
            ("BOOK e 1 key=one\nBOOK e 2\nBOOK e 3 key=three ", "BOOK e 1\nBOOK e 2\nBOOK e 3 "),
        ] {
            assert_eq!(without_keys(line), kept, "{line}");
        }
        for line in [
            "",
            "  GET  e ",
            "CREATE \"a key=b\" 2026-12-31 1 id=key",
            "BOOK e 1 for=\"a \\\" key=b\"",
            "HELP monkey=x key",
        ] {
            assert_eq!(without_keys(line), line);
        }
    }
}
