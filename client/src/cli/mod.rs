//! The command line.

pub mod access;
pub mod bench;
pub mod board;
pub mod day;
pub mod format;
pub mod ics;
pub mod import_ics;
mod person;
pub mod watch;
pub mod week;

use std::ffi::OsString;
use std::time::Duration;

use bookline_protocol::Verb;
use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, value_parser};

use crate::addresses::Addresses;
use crate::cli::access::AccessArgs;
use crate::cli::bench::BenchArgs;
use crate::cli::board::BoardArgs;
use crate::cli::day::DayArgs;
pub use crate::cli::format::Format;
use crate::cli::ics::IcsArgs;
use crate::cli::import_ics::ImportIcsArgs;
use crate::cli::watch::WatchArgs;
use crate::cli::week::WeekArgs;
use crate::error::Error;
use crate::net::connection::Target;
use crate::net::retry::{PROMPT_TRIES, Retry, TRIES_MAX};
use crate::one_shot::END_OF_OPTIONS;
use crate::prompt::history::HistoryPolicy;
use crate::prompt::settings::{EditMode, Settings};
use crate::render::listing::Listing;
use crate::screen::ColorChoice;

/// What follows the flags in `--help`. Its lines have at most 80 columns, because clap does not wrap them
/// well.
const AFTER_HELP: &str = "\
The client sends a command and shows the reply:
  bookline BOOK rustconf 2
  bookline CREATE \"Rust Conf\" 2026-12-31 100 id=rustconf
Each argument is quoted where the protocol requires it. An argument that begins
like an option of its command (id=rustconf) is that option; after -- there are
no options:
  bookline CREATE id=sum -- \"id=x is a fine name\" 2026-12-31 100

