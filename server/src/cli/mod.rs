//! The command line of `booklined`. Every flag has an environment variable; one that is empty counts as
//! unset.

#[cfg(feature = "cluster")]
mod cluster;
mod listen;

use std::path::PathBuf;
use std::time::Duration;

use bookline_protocol::Id;
use chrono_tz::Tz;
use clap::builder::{BoolishValueParser, Resettable};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::account_add::AccountCommand;
use crate::argument::{parse_duration, parse_id};
#[cfg(feature = "cluster")]
use crate::cluster_command::ClusterCommand;
#[cfg(feature = "cluster")]
pub use cluster::ClusterFlags;
pub use listen::ListenFlags;

use crate::changes::commit;
use crate::codec::frame;
use crate::codec::segment_header;
use crate::commands::AccountLimits;
use crate::commands::buffers::{BUFFERS_BYTES_MAX, BUFFERS_BYTES_MIN};
use crate::config::Config;
use crate::log::LogFormat;
use crate::state::StateLimits;
use crate::state::limits::KEY_BYTES_LIMIT_MIN;
use crate::storage::journal::Durability;
use crate::storage::offline::{self, interrupt};

/// The smallest `--segment-size`. The largest commit fits into an empty segment: if one outgrew its segment,
/// the journal could run out of space when it is written, after it was decided. It is twice the largest
/// commit, so that at least half of every segment is filled.
const SEGMENT_BYTES_MIN: u64 = 768 << 10;

const _: () = {
    let commit_bytes_max = segment_header::BYTES
        + frame::len(commit::BYTES_MAX)
        + frame::MARKER_BYTES_MAX
        + frame::TRAILER_BYTES;
    assert!(2 * commit_bytes_max as u64 <= SEGMENT_BYTES_MIN);
};

/// The largest `--segment-size`: recovery reads all of a segment into memory.
const SEGMENT_BYTES_MAX: u64 = 1 << 30;

/// The smallest `--snapshot-every`.
const SNAPSHOT_EVERY_BYTES_MIN: u64 = 4 << 10;

/// The most `--shards`. A tag selects the shard of an event, and there are so many tags.
const SHARDS_MAX: usize = 1 << 16;

/// The most `--threads`: more than the processors of the largest machines only wait for each other.
const THREADS_MAX: usize = 1024;

/// The most `--account-rate`: it is counted in microseconds.
const ACCOUNT_RATE_MAX: u32 = 1_000_000;

/// The shortest `--idle-timeout`: a person needs some seconds to type, and a round trip around the world
/// takes a good part of one.
const IDLE_TIMEOUT_MIN: Duration = Duration::from_secs(1);

