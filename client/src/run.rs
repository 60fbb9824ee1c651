//! Executes what the command line asks for.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};

use bookline_protocol::Verb;
use tokio::runtime::Runtime;

use crate::board::show;
use crate::calendar::{day, week};
use crate::cli::{Args, LocalCommand};
use crate::config;
use crate::diagnostics::report;
use crate::directory::Directory;
use crate::error::Error;
use crate::exit::Exit;
use crate::interrupt::{Interrupt, exit_at_once};
use crate::local::{bench, grid, ics, import_ics, watch};
use crate::net::outcome::Outcome;
use crate::net::retry::{PROMPT_TRIES, Retry};
use crate::one_shot;
use crate::pager::Pager;
use crate::printer::{Layout, Printer};
use crate::prompt::session;
use crate::screen::Screen;
use crate::script::Script;
use crate::target::Target;

/// Runs the client with these arguments, the name of the program first.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let mut args = match Args::parse_from(arguments) {
        Ok(args) => args,
        Err(message) => return print_usage(&message),
    };
    if let Err(error) = config::complete(&mut args) {
        report(&error.to_string());
        return Exit::Usage;
    }
    match args.target().and_then(|target| execute(&args, &target)) {
        Ok(exit) => exit,
        Err(error) if error.is_closed_output() && !matches!(args.local, Some(LocalCommand::Bench(_))) => {
            Exit::Ok
        }
        Err(error) => {
            report(&error.message());
            error.exit()
        }
    }
}

fn execute(args: &Args, target: &Target) -> Result<Exit, Error> {
    match &args.local {
        Some(LocalCommand::Week(week)) => {
            let arguments = [&*week.who, &*week.date];
            grid::run(args, target, args.format.layout(Layout::Table), async |requester, printer| {
                week::run(requester, &arguments, printer).await
            })
        }
        Some(LocalCommand::Day(day)) => {
            let arguments = [&*day.date, &*day.people];
            grid::run(args, target, args.format.layout(Layout::Table), async |requester, printer| {
                day::run(requester, &arguments, printer).await
            })
        }
        Some(LocalCommand::Board(board)) => show::run(args, target, board),
        Some(LocalCommand::Watch(arguments)) => watch::run(args, target, arguments),
        Some(LocalCommand::Bench(bench)) => bench::run(target, bench),
        Some(LocalCommand::Ics(ics)) => ics::run(target, args.local_retry(), ics),
        Some(LocalCommand::ImportIcs(import)) => import_ics::run(target, args.local_retry(), import),
        None => run_commands(args, target),
    }
}

/// Prints the help that was asked for, or what is wrong with the arguments.
fn print_usage(message: &clap::Error) -> Exit {
    let printed = message.print().and_then(|()| std::io::stdout().flush());
    match printed.map_err(|source| Error::Output { source }) {
        Err(error) if !message.use_stderr() && !error.is_closed_output() => {
            report(&error.to_string());
            error.exit()
        }
        _ if message.use_stderr() => Exit::Usage,
        _ => Exit::Ok,
    }
}

fn run_commands(args: &Args, target: &Target) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Start { source })?;
    let outcome = exchange_commands(&runtime, args, target);
    // A read of standard input cannot be canceled: the runtime must not wait for it.
    runtime.shutdown_background();
    let outcome = outcome?;
    if let Some(note) = outcome.unsent.note() {
        report(&note);
        return Ok(Exit::Refused);
    }
    Ok(match outcome.refusal {
        None => Exit::Ok,
        // A script has many commands, which are refused for many reasons.
        Some(_) if args.words.is_empty() => Exit::Refused,
        Some(exit) => exit,
    })
}

fn exchange_commands(runtime: &Runtime, args: &Args, target: &Target) -> Result<Outcome, Error> {
    let screen = Screen::of_stdout(args.color);
    let is_terminal = screen.is_terminal;
    let is_one_shot = !args.words.is_empty();
    let is_alone = args.words.is_empty() && args.file.is_none();
    let is_prompt = is_alone && is_terminal && std::io::stdin().is_terminal();
    let auto = if is_prompt || (is_terminal && is_one_shot) { Layout::Table } else { Layout::Raw };
    let layout = args.format.layout(auto);
    if layout == Layout::Csv && is_one_shot && args.listing().is_none() {
        return Err(Error::CsvWithoutListing);
    }
    if args.verb() == Some(Verb::Watch) {
        return Err(Error::WatchAsCommand);
    }
    let mut printer = Printer::new(layout, screen);
    // A script has its replies at full speed.
    let directory = Directory::open(target);
    if layout == Layout::Table && (is_prompt || is_one_shot) {
        printer = printer.with_directory(directory.clone());
    }
    if is_prompt {
        let tries_max = args.retry.unwrap_or(PROMPT_TRIES);
        let retry = Retry::AfterLoss { tries_max };
        let ended = session::run(runtime, target, retry, &args.settings(), directory, &mut printer);
        return print_rejection(ended, &mut printer).map(|()| Outcome::default());
    }

    let retry = args.retry.map_or(Retry::Never, |tries_max| Retry::Always { tries_max });
    let interrupt = Interrupt::on_signals(exit_at_once)?;
    // Whoever leaves the pager early must not miss the ids of tickets that were sold.
    if is_one_shot && !one_shot::may_change(&args.words) {
        // The terminal is in its own mode.
        printer.use_pager(Pager::chosen(args.pager.as_deref(), &interrupt, Box::new(|_| {})));
    }
    printer.begin_page();
    let ended = runtime.block_on(async {
        if args.words.is_empty() {
            let script = Script::new(args.file.as_deref(), args.stop_on_error);
            script.run(target, retry, &mut printer, &interrupt).await
        } else {
            one_shot::run(&args.words, target, retry, &mut printer, &interrupt).await
        }
    });
    let has_left = printer.end_page()?;
    match ended {
        Err(error) if error.is_wanted(has_left) => Ok(Outcome::default()),
        ended => print_rejection(ended, &mut printer),
    }
}

/// Prints the line of a server that accepts no connections.
fn print_rejection<T>(ended: Result<T, Error>, printer: &mut Printer) -> Result<T, Error> {
    if let Err(Error::Rejected { refusal: Some(line), .. }) = &ended {
        printer.print_line(line.as_bytes())?;
        printer.flush()?;
    }
    ended
}
