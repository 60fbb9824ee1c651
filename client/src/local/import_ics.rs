//! `bookline import-ics`: blocks the busy hours of an iCalendar file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};

use bookline_protocol::{Hours, Period, Slot};

use crate::cli::import_ics::ImportIcsArgs;
use crate::diagnostics::report;
use crate::error::Error;
use crate::exit::Exit;
use crate::ical::busy_hours::{BusyHours, BusyPeriod, DAYS};
use crate::local::schedule::{Refusal, Schedule};
use crate::net::connection::Target;
use crate::net::retry::Retry;
use crate::render::number::counted;
use crate::render::text::quoted;

/// Bytes of a file: its events, as many as are read, with 1,600 bytes each, which is a long description.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Clashes that are listed. Whoever has more does not read them.
const CLASHES_SHOWN_MAX: usize = 100;

/// Blocks the hours, and prints the requests that did.
///
/// # Errors
///
/// The file cannot be read or is not valid, there is no reply, or the user has interrupted the client.
pub fn run(target: &Target, retry: Retry, args: &ImportIcsArgs) -> Result<Exit, Error> {
    // Before Ctrl-C is handled: a read of standard input cannot be canceled.
    let text = read_file(&args.file)?;
    Schedule::open(target, retry, &args.who, async |schedule| import(schedule, args, &text).await)
}

async fn import(schedule: &mut Schedule<'_>, args: &ImportIcsArgs, text: &str) -> Result<Exit, Error> {
    let today = schedule.today();
    let busy = BusyHours::read(text, schedule.zone, today)
        .map_err(|source| Error::Calendar { file: args.file.clone(), source })?;
    if busy.events_outside > 0 {
        let events = counted(busy.events_outside as u32, "event");
        report(&format!("left out {events} without hours in the {DAYS} days from {} on", today.iso()));
    }
    let taken = taken_hours(schedule, &busy.periods).await?;
    let Plan { blocks, clashes } = Plan::of(&busy.periods, &taken);
    if !clashes.is_empty() {
        report(&clash_message(args, &clashes));
        if !args.skip_conflicts {
            return Ok(Exit::Refused);
        }
    }
    if !args.dry_run
        && let Some(refusal) = block_all(schedule, &blocks).await?
    {
        report(&refusal);
        return Ok(Exit::Refused);
    }
    print(schedule, &blocks)
}

/// Reads the file, or standard input for `-`. Text that is not UTF-8 is in titles, which decide nothing.
fn read_file(file: &str) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let read = match file {
        "-" => io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes),
        path => File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|source| Error::ReadFile { file: file.to_owned(), source })?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Error::LargeFile { file: file.to_owned(), bytes_max: FILE_BYTES_MAX });
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// By the index of its slot, what fills each hour of the calendar that the file may need.
async fn taken_hours(
    schedule: &mut Schedule<'_>,
    periods: &[BusyPeriod],
) -> Result<HashMap<u32, String>, Error> {
    let (Some(first), Some(last)) = (periods.first(), periods.last()) else { return Ok(HashMap::new()) };
    let entries = schedule.entries(first.period.start().date, last.period.last_date()).await?;
    let taken = entries.into_iter().flat_map(|entry| {
        let title = entry.meeting.map_or_else(|| "a block".to_owned(), |meeting| quoted(&meeting.title));
        entry.period.indices().map(move |index| (index, title.clone()))
    });
    Ok(taken.collect())
}

/// What to do with the hours of a file.
#[derive(Debug, PartialEq, Eq)]
struct Plan<'a> {
    blocks: Vec<Period>,
    clashes: Vec<Clash<'a>>,
}

/// An hour of the file that the calendar has already.
#[derive(Debug, PartialEq, Eq)]
struct Clash<'a> {
    slot: Slot,
    taken_by: &'a str,
    summary: &'a str,
}

impl<'a> Plan<'a> {
    /// Takes the free hours of each period.
    fn of(periods: &'a [BusyPeriod], taken: &'a HashMap<u32, String>) -> Self {
        let mut plan = Self { blocks: Vec::new(), clashes: Vec::new() };
        for busy in periods {
            let slots: Vec<_> = busy.period.slots().collect();
            let is_taken = |slot: &Slot| taken.contains_key(&slot.index());
            for run in slots.chunk_by(|one, two| is_taken(one) == is_taken(two)) {
                let free = Hours::new(run.len() as u8).filter(|_| !is_taken(&run[0]));
                plan.blocks.extend(free.and_then(|hours| Period::new(run[0], hours).ok()));
            }
            plan.clashes.extend(slots.into_iter().filter_map(|slot| {
                Some(Clash { slot, taken_by: taken.get(&slot.index())?, summary: &busy.summary })
            }));
        }
        plan
    }
}

