//! The pager, in which the user scrolls through long replies.

use std::env;
use std::fmt;
use std::io::{self, BufWriter, Write};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crate::error::PagerLeft;
use crate::interrupt::Interrupt;
use crate::login::SECRET_VARIABLE;

/// Ends at the end of a text that fits on the screen, shows colors, and leaves the text on the screen.
const DEFAULT_COMMAND: &str = "less -FRX";

/// The options of a `less` without any, as `git` sets them.
const LESS_OPTIONS: &str = "FRX";

/// The status with which a shell says that it found no command, or could not execute it.
const NOT_STARTED_STATUSES: [i32; 2] = [126, 127];

/// Gives the terminal away, with `true`, and takes it back.
pub type Lend = Box<dyn Fn(bool) + Send>;

/// How long replies are shown.
pub struct Pager {
    /// A command of the shell.
    command: String,
    lend: Lend,
    /// Raised when the user leaves the pager: the reply is to end.
    interrupt: Interrupt,
}

impl Pager {
    /// The pager that the user has chosen: the setting, else PAGER, else `less`. `None` if the choice is
    /// empty, or the terminal cannot move its cursor. `lend` gives the terminal to the pager.
    pub fn chosen(setting: Option<&str>, interrupt: &Interrupt, lend: Lend) -> Option<Self> {
        let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        let from_environment = || env::var("PAGER").ok();
        let command = setting.map(str::to_owned).or_else(from_environment);
        let command = command.unwrap_or_else(|| DEFAULT_COMMAND.to_owned());
        let is_off = is_dumb || command.trim().is_empty();
        (!is_off).then(|| Self { command, lend, interrupt: interrupt.clone() })
    }

    /// Starts it, and gives it the terminal.
    ///
    /// # Errors
    ///
    /// The shell does not find the command.
    pub fn start(&self) -> io::Result<RunningPager> {
        self.find()?;
        (self.lend)(true);
        self.interrupt.leave_keys(true);
        self.spawn().inspect_err(|_| self.take_terminal_back())
    }

    /// Waits for the end of a pager, which gets no more text. Returns whether the user has left it before.
    ///
    /// # Errors
    ///
    /// It has failed.
    pub fn finish(&self, running: RunningPager) -> io::Result<bool> {
        let RunningPager { stdin, has_ended, waiter } = running;
        let was_left = has_ended.load(Ordering::Relaxed);
        // A pager that has ended reads nothing more.
        let _ = stdin.into_inner().map(drop);
        let status = waiter.join().unwrap_or_else(|_| Err(io::Error::other("the pager is lost")));
        self.take_terminal_back();
        match status?.code() {
            Some(code) if NOT_STARTED_STATUSES.contains(&code) => {
                Err(io::Error::other(format!("it ended with status {code}")))
            }
            _ => Ok(was_left),
        }
    }

    pub fn command(&self) -> &str {
        &self.command
    }

    /// Asks the shell for the first word of the command. A pager that is not found would swallow the reply.
    fn find(&self) -> io::Result<()> {
        let is_assignment = |word: &&str| word.contains('=');
        let Some(name) = self.command.split_whitespace().find(|word| !is_assignment(word)) else {
            return Ok(());
        };
        let mut shell = shell();
        shell.args(["-c", "command -v \"$1\" >/dev/null", "sh", name]).stdin(Stdio::null());
        let is_quoted = name.contains(['"', '\'', '\\', '$', '`', '(', '{', '~', ';', '|', '&', '<', '>']);
        if is_quoted || shell.status()?.success() {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::NotFound, "no such command"))
        }
    }

    fn spawn(&self) -> io::Result<RunningPager> {
        let mut command = shell();
        command.args(["-c", &self.command]).stdin(Stdio::piped());
        if env::var_os("LESS").is_none() {
            // A plain `less`, as PAGER often has it, would show the escapes of colors.
            command.env("LESS", LESS_OPTIONS);
        }
        let mut child = command.spawn()?;
        let stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let has_ended = Arc::new(AtomicBool::new(false));
        let (ended, interrupt) = (has_ended.clone(), self.interrupt.clone());
        let wait = move || {
            let status = child.wait();
            ended.store(true, Ordering::Relaxed);
            interrupt.raise();
            status
        };
        let waiter = thread::Builder::new().name("pager".to_owned()).spawn(wait)?;
        Ok(RunningPager { stdin: BufWriter::new(stdin), has_ended, waiter })
    }

    fn take_terminal_back(&self) {
        self.interrupt.leave_keys(false);
        (self.lend)(false);
    }
}

/// A shell that does not see the secret: a pager can start other programs, and shows its environment.
fn shell() -> Command {
    let mut shell = Command::new("sh");
    shell.env_remove(SECRET_VARIABLE);
    shell
}

impl fmt::Debug for Pager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager").field("command", &self.command).finish_non_exhaustive()
    }
}

/// A pager that shows a reply. A write waits until it has room, so that a listing is read from the server as
/// fast as the user scrolls.
#[derive(Debug)]
pub struct RunningPager {
    stdin: BufWriter<ChildStdin>,
    has_ended: Arc<AtomicBool>,
    waiter: JoinHandle<io::Result<ExitStatus>>,
}

impl Write for RunningPager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stdin.write(bytes).map_err(left)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.flush().map_err(left)
    }
}

/// A pager that closes its input was left.
fn left(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::BrokenPipe, PagerLeft),
        _ => error,
    }
}
