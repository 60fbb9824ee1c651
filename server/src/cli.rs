//! The command line of `booklined`. Every flag has an environment variable; one that is empty counts as
//! unset.

use std::path::PathBuf;
use std::time::Duration;

use bookline_protocol::Id;
use chrono_tz::Tz;
use clap::builder::{BoolishValueParser, Resettable};
use clap::{Arg, CommandFactory, FromArgMatches, Parser};

use crate::codec::segment_header;
use crate::codec::{commit, frame};
use crate::commands::buffers::{BUFFERS_BYTES_MAX, BUFFERS_BYTES_MIN};
use crate::config::Config;
use crate::log::LogFormat;
use crate::net::listen_address::ListenAddress;
use crate::state::StateLimits;
use crate::storage::journal::Durability;
use crate::storage::offline::Command;

/// The smallest `--segment-size`. Every commit fits into a segment of its own: a commit that outgrew its
/// segment would meet a full disk when it is written, where nothing can be refused any more. Three of the
/// largest, so that to begin segments does not cost more than to fill them.
const MIN_SEGMENT: u64 = 512 << 10;

const _: () = {
    let largest_commit = segment_header::BYTES
        + frame::len(commit::BYTES_MAX)
        + frame::MARKER_BYTES_MAX
        + frame::TRAILER_BYTES;
    assert!(3 * largest_commit as u64 <= MIN_SEGMENT);
};

/// The largest: a segment is read into memory as a whole when the journal is.
const MAX_SEGMENT: u64 = 1 << 30;

/// The most `--threads`: more than the processors of the largest machines only wait for each other.
const THREADS_MAX: usize = 1024;

/// The shortest `--idle-timeout`: whoever types needs some seconds, and a round trip to the other side of the
/// world a good part of one.
const IDLE_TIMEOUT_MIN: Duration = Duration::from_secs(1);