Formats:
  table  tables and sentences for people
  plain  sentences, and tables as a line with the names of the columns and the
         rows, with a tab between two cells and the values of raw; in a cell \\t, \\n
         and \\\\ stand for a tab, a line feed and a backslash
  raw    the server's own lines
  json   an object for each line: {\"type\":\"row\",...}, {\"type\":\"ok\",...} and
         {\"type\":\"err\",\"code\":\"SOLD_OUT\",...} with the fields of the server, and
         {\"type\":\"unknown\",\"line\":...} for a line of a later version;
         changes that a script watches are {\"type\":\"change\",\"sequence\":4711,...}
  csv    for spreadsheets, with the columns of plain; text that a spreadsheet
         would take for a formula gets an apostrophe before it:
  bookline --format csv TICKETS rustconf > door-list.csv
As csv, a single command must be one that lists something: GET, TICKETS, FREE,
HOD, HELP or ACCOUNT LIST. At the prompt and in scripts a reply that lists
nothing is a row of its fields; the names of the columns are repeated, behind an
empty line, only where they change. As csv and as plain, refusals go to standard
error.

Without a command, the client reads commands at a prompt, or, if standard input
is not a terminal, from standard input, one a line. HELP lists the commands of
the server. A refusal in a script is also written to standard error, as
script.txt:14: BOOK jazz x: <message>, and at the end there is a summary. With
-e each command waits for the reply to the one before it.

--retry N tries each command up to N more times, after pauses of 100 ms to 5 s,
when the connection is lost, when no reply comes in time and when the server
refuses it for now. A key is put behind each change (BOOK rustconf 2 key=...),
with which the server makes the change once and repeats its reply. Where HELP of
the server shows no key=, and for more than 1,000 tickets, a change is not sent
again after its reply was lost. A reply is printed when it is complete; one of
more than 16 MiB is printed as it comes, and not asked for again. The prompt
gives keys to changes as well, and asks again after a lost connection.

--addr a.example,b.example,c.example names the servers of a cluster. The client
finds the leader, and waits up to --timeout for a new one when it is lost. Reads,
changes with a key, and what a server has not begun are sent to the new leader;
of other changes the outcome is unknown. A single server is used whatever it is,
until it names the leader. With TLS or --user a leader that is not in --addr is
not connected to.

A server with accounts answers those who prove who they are: --user names the
account. Its secret is a token or a password. It is never an argument, which
other users of the machine see, and no key of the configuration file. At the
prompt AUTH <name> asks for it. The lines of AUTH and ACCOUNT are kept in no
history, repeated in no message, and never sent again on their own.

The file $XDG_CONFIG_HOME/bookline/config.toml, by default
~/.config/bookline/config.toml, sets what neither a flag nor the environment
sets. Its keys are addr, timeout, retry, format, color, history, tls (true or
false), ca, cert, key, user and secret-file, as the flags, edit-mode (\"emacs\"
or \"vi\") and pager, a command that is used instead of that of PAGER. A table
[profiles.NAME] has the same keys, and takes precedence with --profile NAME:
  format = \"table\"
  [profiles.door]
  addr = \"door.example\"

An empty variable of the environment counts as unset, but an empty
BOOKLINE_HISTORY means none. A line that begins with a blank is never kept.

Exit status:
    0  every command was answered OK, or the prompt was left
    1  a command or the account was refused, or a command was not sent because of
       a QUIT or -e before it
    2  the arguments, the secret, standard input or standard output could not be
       used, or a reply could not be written as CSV
    3  not sent: no connection, no certificate that proves the server, no
       Bookline server that accepts it, or no leader among several servers
    4  sent, with an unknown outcome: the connection was lost, no reply came in
       time, Ctrl-C ended the wait for a change, or the prompt was left before it
       was asked for again; the message says what to type
    5  a single command was refused with SOLD_OUT or CONFLICT
    6  a single command was refused with NOT_FOUND
  130  ended by Ctrl-C with nothing in doubt";

const USAGE: &str = "bookline [OPTIONS] [COMMAND [ARGUMENT]...]
       bookline [OPTIONS] -f <FILE>
       bookline [OPTIONS] week <WHO> [DATE]
       bookline [OPTIONS] day <DATE> <WHO,WHO>
       bookline [OPTIONS] board [WHO,WHO [WEEK]]
       bookline [OPTIONS] watch [WHAT]... [OPTIONS]
       bookline [OPTIONS] bench [OPTIONS]
       bookline [OPTIONS] ics <WHO> [OPTIONS]
       bookline [OPTIONS] import-ics <WHO> <FILE> [OPTIONS]";

/// The variable of the one flag for which an empty value means something: that no lines are kept.
const HISTORY_VARIABLE: &str = "BOOKLINE_HISTORY";

/// The client of Bookline, which sells tickets and keeps people's calendars.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "bookline",
    version,
    after_help = AFTER_HELP,
    override_usage = USAGE,
    disable_help_subcommand = true,
    max_term_width = 80
)]
pub struct Args {
    /// Where the server is, as host:port or as unix:PATH; the port may be left out;
    /// or the servers of a cluster, with commas between them, whose leader is found
    #[arg(
        long,
        global = true,
        env = "BOOKLINE_ADDR",
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:2665"
    )]
    pub addr: Addresses,

    #[command(flatten)]
    pub access: AccessArgs,

    /// How long to wait for a connection, and for a reply while nothing arrives
    #[arg(long, global = true, env = "BOOKLINE_TIMEOUT", value_name = "TIME", default_value = "10s",
          value_parser = parse_timeout)]
    pub timeout: Duration,

    /// How long a command, or a script, may take in all
    #[arg(long, env = "BOOKLINE_MAX_TIME", value_name = "TIME", value_parser = parse_timeout)]
    pub max_time: Option<Duration>,

    /// Try a command up to N more times if the connection is lost or the server
    /// refuses it for now; changes get a key, and happen once
    #[arg(long, env = "BOOKLINE_RETRY", value_name = "N",
          value_parser = value_parser!(u32).range(0..=i64::from(TRIES_MAX)))]
    pub retry: Option<u32>,

    /// Wait for a server that is starting, up to 30s or this long
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "30s",
          value_parser = parse_timeout)]
    pub wait: Option<Duration>,

    /// Read commands from a file, one a line; - is standard input
    #[arg(short, long, value_name = "FILE", conflicts_with = "words")]
    pub file: Option<String>,

    /// End a script with the first command that is refused: what follows it is
    /// not sent
    #[arg(short = 'e', long)]
    pub stop_on_error: bool,

    /// How to show replies
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Auto)]
    pub format: Format,

    /// When to use colors
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,

    /// Which lines typed at the prompt are kept for the next session
    #[arg(long, value_enum, env = HISTORY_VARIABLE, value_name = "LINES",
          default_value_t = HistoryPolicy::NoTickets)]
    pub history: HistoryPolicy,

    /// Which profile of the configuration file to use
    #[arg(long, global = true, env = "BOOKLINE_PROFILE", value_name = "NAME")]
    pub profile: Option<String>,

    /// The keys of the line editor, which only a configuration file chooses.
    #[arg(skip)]
    pub edit_mode: EditMode,

    /// The command that shows long replies, likewise.
    #[arg(skip)]
    pub pager: Option<String>,

    /// The flags that the command line or the environment sets.
    #[arg(skip)]
    chosen: Vec<String>,

    /// A command with its arguments; flags end at its first word
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    pub words: Vec<String>,

    /// A command that the client executes itself
    #[command(subcommand)]
    pub local: Option<LocalCommand>,
}

