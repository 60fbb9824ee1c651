//! The client of Bookline: a prompt, a single command, or a script, over one connection.
//!
//! It sends what it was given and shows what comes back; the server alone judges. In reading order:

#![allow(missing_docs, reason = "the library has no users but the client and its tests")]

// What the user asked for.
pub mod address;
pub mod args;

// How it can end.
pub mod error;
pub mod exit;
// Or be made to.
pub mod interrupt;

// The wire: a socket, and the lines that arrive over it.
pub mod connection;
pub mod inbox;
// Which requests are owed an answer.
pub mod requests;
// Both directions at once.
pub mod exchange;

// What the user sees: lines of reply, as they are or laid out.
pub mod printer;
pub mod render;

// A command given as arguments.
pub mod one_shot;

// Many commands, to measure a server with.
pub mod bench;

// The prompt: what is typed, what the Tab and the Up key offer.
pub mod complete;
pub mod history;
pub mod keyboard;
pub mod repl;
pub mod typed;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};

use tokio::runtime::Runtime;

use args::{Args, Format, Own};
use connection::Connection;
use error::Error;
use exchange::{Ending, Outcome, exchange};
use exit::Exit;
use interrupt::Interrupt;
use printer::{Layout, Printer};

/// Does what the command line asks for.
pub fn main(words: impl IntoIterator<Item = OsString>) -> Exit {
    match Args::read(words) {
        Ok(args) => run(&args),
        Err(help) => show(&help),
    }
}

/// Shows help that was asked for, or what is wrong with the arguments.
fn show(help: &clap::Error) -> Exit {
    let shown = help.print().and_then(|()| std::io::stdout().flush());
    match shown.map_err(|source| Error::Output { source }) {
        Err(error) if !help.use_stderr() && !error.is_closed_output() => {
            complain(&error.to_string());
            error.exit()
        }
        _ if help.use_stderr() => Exit::Usage,
        _ => Exit::Ok,
    }
}

/// Does what the arguments ask for, and tells the user what went wrong.
fn run(args: &Args) -> Exit {
    if let Some(Own::Bench(flags)) = &args.own {
        return bench::run(args, flags).unwrap_or_else(|error| {
            complain(&error.to_string());
            error.exit()
        });
    }
    match talk(args) {
        Ok(outcome) => {
            if let Some(note) = outcome.unsent.note() {
                complain(&note);
                return Exit::Refused;
            }
            if outcome.refused { Exit::Refused } else { Exit::Ok }
        }
        Err(error) if error.is_closed_output() => Exit::Ok,
        Err(error) => {
            complain(&error.to_string());
            error.exit()
        }
    }
}

fn talk(args: &Args) -> Result<Outcome, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Start { source })?;
    let result = converse(&runtime, args);
    // A read of standard input cannot be called off: the runtime must not wait for it.
    runtime.shutdown_background();
    result
}

fn converse(runtime: &Runtime, args: &Args) -> Result<Outcome, Error> {
    let on_terminal = std::io::stdout().is_terminal();
    let at_prompt = args.words.is_empty() && on_terminal && std::io::stdin().is_terminal();
    let layout = match args.format {
        Format::Raw => Layout::Raw,
        Format::Pretty => Layout::Pretty,
        Format::Auto if at_prompt || (on_terminal && !args.words.is_empty()) => Layout::Pretty,
        Format::Auto => Layout::Raw,
    };
    let mut printer = Printer::new(layout);
    if at_prompt {
        return repl::run(runtime, args, &mut printer).map(|()| Outcome::default());
    }

    let interrupt = Interrupt::watch(interrupt::end_at_once)?;
    runtime.block_on(async {
        let (mut connection, _) = Connection::open(&args.target(), &interrupt, &mut printer).await?;
        if args.words.is_empty() {
            let mut input = tokio::io::stdin();
            exchange(&mut connection, &mut input, Ending::WhenClosed, &mut printer, &interrupt).await
        } else {
            let line = one_shot::line(&args.words);
            let mut input = line.as_bytes();
            exchange(&mut connection, &mut input, Ending::WhenAnswered, &mut printer, &interrupt).await
        }
    })
}

/// Tells the user something on standard error. Where that is closed there is nobody to tell.
pub(crate) fn complain(message: &str) {
    _ = writeln!(std::io::stderr(), "bookline: {}", render::plain::text(message));
}