/// The longest: whoever means for ever leaves the flag out.
const IDLE_TIMEOUT_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Bookline's server: tickets of events and hours of people's calendars, never sold twice, never lost once it
/// said OK.
#[derive(Debug, Clone, Parser)]
#[command(name = "booklined", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Something else to do than to serve
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Where to listen; port 0 takes any free one. Of a host of several addresses it is the first that this
    /// machine has, IPv4 first. There are no accounts: whoever can connect can do everything
    #[arg(long, env = "BOOKLINE_LISTEN", default_value = "127.0.0.1:2665", value_name = "HOST:PORT")]
    pub listen: ListenAddress,

    /// Where the data is kept; made if it is not there
    #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
    pub data_dir: PathBuf,

    /// When to answer OK: always = when it is on disk; interval = at once, on disk within a second; never =
    /// at once, on disk when the system likes
    #[arg(long, env = "BOOKLINE_DURABILITY", value_enum, default_value_t)]
    pub durability: Durability,

    /// Connections at a time; one more is answered ERR BUSY. Lowered where the system allows too few open
    /// files
    #[arg(long, env = "BOOKLINE_MAX_CONNECTIONS", default_value_t = 10_000, value_name = "N",
          value_parser = parse_count)]
    pub max_connections: usize,

    /// Connections of one address at a time, an IPv6 network of 64 bits counting as one; one more is answered
    /// ERR BUSY [default: as many as there may be]
    #[arg(long, env = "BOOKLINE_MAX_PER_ADDRESS", value_name = "N", value_parser = parse_count)]
    pub max_per_address: Option<usize>,

    /// Close a connection from which no whole line has come for so long, 1s to 30d [default: never]
    #[arg(long, env = "BOOKLINE_IDLE_TIMEOUT", value_name = "TIME", value_parser = parse_idle_timeout)]
    pub idle_timeout: Option<Duration>,

    /// Memory for lines of more than 16 KiB and for large replies, 32MiB to 1TiB, all connections together
    #[arg(long, env = "BOOKLINE_MAX_BUFFERS", default_value = "256MiB", value_name = "SIZE",
          value_parser = parse_max_buffers)]
    pub max_buffers: u64,

    /// Tickets sold here at the most, of all events together [default: by the memory that there is]
    #[arg(long, env = "BOOKLINE_MAX_TICKETS", value_name = "N", value_parser = parse_limit)]
    pub max_tickets: Option<u64>,

    /// Events at the most [default: by the memory that there is]
    #[arg(long, env = "BOOKLINE_MAX_EVENTS", value_name = "N", value_parser = parse_limit)]
    pub max_events: Option<u64>,

    /// Hours of people's calendars filled at the most; a meeting of three people fills three [default: by the
    /// memory that there is]
    #[arg(long, env = "BOOKLINE_MAX_PERSON_HOURS", value_name = "N", value_parser = parse_limit)]
    pub max_person_hours: Option<u64>,

    /// The head of department, who may see everybody's meetings of the last month
    #[arg(long, env = "BOOKLINE_HOD", default_value = "F10", value_name = "ID", value_parser = parse_id)]
    pub hod: Id<'static>,

    /// The zone in which calendar hours are meant, by its IANA name [default: that of TZ, else the system's]
    #[arg(long, env = "BOOKLINE_TIME_ZONE", value_name = "ZONE")]
    pub time_zone: Option<Tz>,

    /// Parts that the state is locked by; a power of two
    #[arg(long, env = "BOOKLINE_SHARDS", default_value_t = 64, value_name = "N", value_parser = parse_shards)]
    pub shards: usize,

    /// Threads that serve connections, 1 to 1024 [default: one for each processor]
    #[arg(long, env = "BOOKLINE_THREADS", value_name = "N", value_parser = parse_threads)]
    pub threads: Option<usize>,

    /// Size of a journal file, 512KiB to 1GiB
    #[arg(long, env = "BOOKLINE_SEGMENT_SIZE", default_value = "64MiB", value_name = "SIZE",
          value_parser = parse_segment_size)]
    pub segment_size: u64,

    /// Make a snapshot after so many bytes of journal
    #[arg(long, env = "BOOKLINE_SNAPSHOT_EVERY", default_value = "256MiB", value_name = "SIZE",
          value_parser = parse_snapshot_every)]
    pub snapshot_every: u64,

    /// Begin with the state in this file, which `booklined backup` wrote; the data directory must be empty.
    /// Give it once, and start without it from then on
    #[arg(long, env = "BOOKLINE_RESTORE", value_name = "FILE")]
    pub restore: Option<PathBuf>,

    /// Load events from this JSON list, 256 MiB at most, as in
    /// [{"id":"1","name":"Jazz","date":"2026-12-31","totalTickets":10,"availableTickets":5}];
    /// availableTickets may be left out. Events whose ids are there already are left as they are
    #[arg(long, env = "BOOKLINE_IMPORT", value_name = "FILE")]
    pub import: Option<PathBuf>,

    /// Load a few events and calendars to play with, if there is nothing yet; the variable is 1, true, yes or
    /// on, or 0, false, no or off
    #[arg(long, env = "BOOKLINE_DEMO", value_parser = BoolishValueParser::new())]
    pub demo: bool,

    /// How to write the log, which goes to standard error; RUST_LOG=debug names each command
    #[arg(long, env = "BOOKLINE_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
}

impl Cli {
    /// What this process was told. Wrong flags and variables end it with 2.
    pub fn of_process() -> Self {
        let ignoring_empty = |command: clap::Command| command.mut_args(without_empty_variable);
        let command = ignoring_empty(Self::command()).mut_subcommands(ignoring_empty);
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }

    /// The configuration of a server with these flags.
    pub fn config(&self) -> Config {
        let defaults = Config::default();
        Config {
            data_dir: self.data_dir.clone(),
            durability: self.durability,
            max_connections: self.max_connections,
            max_per_address: self.max_per_address,
            idle_timeout: self.idle_timeout,
            max_buffers: self.max_buffers,
            limits: StateLimits {
                events: self.max_events.unwrap_or(defaults.limits.events),
                tickets: self.max_tickets.unwrap_or(defaults.limits.tickets),
                person_hours: self.max_person_hours.unwrap_or(defaults.limits.person_hours),
            },
            head: self.hod.clone(),
            time_zone: self.time_zone,
            shards: self.shards,
            segment_size: self.segment_size,
            snapshot_every: self.snapshot_every,
            restore: self.restore.clone(),
            import: self.import.clone(),
            demo: self.demo,
            ..defaults
        }
    }
}

