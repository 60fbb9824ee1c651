//! The lines typed before, kept under the XDG state directory.

use std::env;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use bookline_protocol::{TicketId, Verb};
use clap::ValueEnum;
use rustyline::history::FileHistory;
use rustyline::{Editor, Helper};

/// Lines that are kept: months of typing, and read in no time.
pub const MAX_LINES: usize = 10_000;

/// Which lines are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Keep {
    /// Every line
    All,
    /// Every line but those with a ticket's id: whoever reads it holds the ticket
    NoTickets,
    /// None
    None,
}

/// Where lines are kept, if anywhere, and which.
#[derive(Debug)]
pub struct History {
    path: Option<PathBuf>,
    keep: Keep,
}

impl History {
    /// Loads the lines of earlier sessions into an editor.
    ///
    /// Nothing here is an error: a session without history is still a session. The message says why there is none.
    pub fn load<H: Helper>(editor: &mut Editor<H, FileHistory>, keep: Keep) -> (Self, Option<String>) {
        let path = path(env::var_os("XDG_STATE_HOME"), env::var_os("HOME")).filter(|_| keep != Keep::None);
        let Some(path) = path else {
            return (Self { path: None, keep }, None);
        };
        if let Err(error) = make_parent(&path) {
            return (Self { path: None, keep }, Some(trouble(&path, &error)));
        }
        if path.exists()
            && let Err(error) = editor.load_history(&path)
        {
            return (Self { path: None, keep }, Some(trouble(&path, &error)));
        }
        (Self { path: Some(path), keep }, None)
    }

    /// Keeps a line that was typed, at once, so that a session that is killed loses none. The message is given once:
    /// after it, nothing is kept.
    pub fn keep<H: Helper>(&mut self, editor: &mut Editor<H, FileHistory>, line: &str) -> Option<String> {
        if self.keep == Keep::NoTickets && holds_ticket(line) {
            return None;
        }
        let added = editor.add_history_entry(line);
        let path = self.path.as_ref()?;
        let error = added.and_then(|_| editor.append_history(path)).err()?;
        let message = trouble(path, &error);
        self.path = None;
        Some(message)
    }
}

/// Whether a line, or a line of several, asks for a ticket or has a ticket's id in it. An event whose id was made up is
/// a UUID too, of version 4; a ticket is one of version 8.
fn holds_ticket(line: &str) -> bool {
    let asks = |line: &str| line.split_whitespace().next().and_then(Verb::from_word) == Some(Verb::Ticket);
    let is_ticket = |window: &[u8]| {
        window[VERSION] == b'8'
            && std::str::from_utf8(window).is_ok_and(|text| text.parse::<TicketId>().is_ok())
    };
    line.lines().any(asks) || line.as_bytes().windows(WRITTEN).any(is_ticket)
}

/// Characters of a written UUID, and where its version stands among them.
const WRITTEN: usize = 36;
const VERSION: usize = 14;

fn trouble(path: &Path, error: &dyn std::error::Error) -> String {
    format!("history is not kept: {}: {error}", path.display())
}

/// As the XDG base directory specification has it: a relative path counts as unset.
fn path(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let state = state.and_then(absolute).or_else(|| Some(home.and_then(absolute)?.join(".local/state")))?;
    Some(state.join("bookline/history"))
}

fn make_parent(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    DirBuilder::new().recursive(true).mode(0o700).create(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_told_from_an_event() {
        for line in [
            "TICKET 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
            "ticket 2cdba4d5-65e5-8a4e-9d2b",
            "  GET 2CDBA4D5-65E5-8A4E-9D2B-64A5BA13B0EE",
            "# é2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0eeé",
            "PING\nTICKET 1",
        ] {
            assert!(holds_ticket(line), "{line}");
        }
        for line in [
            "",
            "PING",
            "BOOK 2cdba4d5-65e5-4a4e-9d2b-64a5ba13b0ee 2",
            "GET ticket",
            "HELP TICKET",
            "é".repeat(40).as_str(),
        ] {
            assert!(!holds_ticket(line), "{line}");
        }
    }

    #[test]
    fn the_state_directory_comes_first_and_home_is_no_must() {
        let at = |state: Option<&str>, home: Option<&str>| path(state.map(Into::into), home.map(Into::into));
        assert_eq!(at(Some("/s"), Some("/h")), Some(PathBuf::from("/s/bookline/history")));
        assert_eq!(at(None, Some("/h")), Some(PathBuf::from("/h/.local/state/bookline/history")));
        assert_eq!(at(Some("relative"), Some("/h")), Some(PathBuf::from("/h/.local/state/bookline/history")));
        assert_eq!(at(Some(""), None), None);
        assert_eq!(at(None, None), None);
    }
}
