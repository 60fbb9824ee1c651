//! The terminal, which is left as it was.

use std::io::{self, Write};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::Command;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::{Rect, Size};

use crate::error::Error;

/// Whether the terminal is in use, and to be left.
static IS_ENTERED: AtomicBool = AtomicBool::new(false);

/// The terminal in raw mode, on its alternate screen. It is left when this is dropped, and by a panic.
#[derive(Debug)]
pub struct BoardTerminal {
    terminal: Terminal<CrosstermBackend<Output>>,
}

/// Standard output, which is written a whole screen at a time. What a panic leaves behind is not written.
#[derive(Debug, Default)]
pub struct Output(Vec<u8>);

impl BoardTerminal {
    /// Begins to use the terminal.
    ///
    /// # Errors
    ///
    /// It cannot be used.
    pub fn enter() -> Result<Self, Error> {
        install_panic_hook();
        begin().map_err(|source| Error::Output { source })?;
        match Terminal::new(CrosstermBackend::new(Output::default())) {
            Ok(terminal) => Ok(Self { terminal }),
            Err(source) => {
                leave();
                Err(Error::Output { source })
            }
        }
    }

    /// Begins to use it again, after the client was suspended.
    ///
    /// # Errors
    ///
    /// It cannot be used any more.
    pub fn enter_again(&mut self) -> Result<(), Error> {
        // A shell may have changed its mode: it is in ours only if it is set again.
        leave();
        begin().map_err(|source| Error::Output { source })?;
        self.clear()
    }

    /// Columns and rows.
    ///
    /// # Errors
    ///
    /// The terminal has gone.
    pub fn size(&self) -> Result<Size, Error> {
        self.terminal.size().map_err(|source| Error::Output { source })
    }

    /// Draws a screen, of which what has changed is written.
    ///
    /// # Errors
    ///
    /// The terminal has gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> Result<(), Error> {
        self.terminal.draw(draw).map(|_| ()).map_err(|source| Error::Output { source })
    }

    /// Clears the screen, so that the next draw writes all of it.
    ///
    /// # Errors
    ///
    /// The terminal has gone.
    pub fn clear(&mut self) -> Result<(), Error> {
        // `Terminal::clear` asks the terminal where its cursor is. The answer would be read as keys.
        let area = Rect::from(self.size()?);
        self.terminal.resize(area).map_err(|source| Error::Output { source })
    }
}

impl Drop for BoardTerminal {
    fn drop(&mut self) {
        leave();
    }
}

fn begin() -> io::Result<()> {
    enable_raw_mode()?;
    IS_ENTERED.store(true, Ordering::SeqCst);
    let written = write_all(escapes(&[&EnterAlternateScreen, &Hide]).as_bytes());
    if written.is_err() {
        leave();
    }
    written
}

/// Leaves the terminal as it was, if it is in use. Any thread may do it, at any time: it takes no lock that
/// the thread that draws may hold.
pub fn leave() {
    if IS_ENTERED.swap(false, Ordering::SeqCst) {
        // The terminal may have gone: there is nobody to tell.
        let _ = disable_raw_mode();
        let _ = write_all(escapes(&[&LeaveAlternateScreen, &Show]).as_bytes());
    }
}

/// Leaves the terminal before the message of a panic is written.
fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            leave();
            print(info);
        }));
    });
}

fn escapes(commands: &[&dyn AnsiCommand]) -> String {
    let mut text = String::new();
    commands.iter().for_each(|command| command.write(&mut text));
    text
}

/// A command of several types.
trait AnsiCommand {
    fn write(&self, text: &mut String);
}

impl<C: Command> AnsiCommand for C {
    fn write(&self, text: &mut String) {
        // Into memory, nothing goes wrong.
        let _ = self.write_ansi(text);
    }
}

/// Writes to the file itself: a thread that is stopped in a write may hold the lock of standard output.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.0);
        // After the end there is another screen, on which nothing of this one belongs.
        if IS_ENTERED.load(Ordering::SeqCst) { write_all(&bytes) } else { Ok(()) }
    }
}
