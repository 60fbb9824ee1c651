//! The keyboard, read by one thread for the whole session.
//!
//! The line editor reads a terminal in chunks, and forgets between two lines what it has read too far. While
//! a reply is awaited the editor reads nothing: the terminal would then queue Ctrl-C after earlier keys, or
//! drop it without a message. So one thread always reads the terminal, and knows the keys and their order. It
//! gives them to the editor one line at a time, through a pseudo-terminal that replaces standard input.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_current_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    Action, InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcflow, tcgetattr, tcsetattr,
};
use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};
use tokio::signal::unix::SignalKind;

use crate::error::Error;
use crate::interrupt::{Interrupt, spawn_signal_handler};
use crate::prompt::type_ahead::{Chunk, TypeAhead};
use crate::prompt::wake::{self, Typed, Wake};

/// How long to wait, after a line was given to the editor, for the editor to return it. If it has read the
/// line and not returned by then, the next line follows: an Enter need not end the editor's line. Ctrl-V
/// quotes it, and a long list of completions takes it for the next page.
const LINE_TAKEN_WAIT: Duration = Duration::from_millis(50);

/// Ends the mode in which the terminal marks pasted text. The editor begins it.
const BRACKETED_PASTE_OFF: &[u8] = b"\x1b[?2004l";

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

/// What the editor does with the key that wakes it.
#[derive(Debug)]
pub struct WakeKey(Arc<Shared>);

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
    /// Whether another program has the terminal.
    is_lent: bool,
    /// The socket that wakes the editor when something arrives.
    watched: Option<Arc<OwnedFd>>,
    /// When it begins to do so, if that is later.
    watched_from: Option<Instant>,
    wake: Wake,
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

        let signaled = shared.clone();
        let resumed = SignalKind::from_raw(Signal::CONT.as_raw());
        spawn_signal_handler(&[resumed, SignalKind::hangup(), SignalKind::terminate()], move |kind| {
            if kind == resumed {
                // A shell that had the terminal while the client was stopped has changed its mode.
                let _ = signaled.set_raw_mode(&signaled.state());
            } else {
                signaled.end_by_signal(kind);
            }
        })?;
        let read = move || shared.read(editor, woken, early_keys);
        let started = thread::Builder::new().name("keyboard".to_owned()).spawn(read);
        started.map_err(|source| Error::Start { source })?;
        Ok(keyboard)
    }

    /// Gives the editor the keys until the guard is dropped. It is woken when something arrives at the
    /// socket, or when it is time to look at it.
    pub fn at_prompt(&self, watched: Option<(BorrowedFd<'_>, Option<Instant>)>) -> AtPrompt<'_> {
        let from = watched.and_then(|(_, from)| from);
        // Without a descriptor for it, a lost connection is noticed with the next command.
        let watched = watched.and_then(|(socket, _)| rustix::io::fcntl_dupfd_cloexec(socket, 3).ok());
        self.set_at_prompt(true, watched.map(Arc::new), from);
        AtPrompt(self)
    }

    /// For the editor: what to do with the key that wakes it.
    pub fn wake_key(&self) -> WakeKey {
        WakeKey(self.shared.clone())
    }

    /// Gives the terminal to another program, with `true`, and takes it back. Meanwhile it has the mode that
    /// it had before the client, and no key is read.
    pub fn lender(&self) -> impl Fn(bool) + Send + 'static {
        let shared = self.shared.clone();
        let wake = self.wake.try_clone();
        move |is_lent| {
            shared.set_lent(is_lent);
            if let Ok(mut wake) = wake.as_ref() {
                let _ = wake.write(&[0]);
            }
        }
    }

    /// Gives the terminal to a question to the user, and takes it back. Keys that were pressed before are
    /// dropped: a secret that is typed ahead must not become a command.
    pub fn without_keys<T>(&self, ask: impl FnOnce() -> T) -> T {
        let lend = self.lender();
        lend(true);
        self.shared.state().type_ahead.clear();
        let answer = ask();
        lend(false);
        answer
    }

    /// How many lines Ctrl-C has discarded since the last call.
    pub fn take_discarded_lines(&self) -> usize {
        std::mem::take(&mut self.shared.state().discarded_lines)
    }

    /// How many typed lines the editor has not been given.
    pub fn lines_ahead(&self) -> usize {
        self.shared.state().type_ahead.lines()
    }

    fn set_at_prompt(&self, is_at_prompt: bool, watched: Option<Arc<OwnedFd>>, from: Option<Instant>) {
        let mut state = self.shared.state();
        state.is_at_prompt = is_at_prompt;
        state.watched = watched;
        state.watched_from = from;
        state.wake = Wake::No;
        state.line_given = None;
        // If the terminal is gone, the reading thread finds out.
        let _ = self.shared.set_raw_mode(&state);
        let _ = (&self.wake).write(&[0]);
    }
}

impl State {
    /// How long the socket is left alone, if it is.
    fn pause(&self) -> Option<Duration> {
        let from = self.watched_from.filter(|_| self.watched.is_some())?;
        Some(from.saturating_duration_since(Instant::now())).filter(|pause| !pause.is_zero())
    }
}