/// The longest `--idle-timeout`. Without the flag there is no limit.
const IDLE_TIMEOUT_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Bookline's server: tickets of events and hours of people's calendars, never sold twice, never lost once it
/// said OK.
#[derive(Debug, Clone, Parser)]
#[command(name = "booklined", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do instead of serving
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub listen: ListenFlags,

    #[cfg(feature = "cluster")]
    #[command(flatten)]
    pub cluster: ClusterFlags,

    /// Where the data is; created if it does not exist
    #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
    pub data_dir: PathBuf,

    /// When to acknowledge a change with OK: always = when it is on disk; interval = at once, and it is on
    /// disk within a second; never = at once, and the operating system decides when it is on disk
    #[arg(long, env = "BOOKLINE_DURABILITY", value_enum, default_value_t)]
    pub durability: Durability,

    /// Connections at a time; one more gets ERR BUSY. Lowered if the system allows too few open files
    #[arg(long, env = "BOOKLINE_MAX_CONNECTIONS", default_value_t = 10_000, value_name = "N",
          value_parser = parse_count)]
    pub max_connections: usize,

    /// Connections of one address at a time, where an IPv6 network of 64 bits counts as one address; one more
    /// gets ERR BUSY [default: no limit per address]
    #[arg(long, env = "BOOKLINE_MAX_PER_ADDRESS", value_name = "N", value_parser = parse_count)]
    pub max_per_address: Option<usize>,

    /// Connections of one account at a time; one more gets ERR BUSY [default: no limit per account]
    #[arg(long, env = "BOOKLINE_MAX_PER_ACCOUNT", value_name = "N", value_parser = parse_count)]
    pub max_per_account: Option<usize>,

    /// Changes of one account per second; more get ERR RATE_LIMITED [default: no limit per account]
    #[arg(long, env = "BOOKLINE_ACCOUNT_RATE", value_name = "N", value_parser = parse_rate)]
    pub account_rate: Option<u32>,

    /// Close a connection that has sent no complete line for so long, 1s to 30d [default: never]
    #[arg(long, env = "BOOKLINE_IDLE_TIMEOUT", value_name = "TIME", value_parser = parse_idle_timeout)]
    pub idle_timeout: Option<Duration>,

    /// Memory for lines of more than 16 KiB and for large replies of all connections together, 32MiB to 1TiB
    #[arg(long, env = "BOOKLINE_MAX_BUFFERS", default_value = "256MiB", value_name = "SIZE",
          value_parser = parse_max_buffers)]
    pub max_buffers: u64,

    /// The most tickets that this server sells, of all events together [default: by the available memory]
    #[arg(long, env = "BOOKLINE_MAX_TICKETS", value_name = "N", value_parser = parse_limit)]
    pub max_tickets: Option<u64>,

    /// The most events [default: by the available memory]
    #[arg(long, env = "BOOKLINE_MAX_EVENTS", value_name = "N", value_parser = parse_limit)]
    pub max_events: Option<u64>,

    /// The most hours that entries fill, counted for each of their people: a meeting of three people fills
    /// three [default: by the available memory]
    #[arg(long, env = "BOOKLINE_MAX_PERSON_HOURS", value_name = "N", value_parser = parse_limit)]
    pub max_person_hours: Option<u64>,

    /// The most holds that are active at a time [default: 1000000, or fewer by the available memory]
    #[arg(long, env = "BOOKLINE_MAX_HOLDS", value_name = "N", value_parser = parse_limit)]
    pub max_holds: Option<u64>,

    /// The most holds that are remembered after their end, for 24 hours; the oldest are forgotten first
    /// [default: 1000000, or fewer by the available memory]
    #[arg(long, env = "BOOKLINE_MAX_ENDED_HOLDS", value_name = "N", value_parser = parse_limit)]
    pub max_ended_holds: Option<u64>,

    /// The most memory for the names that for= gives to tickets and holds, in bytes: a name counts as its
    /// length and 64 more [default: by the available memory]
    #[arg(long, env = "BOOKLINE_MAX_NAME_BYTES", value_name = "N", value_parser = parse_limit)]
    pub max_name_bytes: Option<u64>,

    /// The most keys of requests that are remembered, for 24 hours; the oldest are forgotten first, but none
    /// for a minute
    #[arg(long, env = "BOOKLINE_MAX_KEYS", default_value_t = 1_000_000, value_name = "N", value_parser = parse_limit)]
    pub max_keys: u64,

    /// The most memory for keys of requests and their replies [default: 256MiB, or less by the available
    /// memory]
    #[arg(long, env = "BOOKLINE_MAX_KEY_BYTES", value_name = "SIZE", value_parser = parse_key_bytes)]
    pub max_key_bytes: Option<u64>,

    /// The most accounts
    #[arg(long, env = "BOOKLINE_MAX_ACCOUNTS", default_value_t = 10_000, value_name = "N",
          value_parser = parse_limit)]
    pub max_accounts: u64,

    /// The head of department, who may see all meetings of the last month
    #[arg(long, env = "BOOKLINE_HOD", default_value = "F10", value_name = "ID", value_parser = parse_id)]
    pub hod: Id<'static>,

    /// The time zone of calendar hours, by its IANA name [default: that of TZ, else the system's]
    #[arg(long, env = "BOOKLINE_TIME_ZONE", value_name = "ZONE")]
    pub time_zone: Option<Tz>,

    /// Parts of the state that are locked separately; a power of two
    #[arg(long, env = "BOOKLINE_SHARDS", default_value_t = 64, value_name = "N", value_parser = parse_shards)]
    pub shards: usize,

    /// Threads that serve connections, 1 to 1024 [default: one per processor]
    #[arg(long, env = "BOOKLINE_THREADS", value_name = "N", value_parser = parse_threads)]
    pub threads: Option<usize>,

    /// Size of a journal segment, 768KiB to 1GiB
    #[arg(long, env = "BOOKLINE_SEGMENT_SIZE", default_value = "64MiB", value_name = "SIZE",
          value_parser = parse_segment_size)]
    pub segment_size: u64,

    /// Keep at most so many bytes of the journal behind the older snapshot, for those who read the log; less
    /// when the disk is full
    #[arg(long, env = "BOOKLINE_KEEP_LOG", default_value = "256MiB", value_name = "SIZE",
          value_parser = parse_keep_log)]
    pub keep_log: u64,

    /// Make a snapshot after so many bytes of journal
    #[arg(long, env = "BOOKLINE_SNAPSHOT_EVERY", default_value = "256MiB", value_name = "SIZE",
          value_parser = parse_snapshot_every)]
    pub snapshot_every: u64,

    /// Begin with the state in this file, which `booklined backup` wrote; the data directory must be empty,
    /// so give it only once
    #[arg(long, env = "BOOKLINE_RESTORE", value_name = "FILE")]
    pub restore: Option<PathBuf>,

    /// Load events from this JSON list, 256 MiB at most, as in
    /// [{"id":"1","name":"Jazz","date":"2026-12-31","totalTickets":10,"availableTickets":5}];
    /// availableTickets is optional. Events whose ids exist already are left unchanged
    #[arg(long, env = "BOOKLINE_IMPORT", value_name = "FILE")]
    pub import: Option<PathBuf>,

    /// Load a few events and calendars to try things on, unless there are some; the variable is 1, true, yes
    /// or on, or 0, false, no or off
    #[arg(long, env = "BOOKLINE_DEMO", value_parser = BoolishValueParser::new())]
    pub demo: bool,

    /// The format of the log on standard error; with RUST_LOG=debug it has each command
    #[arg(long, env = "BOOKLINE_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
}

