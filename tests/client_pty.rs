//! A terminal with the client on it, and the one who types there.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::Write;
use std::process::Command;

use rexpect::process::WaitStatus;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use tempfile::TempDir;

/// What the client shows when it is ready.
pub const PROMPT: &str = "bookline> ";

/// The client on a pseudo-terminal.
pub struct Session {
    pty: PtySession,
}

impl Session {
    pub fn start(mut command: Command, home: &TempDir) -> Self {
        command.env("HOME", home.path()).env_remove("XDG_STATE_HOME");
        Self::start_as_is(command)
    }

    pub fn start_as_is(command: Command) -> Self {
        let options = Options::new().timeout_ms(Some(30_000)).strip_ansi_escape_codes(true);
        Self { pty: spawn_with_options(command, options).unwrap() }
    }

    /// What is shown up to this text, which must come.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> String {
        match self.pty.exp_string(text) {
            Ok(before) => before,
            Err(error) => panic!("{text:?} does not come: {error}"),
        }
    }

    /// Presses these keys, all at once.
    pub fn keys(&mut self, keys: &str) {
        self.bytes(keys.as_bytes());
    }

    /// Presses keys that need not be text.
    pub fn bytes(&mut self, keys: &[u8]) {
        self.pty.process().get_file_handle().unwrap().write_all(keys).unwrap();
    }

    /// Types a line at the prompt, which must be there or come.
    #[track_caller]
    pub fn line(&mut self, line: &str) {
        self.until(PROMPT);
        self.keys(&format!("{line}\r"));
    }

    /// What is shown to the end, and the exit status.
    pub fn end(mut self) -> (i32, String) {
        let shown = self.pty.exp_eof().unwrap();
        match self.pty.process().wait().unwrap() {
            WaitStatus::Exited(_, code) => (code, shown),
            status => panic!("the client ended with {status:?}"),
        }
    }

    /// Leaves with Ctrl-D, and expects that to be fine.
    #[track_caller]
    pub fn leave(mut self) {
        self.until(PROMPT);
        self.keys("\x04");
        assert_eq!(self.end().0, 0);
    }
}

/// A home directory with nothing in it.
pub fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}
