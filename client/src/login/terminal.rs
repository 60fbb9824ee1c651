//! Asks the user for a secret, which is not shown.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use rpassword::ConfigBuilder;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use super::secret_error::SecretError;
use crate::signal_thread::restore_on_sigterm;

/// The terminal of the process, whatever standard input is.
const TERMINAL: &str = "/dev/tty";

const CTRL_C: u8 = 0x03;

/// What stands for Ctrl-C. Rust reads again after an `Interrupted`.
const INTERRUPTED: io::ErrorKind = io::ErrorKind::ConnectionAborted;

/// Asks for the secret of a user on the terminal.
///
/// # Errors
///
/// There is no terminal, or the user types none.
pub fn ask(user: &str) -> Result<String, SecretError> {
    let failed = |source| SecretError::Terminal { user: user.to_owned(), source };
    let terminal = File::open(TERMINAL).map_err(|_| SecretError::NoSource { user: user.to_owned() })?;
    let silent = SilentTerminal::of(terminal).map_err(failed)?;
    // rpassword sees keys and no terminal. Its own Ctrl-C would end the process with a terminal that shows
    // nothing of what is typed.
    let config = ConfigBuilder::new().input_reader(silent.keys().map_err(failed)?).build();
    let asked = rpassword::prompt_password_with_config(format!("Secret of {user}: "), config);
    drop(silent);
    // The Enter was not shown. A terminal that is gone shows nothing.
    let _ = OpenOptions::new().write(true).open(TERMINAL).and_then(|mut out| out.write_all(b"\n"));
    let empty = || SecretError::Empty { user: user.to_owned() };
    match asked.map_err(|error| (error.kind(), error)) {
        Ok(secret) if secret.is_empty() => Err(empty()),
        Ok(secret) => Ok(secret),
        Err((io::ErrorKind::UnexpectedEof, _)) => Err(empty()),
        Err((INTERRUPTED, _)) => Err(SecretError::Interrupted),
        Err((_, error)) => Err(failed(error)),
    }
}

/// The terminal while it shows nothing and gives each key at once. Dropping it restores the mode, and so does
/// SIGTERM.
struct SilentTerminal {
    terminal: File,
    /// The mode to restore, until it is.
    mode: Arc<Mutex<Option<Termios>>>,
}

impl SilentTerminal {
    fn of(terminal: File) -> io::Result<Self> {
        let mode = tcgetattr(&terminal)?;
        let mut silent = mode.clone();
        silent.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        let mode = Arc::new(Mutex::new(Some(mode)));
        let (restored, restored_mode) = (terminal.try_clone()?, mode.clone());
        restore_on_sigterm(move || restore(&restored, &restored_mode))?;
        // Keys that were pressed before the question were not meant for it.
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, mode })
    }

    fn keys(&self) -> io::Result<Keys> {
        self.terminal.try_clone().map(Keys)
    }
}

impl Drop for SilentTerminal {
    fn drop(&mut self) {
        restore(&self.terminal, &self.mode);
    }
}

fn restore(terminal: &File, mode: &Mutex<Option<Termios>>) {
    if let Some(mode) = mode.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = tcsetattr(terminal, OptionalActions::Now, &mode);
    }
}

/// The keys of the terminal, of which Ctrl-C is an error.
struct Keys(File);

impl Read for Keys {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        if buffer[..count].contains(&CTRL_C) { Err(INTERRUPTED.into()) } else { Ok(count) }
    }
}
