//! The command line of `bookline bench`.

use std::time::Duration;

use bookline_loadgen::{
    AuthLine, CONNECTIONS_MAX, Config, DEPTH_MAX, DURATION_MAX, EVENTS_MAX, Tls, Workload,
};
use bookline_protocol::limits::{BOOKING_TICKETS_MAX, EVENT_TICKETS_MAX, KEYED_TICKETS_MAX};
use clap::{ValueEnum, value_parser};
use thiserror::Error;

use crate::error::Error;
use crate::target::Target;

/// What follows the flags in `bookline bench --help`.
const AFTER_HELP: &str = "\
Every connection keeps --depth requests in flight: each reply is followed by the
next request, so a server that stalls gets fewer requests meanwhile. Latency is
measured from the write of a request to the arrival of its reply. The first half
second is a warm-up and is not measured.

Every reply counts as one operation, refusals included: in the workload hold a
ticket takes two or three of them.

A server that holds any data is refused without --yes, because what is booked
stays there: events bench-<run>-<number> of the year 9999, unless --delete
deletes them, and calendar entries of people bench-<run>-p<number> in the years
9990 to 9999. The eight digits of <run> are random, so runs disturb neither each
other nor other data.

With --retry a connection that is lost, that gets no reply for --timeout, or
whose request is refused for the moment (\"retry\":true) is opened again after
100 ms, doubling to 5 s, for up to a minute without a reply. Its requests without
a reply are sent again, changes with the same key, so that each is made exactly
once. If the server was empty, STATS must count what was acknowledged and nothing
else. The server keeps the key of every change: its --max-keys and
--max-key-bytes must hold those of the run, or it answers FULL. A run of 10
seconds with 500,000 changes a second uses 5,000,000 keys.

With several servers in --addr the leader is loaded. With --retry, a connection
that is lost, or gets NOT_LEADER or UNAVAILABLE, is opened to the leader that was
named or to the next server, after pauses of at most 500 ms. What is verified is
what the leader has at the end.

With --user every connection begins with AUTH. The account must be an admin, as
only admins see all of STATS. Its secret should be a token: a server checks a
few passwords a second, and refuses what is more.

After the run the server is asked for what it acknowledged: each event must
count as sold exactly the tickets that it issued and that were not cancelled,
and as held those of holds that have not ended. No ticket id may have been
issued twice. Each ticket (the first 67,108,864), each hold (the last 100,000,
or half of what the server remembers) and each calendar entry (an even sample of
100,000) must exist, with the status that was acknowledged. Ctrl-C ends the measurement early, and
verification still follows; a second Ctrl-C ends the client.

Exit status:
    0  measured, and everything acknowledged exists
    1  something acknowledged is missing or was sold twice, or a command was
       refused that should not be, or the server holds data and --yes is missing
    2  the arguments or standard output could not be used
    3  no connection to a Bookline server
    4  a connection was lost or timed out: what was measured until then is shown,
       and nothing is verified
  130  ended by a second Ctrl-C";

/// Measures a server under load, and verifies what it acknowledged.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct BenchArgs {
    /// Connections
    #[arg(long, value_name = "N", default_value_t = 50,
          value_parser = value_parser!(u32).range(1..=i64::from(CONNECTIONS_MAX)))]
    conns: u32,

    /// Requests that each connection keeps in flight
    #[arg(long, value_name = "N", default_value_t = 16,
          value_parser = value_parser!(u32).range(1..=i64::from(DEPTH_MAX)))]
    depth: u32,

    /// How long to measure: 10, 0.5, 30s, 5m
    #[arg(long, value_name = "TIME", default_value = "10", value_parser = parse_duration)]
    secs: Duration,

    /// What to request
    #[arg(long, value_enum, value_name = "WORKLOAD", default_value_t = WorkloadArg::Hot)]
    workload: WorkloadArg,

    /// Events that are created, read and booked (hot creates one, calendar none)
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = value_parser!(u32).range(1..=i64::from(EVENTS_MAX)))]
    events: u32,

    /// Tickets in each BOOK and HOLD
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = value_parser!(u32).range(1..=i64::from(BOOKING_TICKETS_MAX)))]
    tickets: u32,

    /// Tickets of each event: a small number measures contention for the last ones
    #[arg(long, value_name = "N", default_value_t = EVENT_TICKETS_MAX,
          value_parser = value_parser!(u32).range(1..=i64::from(EVENT_TICKETS_MAX)))]
    seats: u32,

    /// Give every change a key, and send it again after a lost connection: the server may be killed and
    /// restarted during the run
    #[arg(long)]
    retry: bool,

    /// Load a server that holds events, tickets or entries, and leave more of them there
    #[arg(long)]
    yes: bool,

    /// Delete the events and their tickets afterwards, if they are verified without a finding
    #[arg(long)]
    pub delete: bool,

    /// One JSON object on standard output instead of a report
    #[arg(long)]
    pub json: bool,
}