impl Args {
    /// Parses the command line and the environment.
    pub fn parse_from(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = definition();
        let matches = command.try_get_matches_from_mut(words)?;
        let mut args = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        args.chosen = chosen_flags(&matches);
        match args.flag_after_command(&command) {
            None => Ok(args),
            Some(flag) => {
                let message = flag_after_command_message(&flag, &args.words[0]);
                Err(command.error(ErrorKind::ArgumentConflict, message))
            }
        }
    }

    /// Whether the command line or the environment sets the flag with this name.
    pub fn is_chosen(&self, flag: &str) -> bool {
        self.chosen.iter().any(|chosen| chosen.replace('_', "-") == flag)
    }

    /// A flag of the client that follows the command, where it is an argument of the command.
    fn flag_after_command(&self, command: &clap::Command) -> Option<String> {
        let arguments = self.words.iter().skip(1).take_while(|word| *word != END_OF_OPTIONS);
        let mut flags =
            arguments.filter_map(|word| word.split('=').next().filter(|name| name.starts_with('-')));
        let mut known = vec!["-h".to_owned(), "--help".to_owned(), "-V".to_owned(), "--version".to_owned()];
        known.extend(command.get_arguments().filter_map(|flag| Some(format!("--{}", flag.get_long()?))));
        flags.find(|flag| known.iter().any(|known| known == flag)).map(str::to_owned)
    }

    /// What the command lists, if it is one that does.
    pub fn listing(&self) -> Option<Listing> {
        let (verb, arguments) = self.words.split_first()?;
        Listing::of(Verb::from_word(verb)?, arguments.len())
    }

    /// The verb of the command, if this version knows it.
    pub fn verb(&self) -> Option<Verb> {
        Verb::from_word(self.words.first()?)
    }

    /// The server, and who the client is to it. The secret may be asked for on the terminal, so this is
    /// called once.
    ///
    /// # Errors
    ///
    /// The flags do not go together, one of their files is not what it should be, or there is no secret.
    pub fn target(&self) -> Result<Target, Error> {
        let tls = self.access.tls(self.addr.first())?;
        let login = self.access.login()?;
        let (max_time, wait) = (self.max_time, self.wait);
        Ok(Target { max_time, wait, tls, login, ..Target::of_addresses(self.addr.clone(), self.timeout) })
    }

    /// What the user has chosen for the prompt.
    pub fn settings(&self) -> Settings {
        Settings { history: self.history, edit_mode: self.edit_mode, pager: self.pager.clone() }
    }

    /// When a request of a command that the client executes itself is tried again: as at the prompt, unless
    /// `--retry` says otherwise.
    pub fn local_retry(&self) -> Retry {
        Retry::Always { tries_max: self.retry.unwrap_or(PROMPT_TRIES) }
    }
}

fn chosen_flags(matches: &ArgMatches) -> Vec<String> {
    let is_chosen = |flag: &&clap::Id| {
        let source = matches.value_source(flag.as_str());
        source.is_some_and(|source| source != ValueSource::DefaultValue)
    };
    matches.ids().filter(is_chosen).map(ToString::to_string).collect()
}

fn flag_after_command_message(flag: &str, verb: &str) -> String {
    format!(
        "{flag} is after the command, where it is not a flag\n\n  \
         write it before {verb}, or -- before it if it is an argument of {verb}"
    )
}

