//! Wakes the line editor while it waits for a key.
//!
//! The editor waits for keys alone. So when something arrives at the connection, the keyboard gives the
//! editor a key of its own. Its handler takes what was typed off the screen, and ends the line.

use std::io::{self, Write};

use rustyline::{Cmd, KeyEvent, Movement};

/// The keys that wake the editor: Ctrl-^, twice. The first takes the line, the second ends it. A user may
/// press this key as well: then it does nothing.
pub const KEYS: [u8; 2] = [0x1e; 2];

/// Takes the row of the prompt off the screen, from the row below it.
const ERASE_PROMPT: &[u8] = b"\x1b[A\r\x1b[J";

/// The key for the editor.
pub fn key() -> KeyEvent {
    KeyEvent::ctrl('^')
}

/// What is typed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub before_cursor: String,
    pub behind_cursor: String,
}

/// How far the editor is on its way to wake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wake {
    /// There is no reason to wake it.
    #[default]
    No,
    /// It gets the keys as soon as it is not within a sequence of keys.
    Wanted,
    /// It has the keys.
    Given,
    /// It has handed over its line, and returns.
    Taken(Typed),
}

impl Wake {
    /// Takes a key of [`KEYS`] from the editor, and says what it does.
    pub fn on_key(&mut self, line: &str, cursor: usize) -> Option<Cmd> {
        match self {
            Self::Given => {
                let (before, behind) = line.split_at(cursor);
                let typed = Typed { before_cursor: before.to_owned(), behind_cursor: behind.to_owned() };
                *self = Self::Taken(typed);
                Some(Cmd::Kill(Movement::WholeBuffer))
            }
            Self::Taken(_) => Some(Cmd::Interrupt),
            Self::No | Self::Wanted => None,
        }
    }

    /// What was typed, if the editor was woken.
    pub fn take_typed(&mut self) -> Option<Typed> {
        match std::mem::take(self) {
            Self::Taken(typed) => Some(typed),
            _ => None,
        }
    }
}

/// Takes the prompt of a woken editor off the screen.
pub fn erase_prompt() {
    let mut stdout = io::stdout();
    // If the terminal is gone, the next prompt finds out.
    let _ = stdout.write_all(ERASE_PROMPT).and_then(|()| stdout.flush());
}