/// What `booklined` does instead of serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    #[command(flatten)]
    Offline(offline::Command),
    /// Work on the accounts of a stopped server, or of a cluster without a leader
    #[command(subcommand)]
    Account(AccountCommand),
    /// Look at a cluster, move its lead, or begin one with the data of a single server
    #[cfg(feature = "cluster")]
    #[command(subcommand)]
    Cluster(ClusterCommand),
}

impl Command {
    /// Runs the command. Returns false if `check` has found corruption, or something is wrong in a cluster.
    ///
    /// # Errors
    ///
    /// Any error that keeps the command from completing.
    pub fn run(&self) -> anyhow::Result<bool> {
        let done = match self {
            Self::Offline(command) => command.run(),
            Self::Account(command) => command.run().map(|()| true),
            #[cfg(feature = "cluster")]
            Self::Cluster(command) => command.run(),
        };
        if done.is_err() {
            interrupt::wait_for_end_if_interrupted();
        }
        done
    }
}

impl Cli {
    /// The arguments and environment of this process. Invalid ones end it with status 2.
    pub fn of_process() -> Self {
        let mut command = without_empty_variables(Self::command());
        let matches = command.get_matches_mut();
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        if let Err(message) = check_place(&matches).and_then(|()| cli.check()) {
            command.error(ErrorKind::ArgumentConflict, message).exit();
        }
        cli
    }