/// The definition of the command line, in which an empty environment variable counts as unset, but for that
/// of the history.
fn definition() -> clap::Command {
    let mut command = Args::command();
    let is_empty = |flag: &clap::Arg| {
        let name = flag.get_env().filter(|&name| name != HISTORY_VARIABLE);
        name.is_some_and(|name| std::env::var_os(name).is_some_and(|value| value.is_empty()))
    };
    let flags: Vec<_> =
        command.get_arguments().filter(|flag| is_empty(flag)).map(|flag| flag.get_id().clone()).collect();
    for flag in flags {
        command = command.mut_arg(flag, |flag| flag.env(Resettable::Reset));
    }
    command
}

#[derive(Clone, Debug, Subcommand)]
pub enum LocalCommand {
    /// Show a week of a person as a grid
    Week(WeekArgs),
    /// Show a day of several people as a grid
    Day(DayArgs),
    /// Show all events, or a week of people, and what changes
    Board(BoardArgs),
    /// Show every change as it is made
    Watch(WatchArgs),
    /// Measure a server under load, and verify what it acknowledged
    Bench(BenchArgs),
    /// Write a person's calendar as an iCalendar file
    Ics(IcsArgs),
    /// Block the busy hours of an iCalendar file
    ImportIcs(ImportIcsArgs),
}

#[derive(Debug, thiserror::Error)]
pub enum TimeoutError {
    #[error("{source}; write seconds (10) or a number with a unit (500ms, 10s, 1m)")]
    Syntax { source: humantime::DurationError },
    #[error("it must be more than zero")]
    Zero,
}

/// Parses seconds, or a number with a unit.
pub fn parse_timeout(text: &str) -> Result<Duration, TimeoutError> {
    let timeout = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => humantime::parse_duration(text).map_err(|source| TimeoutError::Syntax { source })?,
    };
    if timeout.is_zero() { Err(TimeoutError::Zero) } else { Ok(timeout) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Args, clap::Error> {
        Args::parse_from([&["bookline"], words].concat().iter().map(OsString::from))
    }

    #[test]
    fn command_line_definition_is_valid() {
        Args::command().debug_assert();
    }

    #[test]
    fn flags_end_at_the_first_word_of_the_command() {
        let args = parse(&["--timeout", "3", "BOOK", "e", "-1"]).unwrap();
        assert_eq!(args.timeout, Duration::from_secs(3));
        assert_eq!(args.words, ["BOOK", "e", "-1"]);

        let args = parse(&["GET", "-x", "--", "--help", "--addr", "x", "-V"]).unwrap();
        assert_eq!(args.words, ["GET", "-x", "--", "--help", "--addr", "x", "-V"]);
        assert_eq!(args.addr.to_string(), "127.0.0.1:2665");
    }

    #[test]
    fn flag_after_the_command_is_rejected_by_name() {
        for flag in ["--timeout", "--addr=x", "--format", "--max-time=1", "--help", "-h", "-V", "--version"] {
            let error = parse(&["BOOK", "e", "1", flag, "5"]).unwrap_err();
            let name = flag.split('=').next().unwrap();
            assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
            assert!(error.to_string().starts_with(&format!("error: {name} is after the command")), "{error}");
        }
    }

    #[test]
    fn unknown_flag_is_rejected() {
        assert_eq!(parse(&["--adr", "x", "PING"]).unwrap_err().kind(), ErrorKind::UnknownArgument);
        assert_eq!(parse(&["-1"]).unwrap_err().kind(), ErrorKind::UnknownArgument);
        assert_eq!(parse(&["--", "-1"]).unwrap().words, ["-1"]);
    }

    #[test]
    fn duration_is_seconds_or_has_a_unit() {
        assert_eq!(parse_timeout("10").unwrap(), Duration::from_secs(10));
        assert_eq!(parse_timeout("10s").unwrap(), Duration::from_secs(10));
        assert_eq!(parse_timeout("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(parse_timeout("1m").unwrap(), Duration::from_secs(60));
        for invalid in ["", "0", "0s", "-1", "soon", "1.5"] {
            assert!(parse_timeout(invalid).is_err(), "{invalid} was accepted");
        }
    }
}
