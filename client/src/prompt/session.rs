//! A session at the prompt.

use std::io;

use bookline_protocol::commands::hello::AUTH_DONE;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Editor, EventHandler};
use tokio::runtime::Runtime;

use crate::diagnostics::report;
use crate::directory::Directory;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::login::{self, AuthLine, Login, SecretError};
use crate::net::connection::{Connection, Target, parse_hello};
use crate::net::input::Input;
use crate::net::line_kind::LineKind;
use crate::net::link::Link;
use crate::net::outcome::Outcome;
use crate::net::requester::Requester;
use crate::net::retry::Retry;
use crate::net::safe_exchange::exchange_safely;
use crate::net::unsolicited::Unsolicited;
use crate::net::wait;
use crate::pager::Pager;
use crate::printer::Printer;
use crate::prompt::editor::{self, Assistant, ServerClock, Values};
use crate::prompt::history::History;
use crate::prompt::keyboard::Keyboard;
use crate::prompt::own_command::{self, GridCommand, Next};
use crate::prompt::settings::Settings;
use crate::prompt::wake::{self, Typed};
use crate::render::sentence::greeting;
use crate::render::text::printable;
use crate::session_ids::SessionIds;

/// Characters of the name of an account that the prompt shows: with the longest prompt, more than half of 80
/// columns are left to type in.
const ACCOUNT_SHOWN_MAX: usize = 16;

/// The terminals on which rustyline only reads lines. They edit lines themselves, and turn Ctrl-C into a
/// signal.
const LINE_TERMINALS: [&str; 3] = ["dumb", "cons25", "emacs"];

/// Prints a greeting, then sends each line and prints the reply, until the user ends the session. A
/// connection that is lost is opened again with the next command.
///
/// # Errors
///
/// There is no connection at the start, the user leaves with a change in doubt, or the terminal cannot be
/// used.
pub fn run(
    runtime: &Runtime,
    target: &Target,
    retry: Retry,
    settings: &Settings,
    directory: Directory,
    printer: &mut Printer,
) -> Result<(), Error> {
    // From here on Ctrl-C ends a command and not the client.
    let interrupt = Interrupt::on_sigint()?;
    let keyboard = if is_line_terminal() { None } else { Some(Keyboard::open(interrupt.clone())?) };
    let (mut connection, hello) = runtime.block_on(wait::open(target, &interrupt))?;
    printer.print_text(&greeting(&hello, &connection.target.address))?;
    printer.flush()?;
    let account = runtime.block_on(account_of(&mut connection, printer))?;
    if let Some(keyboard) = &keyboard {
        let lend = Box::new(keyboard.lender());
        printer.use_pager(Pager::chosen(settings.pager.as_deref(), &interrupt, lend));
    }

    let session_ids = SessionIds::default();
    printer.remember_ids(session_ids.clone());
    printer.use_time_of(&hello);
    printer.bound_changes();
    let clock = ServerClock::of(&hello);
    let values = Values { directory: directory.clone(), session_ids, clock, screen: printer.screen() };
    let assistant = Assistant::new(values, own_command::USAGES, keyboard.is_none());
    let opened = editor::open(assistant, settings.edit_mode);
    let mut editor = opened.map_err(|source| Error::Terminal { source })?;
    if let Some(keyboard) = &keyboard {
        editor.bind_sequence(wake::key(), EventHandler::Conditional(Box::new(keyboard.wake_key())));
    }
    let (history, message) = History::load(&mut editor, settings.history);
    report_some(message);
    let link = connection.into();
    Session {
        runtime,
        target,
        retry,
        directory,
        printer,
        interrupt,
        keyboard,
        editor,
        history,
        link,
        account,
    }
    .run()
}

/// The account of a connection: that of its AUTH, or the one for which the server takes its certificate or
/// its user.
async fn account_of(connection: &mut Connection, printer: &mut Printer) -> Result<Option<String>, Error> {
    if let Some(login) = &connection.target.login {
        return Ok(Some(login.name.clone()));
    }
    let is_known = parse_hello(&connection.hello).is_some_and(|hello| hello.auth == AUTH_DONE);
    if is_known { connection.account(printer).await } else { Ok(None) }
}

struct Session<'a> {
    runtime: &'a Runtime,
    target: &'a Target,
    retry: Retry,
    directory: Directory,
    printer: &'a mut Printer,
    interrupt: Interrupt,
    /// `None` on a terminal that edits lines itself.
    keyboard: Option<Keyboard>,
    editor: Editor<Assistant, FileHistory>,
    history: History,
    link: Link,
    /// The name of the account that the session is.
    account: Option<String>,
}

