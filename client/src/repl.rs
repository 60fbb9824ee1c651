//! Commands typed at a prompt.

use std::io;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};
use tokio::runtime::Runtime;

use crate::args::Args;
use crate::complete::Completion;
use crate::connection::Connection;
use crate::error::Error;
use crate::exchange::{Ending, Outcome, exchange, overhear};
use crate::history::{self, History};
use crate::interrupt::Interrupt;
use crate::keyboard::Keyboard;
use crate::printer::Printer;
use crate::render;

const PROMPT: &str = "bookline> ";

/// Terminals on which the editor does no more than read lines (as rustyline has them): they keep what is typed
/// themselves, and make a signal of Ctrl-C.
const PLAIN_TERMINALS: [&str; 3] = ["dumb", "cons25", "emacs"];

/// Greets the server, then sends each line as it was typed and shows the answer, until the user or the server leaves.
///
/// What goes wrong on the way (a refusal, an interrupt) is told and the session goes on; only a connection that is
/// lost or a terminal that cannot be used ends it with an error.
pub fn run(runtime: &Runtime, args: &Args, printer: &mut Printer) -> Result<(), Error> {
    // From here on Ctrl-C ends a wait and not the client.
    let interrupt = Interrupt::watch(|| {})?;
    let keyboard = if is_plain_terminal() { None } else { Some(Keyboard::open(interrupt.clone())?) };
    let target = args.target();
    let (mut connection, hello) = runtime.block_on(Connection::open(&target, &interrupt, printer))?;
    printer.say(&render::greeting(&hello, &target.address))?;
    printer.flush()?;

    let mut editor = editor().map_err(|source| Error::Terminal { source })?;
    let (mut history, trouble) = History::load(&mut editor, args.history);
    tell(trouble);

    loop {
        let read = {
            let _reading = keyboard.as_ref().map(Keyboard::at_prompt);
            editor.readline(PROMPT)
        };
        let line = match read {
            Ok(line) => line,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => {
                tell(dropped(keyboard.as_ref()));
                continue;
            }
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                tell(Some("what was typed is not UTF-8, and was not sent".to_owned()));
                continue;
            }
            Err(source) => return Err(Error::Terminal { source }),
        };
        tell(history.keep(&mut editor, &line));
        // One that came before belongs to the command before.
        interrupt.clear();
        match runtime.block_on(converse(&mut connection, &line, printer, &interrupt)) {
            Ok(Outcome { parted: true, mut unsent, .. }) => {
                unsent.lines += keyboard.as_ref().map_or(0, Keyboard::lines_ahead) as u64;
                tell(unsent.note());
                return Ok(());
            }
            Ok(_) => {}
            Err(error @ Error::Interrupted { .. }) => {
                tell(Some(error.to_string()));
                tell(dropped(keyboard.as_ref()));
                // The answer may come yet, and must not be taken for that to the next command.
                drop(connection);
                interrupt.clear();
                (connection, _) = runtime.block_on(Connection::open(&target, &interrupt, printer))?;
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_plain_terminal() -> bool {
    std::env::var("TERM")
        .is_ok_and(|term| PLAIN_TERMINALS.iter().any(|name| name.eq_ignore_ascii_case(&term)))
}

/// What a user must know of lines that Ctrl-C took back.
fn dropped(keyboard: Option<&Keyboard>) -> Option<String> {
    match keyboard?.take_dropped() {
        0 => None,
        1 => Some("1 line typed before Ctrl-C was not sent".to_owned()),
        many => Some(format!("{many} lines typed before Ctrl-C were not sent")),
    }
}

/// Sends a line and shows the answers to it: to none if it is blank or a comment, to several if it was pasted and has
/// line feeds in it.
async fn converse(
    connection: &mut Connection,
    line: &str,
    printer: &mut Printer,
    interrupt: &Interrupt,
) -> Result<Outcome, Error> {
    if !overhear(connection, printer)? {
        return Err(Error::Lost { address: connection.target.address.clone(), unanswered: 0 });
    }
    connection.begin();
    exchange(connection, &mut line.as_bytes(), Ending::WhenAnswered, printer, interrupt).await
}

fn editor() -> Result<Editor<Completion, FileHistory>, ReadlineError> {
    let config = Config::builder()
        .history_ignore_space(true)
        .history_ignore_dups(true)?
        .max_history_size(history::MAX_LINES)?
        .completion_type(CompletionType::List)
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Completion));
    Ok(editor)
}

/// Tells the user something that is not an answer.
fn tell(message: Option<String>) {
    if let Some(message) = message {
        crate::complain(&message);
    }
}