impl AtPrompt<'_> {
    /// What was typed, if the editor has returned because it was woken.
    pub fn take_typed(&self) -> Option<Typed> {
        self.0.shared.state().wake.take_typed()
    }
}

impl Drop for AtPrompt<'_> {
    fn drop(&mut self) {
        self.0.set_at_prompt(false, None, None);
    }
}

impl ConditionalEventHandler for WakeKey {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        self.0.state().wake.on_key(context.line(), context.pos())
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
        if state.is_lent {
            return Ok(());
        }
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

    fn set_lent(&self, is_lent: bool) {
        let mut state = self.state();
        state.is_lent = is_lent;
        if is_lent {
            self.restore_mode();
        } else {
            let _ = self.set_raw_mode(&state);
        }
    }

    /// Ends the client with the status of one that this signal has ended.
    fn end_by_signal(&self, kind: SignalKind) {
        // The lock is kept: nothing changes the mode again.
        let _state = self.state();
        let _ = (&self.terminal).write_all(BRACKETED_PASTE_OFF);
        self.restore_mode();
        std::process::exit(128 + kind.as_raw_value());
    }

    /// Reads the terminal until it hangs up: then the editor finds the end of its input. The first
    /// `early_keys` keys were pressed before the terminal was in raw mode.
    fn read(&self, mut editor: File, woken: PipeReader, mut early_keys: u64) {
        let mut chunk = [0; 4096];
        loop {
            let wait = self.feed_editor(&mut editor);
            let pause = self.state().pause();
            let wait = wait.into_iter().chain(pause).min();
            let timeout = wait.and_then(|wait| Timespec::try_from(wait).ok());
            let [has_keys, is_woken, has_received] = self.poll(&woken, timeout.as_ref());
            if is_woken {
                let _ = (&woken).read(&mut [0; 64]);
            }
            let mut state = self.state();
            if has_received && state.watched.take().is_some() {
                state.wake = Wake::Wanted;
            }
            if has_keys && !state.is_lent {
                match (&self.terminal).read(&mut chunk) {
                    Ok(count) if count > 0 => {
                        let keys = &mut chunk[..count];
                        let early = usize::try_from(early_keys).map_or(count, |early| early.min(count));
                        self.restore_end_of_input(&mut keys[..early]);
                        early_keys -= early as u64;
                        self.on_keys(&mut state, keys);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    _ => return,
                }
            }
        }
    }

    /// Waits for keys, for a reason to look at the state again, or for the watched socket.
    fn poll(&self, woken: &PipeReader, timeout: Option<&Timespec>) -> [bool; 3] {
        let (is_lent, watched) = {
            let state = self.state();
            (state.is_lent, state.watched.clone().filter(|_| state.pause().is_none()))
        };
        let watch = |file| PollFd::from_borrowed_fd(file, PollFlags::IN);
        let keys = (!is_lent).then(|| watch(self.terminal.as_fd()));
        let socket = watched.as_ref().map(|socket| watch(socket.as_fd()));
        let is_watched = [keys.is_some(), true, socket.is_some()];
        let mut files: Vec<_> = [keys, Some(watch(woken.as_fd())), socket].into_iter().flatten().collect();
        let _ = poll(&mut files, timeout);
        let mut ready = files.iter().map(|file| !file.revents().is_empty());
        is_watched.map(|is_watched| is_watched && ready.next().unwrap_or(false))
    }

    /// A terminal in canonical mode stores Ctrl-D, the end of input, as a zero.
    fn restore_end_of_input(&self, keys: &mut [u8]) {
        keys.iter_mut()
            .filter(|key| **key == 0)
            .for_each(|key| *key = self.original_mode.special_codes[SpecialCodeIndex::VEOF]);
    }

    /// Stores the keys, and handles those that cannot wait.
    fn on_keys(&self, state: &mut State, keys: &[u8]) {
        let code = |index| self.original_mode.special_codes[index];
        let interrupt_keys = [code(SpecialCodeIndex::VINTR), code(SpecialCodeIndex::VQUIT)];
        let suspend_key = code(SpecialCodeIndex::VSUSP);
        for &key in keys {
            // A code of zero means that the terminal has no such key.
            if key != 0 && interrupt_keys.contains(&key) {
                self.on_interrupt_key(state, key);
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
            // The line that a woken editor hands over is the one to clear.
            state.wake = Wake::No;
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
            let has_keys = !state.type_ahead.is_empty();
            let may_wake = state.wake == Wake::Wanted && state.type_ahead.is_at_rest();
            if !state.is_at_prompt || !(has_keys || may_wake) {
                return None;
            }
            if let Some(given) = state.line_given {
                let is_read = rustix::io::ioctl_fionread(rustix::stdio::stdin()).is_ok_and(|left| left == 0);
                if given.elapsed() < LINE_TAKEN_WAIT || !is_read {
                    return Some(LINE_TAKEN_WAIT);
                }
            }
            let chunk = if has_keys {
                state.type_ahead.next_chunk()
            } else {
                state.wake = Wake::Given;
                Chunk { bytes: wake::KEYS.to_vec(), ends_line: true }
            };
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
