//! The client on a pseudo-terminal, and the user who types there.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;

use bookline_testkit::HANG_TIMEOUT;
use rexpect::process::WaitStatus;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use tempfile::TempDir;

use crate::support::client::bookline;

pub const PROMPT: &str = "bookline> ";

/// The prompt while the server is gone.
pub const OFFLINE_PROMPT: &str = "bookline (offline)> ";

/// The client on a pseudo-terminal.
pub struct Session {
    pty: PtySession,
    /// The home directory, if it belongs to this session alone.
    home: Option<TempDir>,
}

impl Session {
    /// Starts a prompt in a home directory of its own.
    pub fn prompt(addr: SocketAddr) -> Self {
        Self::start(bookline(addr, &[]))
    }

    /// Starts a prompt, and waits until it is shown.
    #[track_caller]
    pub fn at_prompt(addr: SocketAddr) -> Self {
        let mut session = Self::prompt(addr);
        session.wait_for(PROMPT);
        session
    }

    /// Starts a command in a home directory of its own.
    pub fn start(command: Command) -> Self {
        let home = empty_home();
        let mut session = Self::start_in(command, &home);
        session.home = Some(home);
        session
    }

    /// Starts a command in this home directory.
    pub fn start_in(mut command: Command, home: &TempDir) -> Self {
        command.env("HOME", home.path()).env_remove("XDG_STATE_HOME");
        Self::start_unchanged(command)
    }

    /// Starts a command with its own environment.
    pub fn start_unchanged(command: Command) -> Self {
        Self::spawn(command, true)
    }

    /// Starts a command that shows its escape codes and does not need a home directory.
    pub fn start_with_escapes(command: Command) -> Self {
        Self::spawn(command, false)
    }

    fn spawn(command: Command, without_escapes: bool) -> Self {
        let timeout_ms = Some(HANG_TIMEOUT.as_millis() as u64);
        let options = Options::new().timeout_ms(timeout_ms).strip_ansi_escape_codes(without_escapes);
        Self { pty: spawn_with_options(command, options).unwrap(), home: None }
    }

    /// Waits for a text. Returns what is shown before it.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        match self.pty.exp_string(text) {
            Ok(before) => before,
            Err(error) => panic!("{text:?} is not shown: {error}"),
        }
    }

    /// Presses these keys, all at once.
    pub fn press(&mut self, keys: &str) {
        self.press_bytes(keys.as_bytes());
    }

    /// Presses keys that need not be UTF-8.
    pub fn press_bytes(&mut self, keys: &[u8]) {
        self.pty.process().get_file_handle().unwrap().write_all(keys).unwrap();
    }

    /// Waits for the prompt and types a line.
    #[track_caller]
    pub fn type_line(&mut self, line: &str) {
        self.wait_for(PROMPT);
        self.press(&format!("{line}\r"));
    }

    /// Waits for the prompt of a session whose server is gone, and types a line.
    #[track_caller]
    pub fn type_line_offline(&mut self, line: &str) {
        self.wait_for(OFFLINE_PROMPT);
        self.press(&format!("{line}\r"));
    }

    /// Waits for the end of the client. Returns its exit status and what is shown before.
    pub fn wait_for_exit(mut self) -> (i32, String) {
        let shown = self.pty.exp_eof().unwrap();
        match self.pty.process().wait().unwrap() {
            WaitStatus::Exited(_, code) => (code, shown),
            status => panic!("the client ended with {status:?}"),
        }
    }

    /// Ends the session with Ctrl-D, which must succeed.
    #[track_caller]
    pub fn leave(mut self) {
        self.wait_for(PROMPT);
        self.press("\x04");
        assert_eq!(self.wait_for_exit().0, 0);
    }

    /// Ends a session whose server is gone with Ctrl-D. Returns its exit status and what is shown then.
    #[track_caller]
    pub fn leave_offline(mut self) -> (i32, String) {
        self.wait_for(OFFLINE_PROMPT);
        self.press("\x04");
        self.wait_for_exit()
    }
}

/// An empty home directory.
pub fn empty_home() -> TempDir {
    tempfile::tempdir().unwrap()
}
