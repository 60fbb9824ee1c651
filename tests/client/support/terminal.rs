//! The client on an emulated terminal, whose screen a test reads as a user does.

use std::fs::File;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bookline_testkit::HANG_TIMEOUT;
use rexpect::process::{PtyProcess, WaitStatus};
use rustix::termios::{Winsize, tcgetwinsize, tcsetwinsize};
use tempfile::TempDir;

use crate::support::client::bookline;
use crate::support::session::{PROMPT, empty_home};

/// Rows of a terminal, unless a test says otherwise.
const ROWS: u16 = 24;

/// The client on an emulated terminal.
pub struct Terminal {
    process: PtyProcess,
    keys: File,
    shown: Arc<Shown>,
    /// Exists as long as the client.
    _home: TempDir,
}

struct Shown {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser,
    has_ended: bool,
}

impl Terminal {
    /// Starts a prompt on a terminal of so many columns, and waits until it is shown.
    #[track_caller]
    pub fn at_prompt(addr: SocketAddr, columns: u16) -> Self {
        let terminal = Self::start(bookline(addr, &[]), columns);
        terminal.wait_for(PROMPT);
        terminal
    }

    /// Starts a command in a home directory of its own.
    pub fn start(command: Command, columns: u16) -> Self {
        let home = empty_home();
        // The terminal has its size before the command starts.
        let mut sized = Command::new("sh");
        let script = format!("stty rows {ROWS} columns {columns} && exec \"$@\"");
        sized.args(["-c", &script, "sh"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => sized.env(name, value),
                None => sized.env_remove(name),
            };
        }
        sized.env("HOME", home.path()).env_remove("XDG_STATE_HOME");
        let process = PtyProcess::new(sized).unwrap();
        let (keys, output) = (process.get_file_handle().unwrap(), process.get_file_handle().unwrap());
        let parser = vt100::Parser::new(size(ROWS), size(columns), 0);
        let state = Mutex::new(State { parser, has_ended: false });
        let shown = Arc::new(Shown { state, changed: Condvar::new() });
        let shared = shown.clone();
        thread::spawn(move || shared.show(output));
        Self { process, keys, shown, _home: home }
    }

    /// Presses these keys, all at once.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// The text of the screen, without blanks at the ends of lines.
    pub fn screen(&self) -> String {
        self.shown.state.lock().unwrap().text()
    }

    /// Waits until the text of the screen is as the condition says, and returns it.
    #[track_caller]
    pub fn wait_until(&self, is_met: impl Fn(&str) -> bool) -> String {
        self.wait_until_shown(|screen| is_met(&screen.contents()))
    }

    /// Presses a key again and again until a text is on the screen: what the key asks for may come late.
    #[track_caller]
    pub fn press_until(&mut self, key: &str, text: &str) -> String {
        self.press_until_shown(key, |screen| screen.contents().contains(text))
    }

    /// As [`Self::press_until`], until the screen is as the condition says.
    #[track_caller]
    pub fn press_until_shown(&mut self, key: &str, is_met: impl Fn(&vt100::Screen) -> bool) -> String {
        const EACH_WAIT: Duration = Duration::from_secs(1);
        let deadline = Instant::now() + HANG_TIMEOUT;
        loop {
            self.press(key);
            let again = Instant::now() + EACH_WAIT;
            let mut state = self.shown.state.lock().unwrap();
            while Instant::now() < again {
                if is_met(state.parser.screen()) {
                    return state.text();
                }
                assert!(Instant::now() < deadline && !state.has_ended, "the screen is\n{}", state.text());
                state = self.shown.changed.wait_timeout(state, EACH_WAIT).unwrap().0;
            }
        }
    }

    /// Waits for a text on the screen, and returns all of it.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(|screen| screen.contains(text))
    }

    /// Waits until the screen with its colors is as the condition says, and returns its text.
    #[track_caller]
    pub fn wait_until_shown(&self, is_met: impl Fn(&vt100::Screen) -> bool) -> String {
        let deadline = Instant::now() + HANG_TIMEOUT;
        let mut state = self.shown.state.lock().unwrap();
        while !is_met(state.parser.screen()) {
            let remaining = deadline.saturating_duration_since(Instant::now());
            assert!(!remaining.is_zero() && !state.has_ended, "the screen is\n{}", state.text());
            state = self.shown.changed.wait_timeout(state, remaining).unwrap().0;
        }
        state.text()
    }

    /// Changes the number of columns, as a user who drags the corner of the window.
    pub fn resize(&mut self, columns: u16) {
        self.shown.state.lock().unwrap().parser.set_size(size(ROWS), size(columns));
        let old = tcgetwinsize(&self.keys).unwrap();
        tcsetwinsize(&self.keys, Winsize { ws_col: columns, ..old }).unwrap();
    }

    /// Waits for the end of the client. Returns its exit status and the last screen.
    pub fn wait_for_exit(self) -> (i32, String) {
        let deadline = Instant::now() + HANG_TIMEOUT;
        let mut state = self.shown.state.lock().unwrap();
        while !state.has_ended {
            let remaining = deadline.saturating_duration_since(Instant::now());
            assert!(!remaining.is_zero(), "the client does not end; the screen is\n{}", state.text());
            state = self.shown.changed.wait_timeout(state, remaining).unwrap().0;
        }
        match self.process.wait().unwrap() {
            WaitStatus::Exited(_, code) => (code, state.text()),
            status => panic!("the client ended with {status:?}"),
        }
    }

    /// Ends the session with Ctrl-D, which must succeed.
    #[track_caller]
    pub fn leave(mut self) {
        self.press("\x04");
        assert_eq!(self.wait_for_exit().0, 0);
    }
}

impl Shown {
    /// Shows what the client writes until it ends.
    fn show(&self, mut output: File) {
        let mut bytes = [0; 4096];
        loop {
            // A pseudo-terminal whose other end is closed has an error instead of an end.
            let count = output.read(&mut bytes).unwrap_or(0);
            let mut state = self.state.lock().unwrap();
            state.parser.process(&bytes[..count]);
            state.has_ended = count == 0;
            let has_ended = state.has_ended;
            drop(state);
            self.changed.notify_all();
            if has_ended {
                return;
            }
        }
    }
}

impl State {
    fn text(&self) -> String {
        self.parser.screen().contents()
    }
}

fn size(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}
