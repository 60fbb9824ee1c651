//! `bookline watch`: every change as it is made.

use std::io::{self, IsTerminal};

use crate::cli::Args;
use crate::cli::watch::WatchArgs;
use crate::diagnostics::report;
use crate::error::Error;
use crate::exit::Exit;
use crate::interrupt::{Interrupt, exit_at_once};
use crate::net::watcher::{Told, WatchOptions, Watcher};
use crate::printer::{Layout, Printer};
use crate::screen::Screen;
use crate::target::Target;

/// Prints changes until something ends it.
///
/// # Errors
///
/// There is no connection, the server refuses, the changes are gone, or standard output cannot be written.
pub fn run(args: &Args, target: &Target, watch: &WatchArgs) -> Result<Exit, Error> {
    let screen = Screen::of_stdout(args.color);
    let auto = if screen.is_terminal { Layout::Table } else { Layout::Json };
    let layout = watch.format.unwrap_or(args.format).layout(auto);
    if layout == Layout::Csv {
        return Err(Error::CsvOfChanges);
    }
    let options = WatchOptions {
        watched: watch.watched.clone(),
        since: watch.since,
        with_tickets: watch.tickets,
        resyncs: watch.resync,
        tries_max: args.retry,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Start { source })?;
    let interrupt = Interrupt::on_signals(exit_at_once)?;
    let mut printer = Printer::new(layout, screen);
    let watched = runtime.block_on(async {
        let watcher = Watcher::new(target, &options, &interrupt);
        watcher.run(&mut |told| print(told, &options, &mut printer)).await
    });
    let flushed = printer.flush();
    match watched {
        Ok(never) => match never {},
        // That is how a user ends it.
        Err(Error::Interrupted { .. }) => flushed.map(|()| Exit::Interrupted),
        Err(error) => Err(error),
    }
}

fn print(told: Told<'_>, options: &WatchOptions, printer: &mut Printer) -> Result<(), Error> {
    match told {
        Told::Hello(hello) => {
            printer.use_time_of(hello);
            Ok(())
        }
        Told::Begin { sequence, line } => match printer.layout() {
            Layout::Raw => printer.print_line(line),
            // A program has the place from which it can go on before the first change.
            Layout::Json => printer.print_change_alone(
                format!("CHANGE {sequence} {{\"kind\":\"progress\",\"end\":true}}").as_bytes(),
            ),
            // A user who sees nothing knows that nothing has changed.
            Layout::Table if io::stderr().is_terminal() => {
                let watched = options.watched.join(" ");
                report(&format!("watching {watched} after {sequence}; Ctrl-C ends it"));
                Ok(())
            }
            Layout::Table | Layout::Plain | Layout::Csv => Ok(()),
        },
        Told::Change { line, .. } => printer.print_change_alone(line),
        Told::Message(message) => printer.report(message),
        Told::AllArrived => printer.flush(),
    }
}