    /// Checks which flags are given together.
    ///
    /// # Errors
    ///
    /// What is wrong, for people.
    pub fn check(&self) -> Result<(), String> {
        self.listen.check()?;
        #[cfg(feature = "cluster")]
        if let Some(Command::Cluster(command)) = &self.command {
            command.check()?;
        }
        #[cfg(feature = "cluster")]
        if self.cluster.is_given() {
            self.cluster.check(&self.listen.listen)?;
            for (is_given, flag) in [
                (self.durability != Durability::Always, "--durability other than always"),
                (self.restore.is_some(), "--restore"),
                (self.import.is_some(), "--import"),
                (self.demo, "--demo"),
            ] {
                if is_given {
                    return Err(format!("{flag} is for a single server, and not for a member of a cluster"));
                }
            }
        }
        Ok(())
    }

    /// The configuration of a server with these flags.
    pub fn config(&self) -> Config {
        let defaults = Config::default();
        Config {
            data_dir: self.data_dir.clone(),
            durability: self.durability,
            max_connections: self.max_connections,
            max_per_address: self.max_per_address,
            account_limits: AccountLimits {
                connections: self.max_per_account,
                changes_per_second: self.account_rate,
            },
            idle_timeout: self.idle_timeout,
            max_buffers: self.max_buffers,
            limits: StateLimits {
                events: self.max_events.unwrap_or(defaults.limits.events),
                tickets: self.max_tickets.unwrap_or(defaults.limits.tickets),
                person_hours: self.max_person_hours.unwrap_or(defaults.limits.person_hours),
                holds: self.max_holds.unwrap_or(defaults.limits.holds),
                ended_holds: self.max_ended_holds.unwrap_or(defaults.limits.ended_holds),
                name_bytes: self.max_name_bytes.unwrap_or(defaults.limits.name_bytes),
                keys: self.max_keys,
                key_bytes: self.max_key_bytes.unwrap_or(defaults.limits.key_bytes),
                accounts: self.max_accounts,
            },
            head: self.hod.clone(),
            time_zone: self.time_zone,
            #[cfg(feature = "cluster")]
            cluster: self.cluster.config(&self.listen.listen),
            shards: self.shards,
            segment_size: self.segment_size,
            keep_log: self.keep_log,
            snapshot_every: self.snapshot_every,
            restore: self.restore.clone(),
            import: self.import.clone(),
            demo: self.demo,
            ..defaults
        }
    }
}

/// Checks that a command is not told of two places where the data is. A data directory that only the
/// environment names is that of the server on this machine, which may be a member of the cluster.
fn check_place(matches: &ArgMatches) -> Result<(), String> {
    let Some((name, mut leaf)) = matches.subcommand() else { return Ok(()) };
    while let Some((_, next)) = leaf.subcommand() {
        leaf = next;
    }
    let has = |id| leaf.try_contains_id(id).unwrap_or(false);
    let is_typed = has("data_dir") && leaf.value_source("data_dir") == Some(ValueSource::CommandLine);
    // `booklined cluster import` leads from the one to the other.
    if name != "cluster" && is_typed && has("cluster") {
        return Err(
            "--data-dir and --cluster (or BOOKLINE_CLUSTER) name two places where the data is: give one"
                .into(),
        );
    }
    Ok(())
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    command.mut_args(without_empty_variable).mut_subcommands(without_empty_variables)
}

/// An empty variable, as unit files and compose files may set it, counts as unset.
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

fn parse_rate(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(n) if (1..=ACCOUNT_RATE_MAX).contains(&n) => Ok(n),
        _ => Err(format!("it is a number from 1 to {ACCOUNT_RATE_MAX}")),
    }
}

fn parse_idle_timeout(text: &str) -> Result<Duration, String> {
    parse_duration(text, IDLE_TIMEOUT_MIN, IDLE_TIMEOUT_MAX, "it is from 1s to 30d")
}

