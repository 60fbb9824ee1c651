//! The keyboard, read by one thread for the whole session.
//!
//! The line editor reads a terminal in chunks, and forgets between two lines what it has read too much. A terminal that
//! nobody reads while an answer is awaited keeps Ctrl-C behind what was typed before it, or drops that without a word.
//! So one thread reads the terminal, always, and knows what was typed in which order. What is meant for the editor goes
//! to it through a pseudo-terminal that takes the place of standard input, one line at a time.

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
use crate::interrupt::{Interrupt, on_signals};
use crate::typed::Typed;

/// How long a line that was handed over may be without effect before the next one follows it. An Enter need not end the
/// editor's line: Ctrl-V quotes it, a long list of completions takes it for the next page.
const PAUSE: Duration = Duration::from_millis(50);

/// The terminal, as it is while this lives; as it was, afterwards.
#[derive(Debug)]
pub struct Keyboard {
    shared: Arc<Shared>,
    /// Wakes the reader when there is something else to do than to read.
    wake: PipeWriter,
}

/// Says that the editor reads, while it lives.
#[derive(Debug)]
pub struct AtPrompt<'a>(&'a Keyboard);

#[derive(Debug)]
struct Shared {
    terminal: File,
    original: Termios,
    state: Mutex<State>,
    interrupt: Interrupt,
}

#[derive(Debug, Default)]
struct State {
    /// What the editor has not been given.
    typed: Typed,
    at_prompt: bool,
    /// When the editor was given the end of a line, if it has not returned since.
    line_given: Option<Instant>,
    /// Lines that Ctrl-C took back.
    dropped: usize,
}

impl Keyboard {
    /// Takes the terminal on standard input. `interrupt` is raised by Ctrl-C, except at the prompt, where the editor
    /// gets it as a key.
    pub fn open(interrupt: Interrupt) -> Result<Self, Error> {
        let failed = |error: rustix::io::Errno| Error::Terminal { source: io::Error::from(error).into() };
        let stdin = rustix::stdio::stdin();
        let original = tcgetattr(stdin).map_err(failed)?;
        let terminal = File::from(rustix::io::fcntl_dupfd_cloexec(stdin, 3).map_err(failed)?);
        let (editor, slave) = pseudo_terminal(&original).map_err(failed)?;
        let (woken, wake) = io::pipe().map_err(|source| Error::Start { source })?;

        let state = Mutex::default();
        let shared = Arc::new(Shared { terminal, original, state, interrupt });
        shared.take_terminal(&shared.state()).map_err(failed)?;
        let early = rustix::io::ioctl_fionread(&shared.terminal).unwrap_or(0);
        let keyboard = Self { shared: shared.clone(), wake };
        rustix::stdio::dup2_stdin(&slave).map_err(failed)?;

        // A shell that had the terminal meanwhile leaves it as shells like it.
        let resumed = shared.clone();
        on_signals(&[SignalKind::from_raw(Signal::CONT.as_raw())], move || {
            _ = resumed.take_terminal(&resumed.state());
        })?;
        let reading = move || shared.read(editor, woken, early);
        let started = thread::Builder::new().name("keyboard".to_owned()).spawn(reading);
        started.map_err(|source| Error::Start { source })?;
        Ok(keyboard)
    }

    /// Lets the editor have what is typed, until the guard is dropped.
    pub fn at_prompt(&self) -> AtPrompt<'_> {
        self.turn(true);
        AtPrompt(self)
    }

    /// How many lines Ctrl-C took back since the last time.
    pub fn take_dropped(&self) -> usize {
        std::mem::take(&mut self.shared.state().dropped)
    }

    /// How many lines were typed that the editor has not been given.
    pub fn lines_ahead(&self) -> usize {
        self.shared.state().typed.lines()
    }

    fn turn(&self, at_prompt: bool) {
        let mut state = self.shared.state();
        state.at_prompt = at_prompt;
        state.line_given = None;
        // Should the terminal be gone, reading it says so.
        _ = self.shared.take_terminal(&state);
        _ = (&self.wake).write(&[0]);
    }
}

