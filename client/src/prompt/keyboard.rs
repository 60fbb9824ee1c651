//! The keyboard, read by one thread for the whole session.
//!
//! The line editor reads a terminal in chunks, and forgets between two lines what it has read too far. While
//! a reply is awaited the editor reads nothing: the terminal would then queue Ctrl-C after earlier keys, or
//! drop it without a message. So one thread always reads the terminal, and knows the keys and their order. It
//! gives them to the editor one line at a time, through a pseudo-terminal that replaces standard input.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_current_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    Action, InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcflow, tcgetattr, tcsetattr,
};
use tokio::signal::unix::SignalKind;

use crate::error::Error;
use crate::interrupt::{Interrupt, spawn_signal_handler};
use crate::prompt::type_ahead::TypeAhead;

/// How long to wait, after a line was given to the editor, for the editor to return it. If it has read the
/// line and not returned by then, the next line follows: an Enter need not end the editor's line. Ctrl-V
/// quotes it, and a long list of completions takes it for the next page.
const LINE_TAKEN_WAIT: Duration = Duration::from_millis(50);

/// The terminal in raw mode. Dropping it restores the mode.
#[derive(Debug)]
pub struct Keyboard {
    shared: Arc<Shared>,
    /// Wakes the reading thread from its poll.
    wake: PipeWriter,
}

/// A guard that lets the editor have keys while it exists.
#[derive(Debug)]
pub struct AtPrompt<'a>(&'a Keyboard);

#[derive(Debug)]
struct Shared {
    terminal: File,
    original_mode: Termios,
    state: Mutex<State>,
    interrupt: Interrupt,
}

#[derive(Debug, Default)]
struct State {
    type_ahead: TypeAhead,
    is_at_prompt: bool,
    /// When the editor was given the end of a line that it has not returned.
    line_given: Option<Instant>,
    /// Lines that Ctrl-C discarded.
    discarded_lines: usize,
}

impl Keyboard {
    /// Takes over the terminal on standard input. Ctrl-C raises `interrupt`, except at the prompt, where the
    /// editor gets it as a key.
    pub fn open(interrupt: Interrupt) -> Result<Self, Error> {
        let failed = |error: rustix::io::Errno| Error::Terminal { source: io::Error::from(error).into() };
        let stdin = rustix::stdio::stdin();
        let original_mode = tcgetattr(stdin).map_err(failed)?;
        let terminal = File::from(rustix::io::fcntl_dupfd_cloexec(stdin, 3).map_err(failed)?);
        let (editor, editor_stdin) = open_pseudo_terminal(&original_mode).map_err(failed)?;
        let (woken, wake) = io::pipe().map_err(|source| Error::Start { source })?;

        let state = Mutex::default();
        let shared = Arc::new(Shared { terminal, original_mode, state, interrupt });
        shared.set_raw_mode(&shared.state()).map_err(failed)?;
        let early_keys = rustix::io::ioctl_fionread(&shared.terminal).unwrap_or(0);
        let keyboard = Self { shared: shared.clone(), wake };
        rustix::stdio::dup2_stdin(&editor_stdin).map_err(failed)?;

        // A shell that had the terminal while the client was stopped has changed its mode.
        let resumed = shared.clone();
        spawn_signal_handler(&[SignalKind::from_raw(Signal::CONT.as_raw())], move || {
            let _ = resumed.set_raw_mode(&resumed.state());
        })?;
        let read = move || shared.read(editor, woken, early_keys);
        let started = thread::Builder::new().name("keyboard".to_owned()).spawn(read);
        started.map_err(|source| Error::Start { source })?;
        Ok(keyboard)
    }

    /// Gives the editor the keys until the guard is dropped.
    pub fn at_prompt(&self) -> AtPrompt<'_> {
        self.set_at_prompt(true);
        AtPrompt(self)
    }

    /// How many lines Ctrl-C has discarded since the last call.
    pub fn take_discarded_lines(&self) -> usize {
        std::mem::take(&mut self.shared.state().discarded_lines)
    }

    /// How many typed lines the editor has not been given.
    pub fn lines_ahead(&self) -> usize {
        self.shared.state().type_ahead.lines()
    }

    fn set_at_prompt(&self, is_at_prompt: bool) {
        let mut state = self.shared.state();
        state.is_at_prompt = is_at_prompt;
        state.line_given = None;
        // If the terminal is gone, the reading thread finds out.
        let _ = self.shared.set_raw_mode(&state);
        let _ = (&self.wake).write(&[0]);
    }
}