impl BenchArgs {
    /// The run on this server.
    ///
    /// # Errors
    ///
    /// [`Error::KeyedTickets`].
    pub fn config(&self, target: &Target) -> Result<Config, Error> {
        if self.retry && self.tickets > KEYED_TICKETS_MAX {
            return Err(Error::KeyedTickets);
        }
        Ok(Config {
            address: target.address.to_string(),
            others: target.cluster.addresses().iter().skip(1).map(ToString::to_string).collect(),
            tls: target.tls.clone().map(|config| Tls { config }),
            auth: target.login.as_ref().map(|login| AuthLine(login.line().into())),
            timeout: target.timeout,
            connections: self.conns,
            depth: self.depth,
            duration: self.secs,
            workload: self.workload.into(),
            events: self.events,
            tickets_per_booking: self.tickets,
            tickets_per_event: self.seats,
            retry: self.retry,
            allow_data: self.yes,
        })
    }
}

/// [`Workload`] as an argument, with its help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WorkloadArg {
    /// BOOK of one event
    Hot,
    /// BOOK of all events at random
    Spread,
    /// HOLD of all events at random; of ten, 7 are confirmed, 1 extended and confirmed, 2 released
    Hold,
    /// BOOK of all events at random, and CANCEL of each booking
    Cancel,
    /// BLOCK, MEET of three and DELETE (2:2:1), each of new people and hours
    Calendar,
    /// 60% GET of an event, 25% BOOK, 10% calendar, 5% GET of a day
    Mixed,
    /// GET of an event
    Reads,
}

impl From<WorkloadArg> for Workload {
    fn from(workload: WorkloadArg) -> Self {
        match workload {
            WorkloadArg::Hot => Self::Hot,
            WorkloadArg::Spread => Self::Spread,
            WorkloadArg::Hold => Self::Hold,
            WorkloadArg::Cancel => Self::Cancel,
            WorkloadArg::Calendar => Self::Calendar,
            WorkloadArg::Mixed => Self::Mixed,
            WorkloadArg::Reads => Self::Reads,
        }
    }
}

#[derive(Debug, Error)]
enum DurationError {
    #[error("{source}; write seconds (10, 0.5) or a number with a unit (500ms, 30s, 5m)")]
    Syntax { source: humantime::DurationError },
    #[error("it must be more than zero and at most a day")]
    Range,
}

/// Parses seconds, or a number with a unit.
fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let duration = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| DurationError::Range)?,
        Err(_) => humantime::parse_duration(text).map_err(|source| DurationError::Syntax { source })?,
    };
    if duration.is_zero() || duration > DURATION_MAX { Err(DurationError::Range) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_is_seconds_or_has_a_unit() {
        assert_eq!(parse_duration("10").unwrap(), Duration::from_secs(10));
        assert_eq!(parse_duration("0.5").unwrap(), Duration::from_millis(500));
        assert_eq!(parse_duration("5m").unwrap(), Duration::from_secs(300));
        for invalid in ["", "0", "-1", "NaN", "inf", "25h", "soon"] {
            assert!(parse_duration(invalid).is_err(), "{invalid} was accepted");
        }
    }

    #[test]
    fn workload_argument_has_the_name_in_the_report() {
        for workload in WorkloadArg::value_variants() {
            let value = workload.to_possible_value().unwrap();
            assert_eq!(value.get_name(), Workload::from(*workload).as_str());
        }
    }
}
