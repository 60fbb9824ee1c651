//! A session at the prompt.

use std::io;

use bookline_protocol::Verb;
use rustyline::error::ReadlineError;
use tokio::runtime::Runtime;

use crate::diagnostics::report;
use crate::directory::Directory;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::connection::{Connection, Target};
use crate::net::input::Input;
use crate::net::outcome::Outcome;
use crate::net::retry::Retry;
use crate::net::safe_exchange::exchange_safely;
use crate::net::wait;
use crate::printer::Printer;
use crate::prompt::editor::{self, Assistant, ServerClock, Values};
use crate::prompt::history::History;
use crate::prompt::keyboard::Keyboard;
use crate::prompt::own_command;
use crate::prompt::settings::Settings;
use crate::render::sentence::greeting;
use crate::session_ids::SessionIds;

const PROMPT: &str = "bookline> ";

/// The terminals on which rustyline only reads lines. They edit lines themselves, and turn Ctrl-C into a
/// signal.
const LINE_TERMINALS: [&str; 3] = ["dumb", "cons25", "emacs"];

/// Prints a greeting, then sends each line and prints the reply, until the user ends the session. A
/// connection that is lost is opened again.
///
/// # Errors
///
/// A connection that cannot be opened again, a request whose outcome is unknown, or a terminal that cannot be
/// used. After a refusal or an interrupt the session goes on.
pub fn run(
    runtime: &Runtime,
    target: &Target,
    retry: Retry,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<(), Error> {
    // From here on Ctrl-C ends a command and not the client.
    let interrupt = Interrupt::on_signals(|| {})?;
    let keyboard = if is_line_terminal() { None } else { Some(Keyboard::open(interrupt.clone())?) };
    let (connection, hello) = runtime.block_on(wait::open(target, &interrupt))?;
    let mut connection = Some(connection);
    printer.print_text(&greeting(&hello, &target.address))?;
    printer.flush()?;

    let session_ids = SessionIds::default();
    printer.remember_ids(session_ids.clone());
    let (directory, clock) = (Directory::open(target), ServerClock::of(&hello));
    let values = Values { directory, session_ids, clock, screen: printer.screen() };
    let assistant = Assistant::new(values, own_command::USAGES, keyboard.is_none());
    let opened = editor::open(assistant, settings.edit_mode);
    let mut editor = opened.map_err(|source| Error::Terminal { source })?;
    let (mut history, message) = History::load(&mut editor, settings.history);
    report_some(message);

    loop {
        let read = {
            let _at_prompt = keyboard.as_ref().map(Keyboard::at_prompt);
            editor.readline(PROMPT)
        };
        let line = match read {
            Ok(line) => editor::escaped(&line),
            Err(ReadlineError::Eof) => return Ok(()),
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => {
                report_some(discarded_note(keyboard.as_ref()));
                continue;
            }
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                report("the line is not UTF-8 and was not sent");
                continue;
            }
            Err(source) => return Err(Error::Terminal { source }),
        };
        report_some(history.add(&mut editor, &line));
        let is_verb = |word: &str| Verb::from_word(word).is_some();
        let Some(line) = own_command::execute(line, &mut editor, printer, is_verb)? else { continue };
        editor.helper().inspect(|assistant| assistant.remember(&line));
        // An interrupt from before belongs to the last command.
        interrupt.clear();
        // The server may have closed while the user typed.
        report_some(drop_lost(&mut connection, printer)?);
        printer.expect_reply_to(&line);
        let mut input = Input::of(line.as_bytes());
        let sent = exchange_safely(&mut connection, &mut input, target, retry, printer, &interrupt);
        match runtime.block_on(sent) {
            Ok(Outcome { has_quit: true, mut unsent, .. }) => {
                unsent.lines += keyboard.as_ref().map_or(0, Keyboard::lines_ahead) as u64;
                report_some(unsent.note());
                return Ok(());
            }
            Ok(_) => {}
            Err(error) if error.is_interrupt() => {
                report(&error.to_string());
                report_some(discarded_note(keyboard.as_ref()));
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_line_terminal() -> bool {
    std::env::var("TERM").is_ok_and(|term| LINE_TERMINALS.iter().any(|name| name.eq_ignore_ascii_case(&term)))
}

/// What the user has to know about lines that Ctrl-C discarded.
fn discarded_note(keyboard: Option<&Keyboard>) -> Option<String> {
    match keyboard?.take_discarded_lines() {
        0 => None,
        1 => Some("1 line typed before Ctrl-C was not sent".to_owned()),
        many => Some(format!("{many} lines typed before Ctrl-C were not sent")),
    }
}

/// Prints what the server has sent since the last reply. If it has closed, drops the connection and returns
/// what the user has to know.
fn drop_lost(connection: &mut Option<Connection>, printer: &mut Printer) -> Result<Option<String>, Error> {
    let Some(open) = connection else { return Ok(None) };
    if open.print_unsolicited(printer)? {
        return Ok(None);
    }
    let lost = Error::Lost { address: open.target.address.clone(), unanswered: 0 };
    *connection = None;
    Ok(Some(lost.to_string()))
}

fn report_some(message: Option<String>) {
    if let Some(message) = message {
        report(&message);
    }
}