impl Drop for AtPrompt<'_> {
    fn drop(&mut self) {
        self.0.turn(false);
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.shared.give_terminal_back();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every key comes at once, as it is, and is not shown. While an answer is shown Ctrl-S still stops the terminal,
    /// if the user has it so; at the prompt it is a key of the editor.
    fn take_terminal(&self, state: &State) -> rustix::io::Result<()> {
        let mut modes = self.original.clone();
        modes.input_modes -= InputModes::BRKINT
            | InputModes::ICRNL
            | InputModes::INLCR
            | InputModes::IGNCR
            | InputModes::ISTRIP;
        if state.at_prompt {
            modes.input_modes -= InputModes::IXON;
        }
        modes.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ISIG;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&self.terminal, OptionalActions::Now, &modes)
    }

    fn give_terminal_back(&self) {
        _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.original);
    }

    /// Reads the terminal to its end, which comes when it is hung up: then the editor finds its input ended. The first
    /// `early` keys were pressed before the terminal was taken.
    fn read(&self, mut editor: File, woken: PipeReader, mut early: u64) {
        let mut chunk = [0; 4096];
        loop {
            let wait = self.pass_on(&mut editor);
            let timeout = wait.and_then(|wait| Timespec::try_from(wait).ok());
            let mut files = [PollFd::new(&self.terminal, PollFlags::IN), PollFd::new(&woken, PollFlags::IN)];
            _ = poll(&mut files, timeout.as_ref());
            let [key, wake] = files.map(|file| !file.revents().is_empty());
            if wake {
                _ = (&woken).read(&mut [0; 64]);
            }
            if key {
                match (&self.terminal).read(&mut chunk) {
                    Ok(count) if count > 0 => {
                        let keys = &mut chunk[..count];
                        let before = usize::try_from(early).map_or(count, |early| early.min(count));
                        self.restore_ends(&mut keys[..before]);
                        early -= before as u64;
                        self.take(keys);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    _ => return,
                }
            }
        }
    }

    /// A terminal that still edits lines itself keeps an end of input, Ctrl-D, as a zero.
    fn restore_ends(&self, keys: &mut [u8]) {
        keys.iter_mut()
            .filter(|key| **key == 0)
            .for_each(|key| *key = self.original.special_codes[SpecialCodeIndex::VEOF]);
    }

    /// Notes what was typed, and does what keys do that cannot wait.
    fn take(&self, keys: &[u8]) {
        let code = |index| self.original.special_codes[index];
        let ends = [code(SpecialCodeIndex::VINTR), code(SpecialCodeIndex::VQUIT)];
        let stop = code(SpecialCodeIndex::VSUSP);
        let mut state = self.state();
        for &key in keys {
            // A terminal that has no such key has a zero there.
            if key != 0 && ends.contains(&key) {
                self.note_interrupt(&mut state, key);
            } else if key != 0 && key == stop {
                self.give_terminal_back();
                if state.at_prompt {
                    state.typed.push(key);
                } else {
                    _ = kill_current_process_group(Signal::TSTP);
                }
            } else {
                state.typed.push(key);
            }
        }
    }

    /// Ctrl-C takes back what was typed before it and was not sent, as it does in a shell.
    fn note_interrupt(&self, state: &mut State, key: u8) {
        state.dropped += state.typed.lines();
        state.typed.clear();
        if state.at_prompt {
            state.typed.push(key);
        } else {
            self.interrupt.raise();
            // Whoever waits for the terminal to take more is to see it, though Ctrl-S stopped it.
            _ = tcflow(&self.terminal, Action::OOn);
        }
    }

    /// Gives the editor what it may have. Returns how long to wait before there is more to give, if there is a need to.
    fn pass_on(&self, editor: &mut File) -> Option<Duration> {
        loop {
            let mut state = self.state();
            if !state.at_prompt || state.typed.is_empty() {
                return None;
            }
            if let Some(given) = state.line_given {
                let is_read = rustix::io::ioctl_fionread(rustix::stdio::stdin()).is_ok_and(|left| left == 0);
                if given.elapsed() < PAUSE || !is_read {
                    return Some(PAUSE);
                }
            }
            let piece = state.typed.take_piece();
            state.line_given = piece.ends_line.then(Instant::now);
            drop(state);
            // The editor takes it. Should it be gone, so is the session.
            _ = editor.write_all(&piece.bytes);
        }
    }
}

/// A pseudo-terminal with the user's keys that does nothing with what goes through it: the end to write to, and the
/// one to read from.
fn pseudo_terminal(like: &Termios) -> rustix::io::Result<(File, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let slave = rustix::fs::open(name, flags, rustix::fs::Mode::empty())?;
    let mut modes = like.clone();
    modes.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &modes)?;
    Ok((File::from(master), slave))
}