impl Drop for AtPrompt<'_> {
    fn drop(&mut self) {
        self.0.set_at_prompt(false);
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.shared.restore_mode();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the terminal deliver each key at once, unchanged and without echo. While a reply is printed,
    /// Ctrl-S still stops the terminal if the user has enabled that; at the prompt it is a key of the editor.
    fn set_raw_mode(&self, state: &State) -> rustix::io::Result<()> {
        let mut mode = self.original_mode.clone();
        mode.input_modes -= InputModes::BRKINT
            | InputModes::ICRNL
            | InputModes::INLCR
            | InputModes::IGNCR
            | InputModes::ISTRIP;
        if state.is_at_prompt {
            mode.input_modes -= InputModes::IXON;
        }
        mode.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ISIG;
        mode.special_codes[SpecialCodeIndex::VMIN] = 1;
        mode.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&self.terminal, OptionalActions::Now, &mode)
    }

    fn restore_mode(&self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.original_mode);
    }

    /// Reads the terminal until it hangs up: then the editor finds the end of its input. The first
    /// `early_keys` keys were pressed before the terminal was in raw mode.
    fn read(&self, mut editor: File, woken: PipeReader, mut early_keys: u64) {
        let mut chunk = [0; 4096];
        loop {
            let wait = self.feed_editor(&mut editor);
            let timeout = wait.and_then(|wait| Timespec::try_from(wait).ok());
            let mut files = [PollFd::new(&self.terminal, PollFlags::IN), PollFd::new(&woken, PollFlags::IN)];
            let _ = poll(&mut files, timeout.as_ref());
            let [has_keys, is_woken] = files.map(|file| !file.revents().is_empty());
            if is_woken {
                let _ = (&woken).read(&mut [0; 64]);
            }
            if has_keys {
                match (&self.terminal).read(&mut chunk) {
                    Ok(count) if count > 0 => {
                        let keys = &mut chunk[..count];
                        let early = usize::try_from(early_keys).map_or(count, |early| early.min(count));
                        self.restore_end_of_input(&mut keys[..early]);
                        early_keys -= early as u64;
                        self.on_keys(keys);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    _ => return,
                }
            }
        }
    }

    /// A terminal in canonical mode stores Ctrl-D, the end of input, as a zero.
    fn restore_end_of_input(&self, keys: &mut [u8]) {
        keys.iter_mut()
            .filter(|key| **key == 0)
            .for_each(|key| *key = self.original_mode.special_codes[SpecialCodeIndex::VEOF]);
    }

    /// Stores the keys, and handles those that cannot wait.
    fn on_keys(&self, keys: &[u8]) {
        let code = |index| self.original_mode.special_codes[index];
        let interrupt_keys = [code(SpecialCodeIndex::VINTR), code(SpecialCodeIndex::VQUIT)];
        let suspend_key = code(SpecialCodeIndex::VSUSP);
        let mut state = self.state();
        for &key in keys {
            // A code of zero means that the terminal has no such key.
            if key != 0 && interrupt_keys.contains(&key) {
                self.on_interrupt_key(&mut state, key);
            } else if key != 0 && key == suspend_key {
                self.restore_mode();
                if state.is_at_prompt {
                    state.type_ahead.push(key);
                } else {
                    let _ = kill_current_process_group(Signal::TSTP);
                }
            } else {
                state.type_ahead.push(key);
            }
        }
    }

    /// Ctrl-C discards the keys before it that were not sent, as in a shell.
    fn on_interrupt_key(&self, state: &mut State, key: u8) {
        state.discarded_lines += state.type_ahead.lines();
        state.type_ahead.clear();
        if state.is_at_prompt {
            state.type_ahead.push(key);
        } else {
            self.interrupt.raise();
            // Output that Ctrl-S stopped must go on, or the command would never end.
            let _ = tcflow(&self.terminal, Action::OOn);
        }
    }

    /// Gives the editor the keys that it may have. Returns how long to wait before the next ones, if any
    /// wait.
    fn feed_editor(&self, editor: &mut File) -> Option<Duration> {
        loop {
            let mut state = self.state();
            if !state.is_at_prompt || state.type_ahead.is_empty() {
                return None;
            }
            if let Some(given) = state.line_given {
                let is_read = rustix::io::ioctl_fionread(rustix::stdio::stdin()).is_ok_and(|left| left == 0);
                if given.elapsed() < LINE_TAKEN_WAIT || !is_read {
                    return Some(LINE_TAKEN_WAIT);
                }
            }
            let chunk = state.type_ahead.next_chunk();
            state.line_given = chunk.ends_line.then(Instant::now);
            drop(state);
            // This fails only if the editor is gone, and the session with it.
            let _ = editor.write_all(&chunk.bytes);
        }
    }
}

/// A pseudo-terminal with the user's special keys that passes bytes on unchanged: the end to write to, and
/// the end to read from.
fn open_pseudo_terminal(like: &Termios) -> rustix::io::Result<(File, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let slave = rustix::fs::open(name, flags, rustix::fs::Mode::empty())?;
    let mut mode = like.clone();
    mode.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &mode)?;
    Ok((File::from(master), slave))
}
