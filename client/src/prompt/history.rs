//! The history of typed lines, kept in the XDG state directory.

use std::env;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use bookline_protocol::{TicketId, Verb, split_option};
use clap::ValueEnum;
use rustyline::history::FileHistory;
use rustyline::{Editor, Helper};

/// Lines of the history: months of typing, and loaded within milliseconds.
pub const LINES_MAX: usize = 10_000;

/// The lines that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryPolicy {
    /// Every line
    All,
    /// Every line but those with the id of a ticket or a hold, which is its only proof
    NoTickets,
    /// None
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
        let path = history_path(env::var_os("XDG_STATE_HOME"), env::var_os("HOME"))
            .filter(|_| policy != HistoryPolicy::None);
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

    /// Appends a typed line to the file at once, so that a killed session loses none. After an error, which
    /// is returned once, nothing more is kept.
    pub fn add<H: Helper>(&mut self, editor: &mut Editor<H, FileHistory>, line: &str) -> Option<String> {
        if self.policy == HistoryPolicy::NoTickets && has_secret_id(line) {
            return None;
        }
        let added = editor.add_history_entry(line);
        let path = self.path.as_ref()?;
        let error = added.and_then(|_| editor.append_history(path)).err()?;
        let message = error_message(path, &error);
        self.path = None;
        Some(message)
    }
}

/// Whether the line, or one of several pasted lines, has the id of a ticket or a hold, or is a command about
/// one: an id that is mistyped is still nearly one. An id that the server generates for an event is a UUID of
/// version 4, that of a ticket or a hold one of version 8.
fn has_secret_id(line: &str) -> bool {
    let is_id = |window: &[u8]| {
        window[UUID_VERSION_AT] == b'8'
            && std::str::from_utf8(window).is_ok_and(|text| text.parse::<TicketId>().is_ok())
    };
    line.lines().any(names_secret_id) || line.as_bytes().windows(UUID_LENGTH).any(is_id)
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

/// The length of a UUID, and the position of its version digit.
const UUID_LENGTH: usize = 36;
const UUID_VERSION_AT: usize = 14;

fn error_message(path: &Path, error: &dyn std::error::Error) -> String {
    format!("history is not kept: {}: {error}", path.display())
}

/// The XDG base directory specification says that a relative path counts as unset.
fn history_path(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let state = state.and_then(absolute).or_else(|| Some(home.and_then(absolute)?.join(".local/state")))?;
    Some(state.join("bookline/history"))
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
    fn path_prefers_the_state_directory_and_needs_no_home() {
        let at = |state: Option<&str>, home: Option<&str>| {
            history_path(state.map(Into::into), home.map(Into::into))
        };
        assert_eq!(at(Some("/s"), Some("/h")), Some(PathBuf::from("/s/bookline/history")));
        assert_eq!(at(None, Some("/h")), Some(PathBuf::from("/h/.local/state/bookline/history")));
        assert_eq!(at(Some("relative"), Some("/h")), Some(PathBuf::from("/h/.local/state/bookline/history")));
        assert_eq!(at(Some(""), None), None);
        assert_eq!(at(None, None), None);
    }
}