impl Session<'_> {
    fn run(mut self) -> Result<(), Error> {
        while let Some(line) = self.read_line()? {
            report_some(self.history.add(&mut self.editor, &line));
            self.editor.helper().inspect(|assistant| assistant.remember(&line));
            // An interrupt from before belongs to the last command.
            self.interrupt.clear();
            // Whoever leaves the pager early must not miss the ids of tickets that were sold. What the server
            // sends during the question for a secret is printed at once.
            if !may_change(&line) && AuthLine::parse(&line).is_none() {
                self.printer.begin_page();
            }
            let is_verb = |word: &str| self.directory.has_command(word);
            let next = own_command::execute(line, &mut self.editor, self.printer, is_verb)?;
            let executed = match next {
                Next::Read => Ok(Outcome::default()),
                Next::Send(line) if self.link.is_lost() && is_quit(&line) => break,
                Next::Send(line) => self.complete(line).and_then(|line| self.send(&line)),
                Next::Draw(grid) => self.draw(&grid),
            };
            let has_left = self.printer.end_page()?;
            match executed {
                Ok(outcome) if outcome.has_quit => {
                    self.report_unsent(outcome);
                    break;
                }
                Ok(_) => {}
                Err(error) if error.is_wanted(has_left) => {}
                Err(error) => self.survive(error)?,
            }
        }
        match self.link.doubt(self.target) {
            Some(doubt) => Err(doubt),
            None => Ok(()),
        }
    }

    /// Reads a line, and prints what the server sends meanwhile. `None` at the end of the input.
    fn read_line(&mut self) -> Result<Option<String>, Error> {
        let mut unsolicited = Unsolicited::default();
        let mut typed = Typed::default();
        // What came with the last reply would not wake the editor.
        self.print_unsolicited(&mut unsolicited)?;
        loop {
            let (read, woken) = self.edit(&typed, &unsolicited);
            typed = Typed::default();
            match read {
                Ok(line) => {
                    self.print_unsolicited(&mut unsolicited)?;
                    return Ok(Some(editor::escaped(&line)));
                }
                Err(ReadlineError::Eof) => return Ok(None),
                Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => match woken {
                    Some(kept) => {
                        wake::erase_prompt();
                        self.print_unsolicited(&mut unsolicited)?;
                        typed = kept;
                    }
                    None => report_some(discarded_note(self.keyboard.as_ref())),
                },
                Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    report("the line is not UTF-8 and was not sent");
                }
                Err(source) => return Err(Error::Terminal { source }),
            }
        }
    }

    /// Lets the user edit a line. If the connection has woken the editor, returns what was typed as well.
    fn edit(
        &mut self,
        typed: &Typed,
        unsolicited: &Unsolicited,
    ) -> (Result<String, ReadlineError>, Option<Typed>) {
        let prompt = prompt(self.account.as_deref(), self.link.is_lost());
        let connection = self.link.connection().filter(|connection| unsolicited.is_watched(connection));
        let watched = connection.map(|connection| (connection.socket(), unsolicited.next_look()));
        let at_prompt = self.keyboard.as_ref().map(|keyboard| keyboard.at_prompt(watched));
        let initial = (typed.before_cursor.as_str(), typed.behind_cursor.as_str());
        let read = self.editor.readline_with_initial(&prompt, initial);
        (read, at_prompt.and_then(|at_prompt| at_prompt.take_typed()))
    }

    /// Prints what the server has sent since the last reply. If it has closed, says so.
    fn print_unsolicited(&mut self, unsolicited: &mut Unsolicited) -> Result<(), Error> {
        let Some(connection) = self.link.connection() else { return Ok(()) };
        match unsolicited.print(connection, self.printer) {
            Err(error) if error.keeps_prompt() => {
                self.close_after(&error);
                Ok(())
            }
            printed => printed,
        }
    }

    /// Closes the connection after an error that no command has, and says so.
    fn close_after(&mut self, error: &Error) {
        self.link.close_after(error);
        report(&error.to_string());
        report_some(self.link.take_unwatched());
    }

    /// The line as it is sent: with the secret that an `AUTH <name>` leaves out, which is asked for.
    fn complete(&mut self, line: String) -> Result<String, Error> {
        let Some(AuthLine::Name(name)) = AuthLine::parse(&line) else { return Ok(line) };
        let asked = match &self.keyboard {
            Some(keyboard) => keyboard.without_keys(|| login::ask(&name)),
            None => login::ask(&name),
        };
        // Who looks for a secret takes so long that the server may have closed the connection.
        self.print_unsolicited(&mut Unsolicited::default())?;
        match asked {
            Ok(secret) => Ok(Login::new(name, secret).line()),
            Err(SecretError::Interrupted) => Err(Error::Interrupted { rows: 0, changes: 0 }),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a line, or several pasted ones, and prints the replies.
    fn send(&mut self, line: &str) -> Result<Outcome, Error> {
        let before = self.link.login(self.target).cloned();
        let mut input = Input::of(line.as_bytes());
        let (link, printer) = (&mut self.link, &mut *self.printer);
        let sent = exchange_safely(link, &mut input, self.target, self.retry, printer, &self.interrupt);
        let sent = self.runtime.block_on(sent);
        let login = self.link.login(self.target).cloned();
        if login != before {
            self.use_login(login);
            if !sent.as_ref().is_ok_and(|outcome| outcome.has_quit) {
                self.greet_again()?;
            }
        }
        sent
    }

    /// Is another account from now on, as a granted AUTH says.
    fn use_login(&mut self, login: Option<Login>) {
        self.account = login.as_ref().map(|login| login.name.clone());
        self.directory.use_login(login);
    }

    /// Asks for what the server tells an account alone. The replies to the user's lines are printed already:
    /// a connection that is lost now changes nothing about them.
    fn greet_again(&mut self) -> Result<(), Error> {
        let Some(connection) = self.link.connection() else { return Ok(()) };
        match self.runtime.block_on(connection.greet_again(self.printer)) {
            Err(error) if error.keeps_prompt() => {
                self.close_after(&error);
                return Ok(());
            }
            greeted => greeted?,
        }
        self.printer.use_time_of(&connection.hello);
        if let Some(assistant) = self.editor.helper_mut() {
            assistant.use_time_of(&connection.hello);
        }
        Ok(())
    }

    /// Asks for days, and draws them.
    fn draw(&mut self, grid: &GridCommand) -> Result<Outcome, Error> {
        if self.link.has_doubt() {
            // Their replies are for the user, and come before those that the grid is made of.
            self.send("")?;
        }
        let (link, printer) = (&mut self.link, &mut *self.printer);
        let mut requester = Requester::new(link, self.target, self.retry, &self.interrupt);
        let drawn = self.runtime.block_on(grid.draw(&mut requester, printer));
        for line in requester.take_changes() {
            printer.print_line(line.as_bytes())?;
        }
        printer.flush()?;
        drawn.map(|()| Outcome::default())
    }

    /// Says why a command has failed.
    ///
    /// # Errors
    ///
    /// The session cannot go on.
    fn survive(&mut self, error: Error) -> Result<(), Error> {
        if !error.keeps_prompt() {
            return Err(error);
        }
        if let Error::Rejected { refusal: Some(line), .. } = &error {
            self.printer.print_line(line.as_bytes())?;
            self.printer.flush()?;
        }
        report(&error.message_at_prompt());
        report_some(self.link.take_unwatched());
        if error.is_interrupt() {
            report_some(discarded_note(self.keyboard.as_ref()));
        }
        Ok(())
    }

    fn report_unsent(&self, Outcome { mut unsent, .. }: Outcome) {
        unsent.lines += self.keyboard.as_ref().map_or(0, Keyboard::lines_ahead) as u64;
        report_some(unsent.note());
    }
}

/// The prompt of this account.
fn prompt(account: Option<&str>, is_lost: bool) -> String {
    let state = if is_lost { " (offline)" } else { "" };
    match account {
        None => format!("bookline{state}> "),
        Some(name) if name.len() > ACCOUNT_SHOWN_MAX => {
            format!("{}...@bookline{state}> ", &name[..name.floor_char_boundary(ACCOUNT_SHOWN_MAX - 3)])
        }
        Some(name) => format!("{}@bookline{state}> ", printable(name)),
    }
}

fn is_line_terminal() -> bool {
    std::env::var("TERM").is_ok_and(|term| LINE_TERMINALS.iter().any(|name| name.eq_ignore_ascii_case(&term)))
}

/// Whether a line, or one of several pasted ones, may change something.
fn may_change(lines: &str) -> bool {
    lines.lines().any(|line| LineKind::of_text(line).changes())
}

/// Whether the line ends the session. It needs no server for that.
fn is_quit(line: &str) -> bool {
    LineKind::of_text(line) == LineKind::Quit
}

/// What the user has to know about lines that Ctrl-C discarded.
fn discarded_note(keyboard: Option<&Keyboard>) -> Option<String> {
    match keyboard?.take_discarded_lines() {
        0 => None,
        1 => Some("1 line typed before Ctrl-C was not sent".to_owned()),
        many => Some(format!("{many} lines typed before Ctrl-C were not sent")),
    }
}

fn report_some(message: Option<String>) {
    if let Some(message) = message {
        report(&message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_shows_the_account_and_leaves_room_to_type() {
        assert_eq!(prompt(None, false), "bookline> ");
        assert_eq!(prompt(Some("anna"), false), "anna@bookline> ");
        assert_eq!(prompt(Some("anna"), true), "anna@bookline (offline)> ");
        let longest = prompt(Some(&"a".repeat(64)), true);
        assert_eq!(longest, "aaaaaaaaaaaaa...@bookline (offline)> ");
        assert!(longest.len() < 40);
    }
}