fn parse_limit(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "it is a whole number, as in 1000000".into())
}

fn parse_threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=THREADS_MAX).contains(&n) => Ok(n),
        _ => Err(format!("it is a number from 1 to {THREADS_MAX}; one per processor is best")),
    }
}

fn parse_shards(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n) if n.is_power_of_two() && n <= SHARDS_MAX => Ok(n),
        _ => Err("it is a power of two from 1 to 65536, as in 64".into()),
    }
}

fn parse_segment_size(text: &str) -> Result<u64, String> {
    let size = parse_size(text).ok_or("it is a number of bytes, as in 65536, 64KiB or 64MiB")?;
    if (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&size) {
        Ok(size)
    } else {
        Err("it is from 768KiB to 1GiB".into())
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

fn parse_key_bytes(text: &str) -> Result<u64, String> {
    match parse_size(text) {
        Some(size) if size >= KEY_BYTES_LIMIT_MIN => Ok(size),
        _ => Err("it is a number of bytes from 16MiB, as in 256MiB".into()),
    }
}

fn parse_snapshot_every(text: &str) -> Result<u64, String> {
    match parse_size(text) {
        Some(size) if size >= SNAPSHOT_EVERY_BYTES_MIN => Ok(size),
        _ => Err("it is a number of bytes from 4KiB, as in 256MiB".into()),
    }
}

fn parse_keep_log(text: &str) -> Result<u64, String> {
    parse_size(text).ok_or_else(|| "it is a number of bytes, as in 268435456, 256MiB or 1GiB".into())
}

/// Parses a number of bytes, with or without a binary unit.
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
    fn sizes_are_parsed_with_binary_units_only() {
        for (text, bytes) in [("65536", 65_536), ("64KiB", 65_536), ("64 mib", 64 << 20), ("1G", 1 << 30)] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "MiB", "1.5MiB", "-1", "64MB", "99999999999999GiB"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn defaults_of_flags_equal_the_default_config() {
        let cli = Cli::try_parse_from(["booklined"]).expect("no flag is needed");
        assert_eq!(cli.config(), Config::default());
    }

    #[test]
    #[cfg(feature = "cluster")]
    fn command_is_told_of_one_place_where_the_data_is() {
        let check = |command: &[&str], more: &[&str]| {
            let cluster = ["--cluster", "nats://a", "--cluster-name", "sales"];
            let matches =
                Cli::command().try_get_matches_from([&["booklined"], command, &cluster, more].concat());
            check_place(&matches.expect("flags"))
        };
        for command in [&["dump"][..], &["audit"], &["account", "add", "x", "--role", "door"]] {
            assert_eq!(check(command, &[]), Ok(()));
            assert!(check(command, &["--data-dir", "d"]).is_err(), "{command:?}");
        }
        assert_eq!(check(&["cluster", "import"], &["--data-dir", "d"]), Ok(()));
    }

    #[test]
    fn flags_out_of_range_are_refused() {
        let parse = |args: &[&str]| Cli::try_parse_from([&["booklined"], args].concat());
        assert!(parse(&["--shards", "64", "--time-zone", "Europe/Berlin"]).is_ok());
        let idle = parse(&["--idle-timeout", "10m"]).map(|cli| cli.idle_timeout);
        assert_eq!(idle.expect("a time"), Some(Duration::from_secs(600)));
        for arguments in [
            ["--shards", "65"],
            ["--time-zone", "Mars/Base"],
            ["--segment-size", "767KiB"],
            ["--threads", "0"],
            ["--max-buffers", "31MiB"],
            ["--max-per-address", "0"],
            ["--idle-timeout", "0s"],
            ["--idle-timeout", "10"],
            ["--idle-timeout", "31d"],
            ["--max-tickets", "1e6"],
        ] {
            assert!(parse(&arguments).is_err(), "{arguments:?}");
        }
    }
}
