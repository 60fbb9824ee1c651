//! `bookline bench`: how fast a server is, and whether it keeps its word under load.
//!
//! One thread, one loop that waits for all connections at once: what it costs is taken from the server that is
//! measured on the same machine. In reading order:

// What is asked for.
pub mod args;

// What the run's events and people are called, and the lines that name them.
mod names;
mod pattern;

// Something to do over connections, and the loop that does it.
mod connection;
mod driver;
mod failure;
mod work;

// First: greetings, a look at what is there, and events to book.
mod prepare;

// Then the load: requests by workload, tickets out of replies, refusals, times.
mod calendar;
mod load;
mod meter;
mod tally;
mod ticket;

// What was acknowledged, and at last whether it is there.
mod ledger;
mod verify;

// What it came to.
mod report;

use std::io::{self, IsTerminal, Write};

use args::Flags;
use driver::Driver;
use failure::Failure;
use load::Load;
use meter::Meter;
use names::Run;
use prepare::{Emptiness, Events, Greeting};
use report::Report;

use crate::args::Args;
use crate::error::Error;
use crate::exit::Exit;
use crate::interrupt::{Interrupt, end_at_once};

/// Measures, verifies, reports.
pub fn run(args: &Args, flags: &Flags) -> Exit {
    let (report, failure) = match measure(args, flags) {
        Ok(measured) => measured,
        Err(failure) => return give_up(&failure),
    };
    if flags.json
        && let Err(failure) = show(&format!("{}\n", serde_json::json!(report)))
    {
        return give_up(&failure);
    }
    match failure {
        Some(failure) => give_up(&failure),
        None if report.is_fine() => Exit::Fine,
        None => Exit::Refused,
    }
}

fn give_up(failure: &Failure) -> Exit {
    crate::complain(&failure.to_string());
    failure.exit()
}

/// The report, and what ended the run before its end.
fn measure(args: &Args, flags: &Flags) -> Result<(Report, Option<Failure>), Failure> {
    let interrupt = Interrupt::watch(end_at_once)?;
    let run = Run::draw();
    let mut driver = Driver::connect(&args.addr, flags.conns as usize, args.timeout)?;
    let mut greeting = Greeting::new(&args.addr, flags.conns);
    driver.run(&mut greeting, 1)?;
    if !flags.yes {
        driver.run(&mut Emptiness::new(&args.addr), 1)?;
    }
    let mut events = Events::new(flags, run, interrupt.clone());
    driver.run(&mut events, verify::PIPELINE)?;

    let meter = Meter::start(driver.now(), flags.secs, interrupt.clone())?;
    let mut load = Load::new(flags, run, events.made, meter);
    let ended = driver.run(&mut load, flags.depth.into());
    load.meter.stop(driver.now());
    let mut report = Report::new(flags, run, &greeting.version, &load, ended.is_err());
    if !flags.json {
        show(&report.to_string())?;
    }
    if let Err(failure) = ended {
        return Ok((report, Some(failure)));
    }

    // The next one ends everything.
    interrupt.raise();
    if io::stderr().is_terminal() {
        _ = writeln!(io::stderr(), "verifying what was acknowledged ...");
    }
    match verify::verify(&mut driver, &mut load.ledger, run, flags) {
        Ok(verified) => {
            if !flags.json {
                show(&verified.to_string())?;
            }
            report.verified = Some(verified);
            Ok((report, None))
        }
        Err(failure) => Ok((report, Some(failure))),
    }
}

fn show(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    shown.map_err(|source| Error::Output { source }.into())
}