/// A variable that is set to nothing, as in a unit file or a compose file, means that it is not set.
fn without_empty_variable(arg: Arg) -> Arg {
    let empty = arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
    if empty { arg.env(Resettable::Reset) } else { arg }
}

fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err("it is a number from 1".into()),
    }
}

fn parse_idle_timeout(text: &str) -> Result<Duration, String> {
    let time =
        humantime::parse_duration(text).map_err(|_| "it is a number and a unit, as in 90s, 10m or 2h")?;
    if (IDLE_TIMEOUT_MIN..=IDLE_TIMEOUT_MAX).contains(&time) {
        Ok(time)
    } else {
        Err("it is from 1s to 30d".into())
    }
}

fn parse_limit(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "it is a whole number, as in 1000000".into())
}

fn parse_threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=THREADS_MAX).contains(&n) => Ok(n),
        _ => Err(format!("it is a number from 1 to {THREADS_MAX}; one for each processor is best")),
    }
}

fn parse_id(text: &str) -> Result<Id<'static>, String> {
    Id::new(text.to_owned()).map_err(|e| format!("it {e}"))
}

fn parse_shards(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n) if n.is_power_of_two() && n <= 1 << 16 => Ok(n),
        _ => Err("it is a power of two from 1 to 65536, as in 64".into()),
    }
}

fn parse_segment_size(text: &str) -> Result<u64, String> {
    let size = parse_size(text).ok_or("it is a number of bytes, as in 65536, 64KiB or 64MiB")?;
    if (MIN_SEGMENT..=MAX_SEGMENT).contains(&size) {
        Ok(size)
    } else {
        Err("it is from 512KiB to 1GiB".into())
    }
}

fn parse_max_buffers(text: &str) -> Result<u64, String> {
    let size = parse_size(text).ok_or("it is a number of bytes, as in 268435456, 256MiB or 1GiB")?;
    if (BUFFERS_BYTES_MIN..=BUFFERS_BYTES_MAX).contains(&size) {
        Ok(size)
    } else {
        Err("it is from 32MiB to 1TiB".into())
    }
}

fn parse_snapshot_every(text: &str) -> Result<u64, String> {
    match parse_size(text) {
        Some(size) if size >= 4 << 10 => Ok(size),
        _ => Err("it is a number of bytes from 4KiB, as in 256MiB".into()),
    }
}

/// Bytes, written with or without a binary unit.
pub fn parse_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_with_binary_units() {
        for (text, bytes) in [("65536", 65_536), ("64KiB", 65_536), ("64 mib", 64 << 20), ("1G", 1 << 30)] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "MiB", "1.5MiB", "-1", "64MB", "99999999999999GiB"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn defaults_of_flags_are_those_of_the_config() {
        let cli = Cli::try_parse_from(["booklined"]).expect("no flag is needed");
        assert_eq!(cli.config(), Config::default());
    }

    #[test]
    fn flags_are_checked() {
        let parse = |args: &[&str]| Cli::try_parse_from([&["booklined"], args].concat());
        assert!(parse(&["--shards", "64", "--time-zone", "Europe/Berlin"]).is_ok());
        let idle = parse(&["--idle-timeout", "10m"]).map(|settings| settings.idle_timeout);
        assert_eq!(idle.expect("a time"), Some(Duration::from_secs(600)));
        for wrong in [
            ["--shards", "65"],
            ["--time-zone", "Mars/Base"],
            ["--segment-size", "511KiB"],
            ["--threads", "0"],
            ["--max-buffers", "31MiB"],
            ["--max-per-address", "0"],
            ["--idle-timeout", "0s"],
            ["--idle-timeout", "10"],
            ["--idle-timeout", "31d"],
            ["--max-tickets", "1e6"],
        ] {
            assert!(parse(&wrong).is_err(), "{wrong:?}");
        }
    }
}
