//! What `bookline bench` is asked for.

use std::time::Duration;

use bookline_protocol::limits::{MAX_BOOK, MAX_TICKETS};
use clap::ValueEnum;
use thiserror::Error;

use super::names::MAX_EVENTS;

/// Connections that can be asked for: as many as a server takes unless told otherwise.
const MAX_CONNS: i64 = 10_000;

/// Requests that may be on their way over one connection: some 40 kB in either direction, which sockets hold.
const MAX_DEPTH: i64 = 1_000;

/// The longest run: a day.
const MAX_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// What follows the flags in `bookline bench --help`.
const AFTER_HELP: &str = "\
Every connection keeps --depth requests under way: a reply that arrives is
followed by the next request, and a server that stalls is asked less meanwhile.
The time of a request is from its write to its reply. The first half second is
not counted.

A server that holds anything is refused without --yes, because what is booked
stays there: events bench-<run>-<number> of the year 9999 (there is no delete
for events yet), and calendar entries of people bench-<run>-p<number> in the
years 9990 to 9999. The run's eight digits are drawn anew each time, so runs
disturb neither each other nor what is there.

After the run it asks the server for what was acknowledged: each event must
count as sold exactly the tickets that it gave out, no ticket id may have been
given out twice, each ticket (the first 67,108,864) and each calendar entry (an
even sample of 100,000) must be there. Ctrl-C ends the run early and this is
still done; a second one ends everything.

Exit status:
    0  measured, and everything acknowledged is there
    1  it is not, or a command was refused that should not be, or the server
       holds something and --yes is missing
    2  the arguments or standard output could not be used
    3  no connection to a Bookline server
    4  a connection was lost or fell silent: what was measured until then is
       shown and nothing is verified
  130  ended by a second Ctrl-C";

/// Measures a server under load, and verifies that it kept its word.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Flags {
    /// Connections
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=MAX_CONNS))]
    pub conns: u32,

    /// Requests that each connection keeps under way
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=MAX_DEPTH))]
    pub depth: u32,

    /// How long to measure: 10, 0.5, 30s, 5m
    #[arg(long, value_name = "TIME", default_value = "10", value_parser = time)]
    pub secs: Duration,

    /// What to ask for
    #[arg(long, value_enum, value_name = "WORKLOAD", default_value_t = Workload::Hot)]
    pub workload: Workload,

    /// Events that are made, read and booked (hot makes one, calendar none)
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_EVENTS)))]
    pub events: u32,

    /// Tickets in each BOOK
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_BOOK)))]
    pub tickets: u32,

    /// Tickets that each event has: with few of them the rush on the last ones is measured
    #[arg(long, value_name = "N", default_value_t = MAX_TICKETS,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_TICKETS)))]
    pub seats: u32,

    /// Load a server that holds events, tickets or entries, and leave more of them there
    #[arg(long)]
    pub yes: bool,

    /// One JSON object on standard output instead of a report
    #[arg(long)]
    pub json: bool,
}

/// What the connections ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// BOOK of one event
    Hot,
    /// BOOK over all events
    Spread,
    /// BLOCK, MEET of three and DELETE (2:2:1) of ever new people and hours
    Calendar,
    /// 60% GET of an event, 25% BOOK, 10% calendar, 5% GET of a day
    Mixed,
    /// GET of an event
    Reads,
}

impl Workload {
    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Spread => "spread",
            Self::Calendar => "calendar",
            Self::Mixed => "mixed",
            Self::Reads => "reads",
        }
    }
}

impl Flags {
    /// Events that the workload needs.
    pub const fn needed_events(&self) -> u32 {
        match self.workload {
            Workload::Hot => 1,
            Workload::Calendar => 0,
            Workload::Spread | Workload::Mixed | Workload::Reads => self.events,
        }
    }
}

/// What is wrong with a time.
#[derive(Debug, Error)]
enum BadTime {
    #[error("{source}; write seconds (10, 0.5) or a number with a unit (500ms, 30s, 5m)")]
    Form { source: humantime::DurationError },
    #[error("it is more than nothing and at most a day")]
    Range,
}

/// Reads a time: seconds, or whatever has a unit.
fn time(text: &str) -> Result<Duration, BadTime> {
    let read = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| BadTime::Range)?,
        Err(_) => humantime::parse_duration(text).map_err(|source| BadTime::Form { source })?,
    };
    if read.is_zero() || read > MAX_TIME { Err(BadTime::Range) } else { Ok(read) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_have_a_unit() {
        assert_eq!(time("10").unwrap(), Duration::from_secs(10));
        assert_eq!(time("0.5").unwrap(), Duration::from_millis(500));
        assert_eq!(time("5m").unwrap(), Duration::from_secs(300));
        for bad in ["", "0", "-1", "NaN", "inf", "25h", "soon"] {
            assert!(time(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn a_workload_is_called_what_it_says() {
        for workload in Workload::value_variants() {
            let value = workload.to_possible_value().unwrap();
            assert_eq!(value.get_name(), workload.as_str());
        }
    }
}
