//! `bookline bench`: how fast a server is, and whether it keeps what it acknowledges under load.

use std::io::{self, IsTerminal, Write};

use bookline_loadgen::{Progress, Run};

use crate::cli::bench::BenchArgs;
use crate::error::Error;
use crate::exit::Exit;
use crate::interrupt::{Interrupt, exit_at_once};
use crate::local::bench_report;
use crate::target::Target;

/// Measures, verifies, and reports.
///
/// # Errors
///
/// Whatever ends the run early. The part of the report up to there is printed.
pub fn run(target: &Target, args: &BenchArgs) -> Result<Exit, Error> {
    let config = args.config(target)?;
    let interrupt = Interrupt::on_signals(exit_at_once)?;
    let at = |address: &str| address.parse().unwrap_or_else(|_| target.address.clone());
    let load_error = |error, address: &str| Error::from_load(error, &at(address), target.timeout);

    let shows_progress = io::stderr().is_terminal();
    let on_progress: Box<dyn FnMut(Progress)> = Box::new(|progress| {
        // With standard error closed there is no one to report to.
        let _ = writeln!(io::stderr(), "{}", bench_report::progress(progress));
    });
    let mut run = Run::prepare(&config, interrupt.flag(), shows_progress.then_some(on_progress))
        .map_err(|error| load_error(error, &config.address))?;
    let (mut report, result) = run.measure();
    if !args.json {
        print(&bench_report::measurement(&report))?;
    }
    let mut result = result.map_err(|error| load_error(error, run.address()));
    if result.is_ok() {
        // Verification is not interrupted: the next Ctrl-C ends the client.
        interrupt.raise();
        if shows_progress {
            let _ = writeln!(io::stderr(), "verifying what was acknowledged ...");
        }
        result = run
            .verify()
            .map(|verification| report.verification = Some(verification))
            .map_err(|error| load_error(error, run.address()));
    }
    if args.json {
        print(&[serde_json::json!(report).to_string()])?;
    } else if let Some(verification) = &report.verification {
        print(&bench_report::verification(verification))?;
    }
    result?;
    if args.delete && report.is_ok() {
        run.delete_events().map_err(|error| load_error(error, run.address()))?;
    }
    Ok(if report.is_ok() { Exit::Ok } else { Exit::Refused })
}

fn print(lines: &[String]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    let mut write = || {
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        out.flush()
    };
    write().map_err(|source| Error::Output { source })
}
