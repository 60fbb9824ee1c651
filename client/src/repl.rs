//! Commands typed at a prompt.

use std::io;

use bookline_protocol::reply::{Hello, Reply};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::complete::Completion;
use crate::connection::Connection;
use crate::error::Error;
use crate::exchange::{Ending, Outcome, exchange, overhear, turns_away};
use crate::history::{self, History};
use crate::printer::Printer;
use crate::render;

const PROMPT: &str = "bookline> ";

/// Greets the server, then sends each line as it was typed and shows the answer, until the user or the server leaves.
///
/// What goes wrong on the way (a refusal, an interrupt) is told and the session goes on; only a connection that is
/// lost or a terminal that cannot be used ends it with an error.
pub fn run(runtime: &Runtime, connection: Connection, printer: &mut Printer) -> Result<(), Error> {
    let mut connection = connection;
    runtime.block_on(greet(&mut connection, printer))?;

    // From here on Ctrl-C ends a wait and not the client. The editor reads it as a key.
    let _handler = runtime
        .block_on(async { signal(SignalKind::interrupt()) })
        .map_err(|source| Error::Start { source })?;
    let mut editor = editor().map_err(|source| Error::Terminal { source })?;
    let (mut history, trouble) = History::load(&mut editor);
    tell(trouble);

    loop {
        let line = match editor.readline(PROMPT) {
            Ok(line) => line,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                tell(Some("what was typed is not UTF-8, and was not sent".to_owned()));
                continue;
            }
            Err(source) => return Err(Error::Terminal { source }),
        };
        tell(history.keep(&mut editor));
        match runtime.block_on(converse(&mut connection, &line, printer))? {
            Some(outcome) if outcome.parted => return Ok(()),
            Some(_) => {}
            None => {
                printer.forget();
                // The terminal shows the key itself, ^C, in the place where the answer would begin.
                printer.say("")?;
                printer.flush()?;
                tell(Some("no longer waiting; the command may be carried out all the same".to_owned()));
                // The answer may come yet, and must not be taken for that to the next command.
                let (address, patience) = (connection.address.clone(), connection.patience);
                connection = runtime.block_on(Connection::open(&address, patience))?;
            }
        }
    }
}

/// Says HELLO and shows who answers.
async fn greet(connection: &mut Connection, printer: &mut Printer) -> Result<(), Error> {
    let line = connection.ask(b"HELLO\n").await?;
    match Reply::parse(&line) {
        Ok(Reply::Ok(body)) => {
            if let Ok(hello) = serde_json::from_str::<Hello<'_>>(body)
                && hello.server == "bookline"
            {
                printer.say(&render::greeting(&hello, &connection.address))?;
                return printer.flush();
            }
        }
        Ok(Reply::Err { code, .. }) if turns_away(code) => {
            printer.line(line.as_bytes())?;
            printer.flush()?;
            return Err(Error::TurnedAway { address: connection.address.clone() });
        }
        _ => {}
    }
    Err(Error::Stranger { address: connection.address.clone(), said: line })
}

/// Sends a line and shows the answers to it: to none if it is blank or a comment, to several if it was pasted and has
/// line feeds in it. Nothing is returned when the user would not wait.
async fn converse(
    connection: &mut Connection,
    line: &str,
    printer: &mut Printer,
) -> Result<Option<Outcome>, Error> {
    if !overhear(connection, printer)? {
        return Err(Error::Lost { address: connection.address.clone(), unanswered: 0 });
    }
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|source| Error::Start { source })?;
    let mut input = line.as_bytes();
    tokio::select! {
        biased;
        _ = interrupt.recv() => Ok(None),
        result = exchange(connection, &mut input, Ending::WhenAnswered, printer) => result.map(Some),
    }
}

fn editor() -> Result<Editor<Completion, FileHistory>, ReadlineError> {
    let config = Config::builder()
        .auto_add_history(true)
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