fn clash_message(args: &ImportIcsArgs, clashes: &[Clash<'_>]) -> String {
    let who = args.who.as_str();
    let end = if args.skip_conflicts {
        "the other hours of the file are blocked"
    } else {
        "nothing was blocked; --skip-conflicts blocks the other hours"
    };
    let mut message =
        format!("{who} is busy in {} of the file: {end}", counted(clashes.len() as u32, "hour"));
    for Clash { slot: Slot { date, hour }, taken_by, summary } in clashes.iter().take(CLASHES_SHOWN_MAX) {
        let summary = quoted(summary);
        message += &format!("\n{} at {hour}: {taken_by}; in the file: {summary}", date.iso());
    }
    if let Some(more) = clashes.len().checked_sub(CLASHES_SHOWN_MAX).filter(|&more| more > 0) {
        message += &format!("\nand {}", counted(more as u32, "further hour"));
    }
    message
}

/// Blocks the periods one by one. If one is refused, those before it are deleted, and the message says so.
///
/// # Errors
///
/// There is no reply: the error says what was blocked and is still there.
async fn block_all(schedule: &mut Schedule<'_>, blocks: &[Period]) -> Result<Option<String>, Error> {
    for (made, &block) in blocks.iter().enumerate() {
        match schedule.block(block).await {
            Ok(None) => {}
            Ok(Some(refusal)) => return undo(schedule, &blocks[..made], &refusal).await.map(Some),
            Err(error) => return Err(unfinished(schedule, error, &blocks[..made])),
        }
    }
    Ok(None)
}

/// Deletes these blocks, and words what happened.
async fn undo(schedule: &mut Schedule<'_>, made: &[Period], refusal: &Refusal) -> Result<String, Error> {
    let mut left = Vec::new();
    for (at, &block) in made.iter().enumerate() {
        match schedule.delete(block).await {
            Ok(None) => {}
            // Somebody else has deleted it.
            Ok(Some(refusal)) if refusal.code == "NOT_FOUND" => {}
            Ok(Some(_)) => left.push(block),
            Err(error) => {
                left.extend_from_slice(&made[at..]);
                return Err(unfinished(schedule, error, &left));
            }
        }
    }
    let end = match (made.len(), left.as_slice()) {
        (0, _) => "Nothing was blocked.".to_owned(),
        (made, []) => {
            format!("What was blocked before, in {}, is deleted again.", counted(made as u32, "block"))
        }
        (_, left) => format!(
            "What was blocked before is deleted again, but for {}; to delete them, send these lines\n{}",
            counted(left.len() as u32, "block"),
            delete_lines(schedule, left).join("\n")
        ),
    };
    Ok(format!("{} {end}", refusal.sentence))
}

/// The error with what was blocked and is still there.
fn unfinished(schedule: &Schedule<'_>, cause: Error, made: &[Period]) -> Error {
    Error::Unfinished { cause: Box::new(cause), lines: delete_lines(schedule, made) }
}

fn delete_lines(schedule: &Schedule<'_>, made: &[Period]) -> Vec<String> {
    made.iter().map(|&block| schedule.delete_line(block)).collect()
}

/// Prints the requests that block the periods, and how many hours these have, as a script.
fn print(schedule: &Schedule<'_>, blocks: &[Period]) -> Result<Exit, Error> {
    let hours: u32 = blocks.iter().map(|block| u32::from(block.hours().get())).sum();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut write = || {
        blocks.iter().try_for_each(|&block| writeln!(out, "{}", schedule.block_line(block)))?;
        writeln!(out, "# {}, {}", counted(blocks.len() as u32, "block"), counted(hours, "hour"))?;
        out.flush()
    };
    write().map(|()| Exit::Ok).map_err(|source| Error::Output { source })
}

#[cfg(test)]
mod tests {
    use bookline_protocol::{Date, Hour};

    use super::*;

    fn period(hour: u8, hours: u8) -> Period {
        let start = Slot { date: Date::parse("2026-12-01").unwrap(), hour: Hour::new(hour).unwrap() };
        Period::new(start, Hours::new(hours).unwrap()).unwrap()
    }

    #[test]
    fn plan_has_the_free_hours_of_each_period() {
        let busy = |hour, hours| BusyPeriod { period: period(hour, hours), summary: format!("from {hour}") };
        let periods = [busy(8, 5), busy(20, 6)];
        let taken: HashMap<_, _> = [period(9, 1), period(10, 1), period(21, 1)]
            .map(|hour| (hour.start().index(), "x".to_owned()))
            .into();
        let plan = Plan::of(&periods, &taken);
        assert_eq!(plan.blocks, [period(8, 1), period(11, 2), period(20, 1), period(22, 4)]);
        let clashes: Vec<_> =
            plan.clashes.iter().map(|clash| (clash.slot.hour.get(), clash.summary)).collect();
        assert_eq!(clashes, [(9, "from 8"), (10, "from 8"), (21, "from 20")]);
    }
}
