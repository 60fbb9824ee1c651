//! The command line.

use std::ffi::OsString;
use std::time::Duration;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use thiserror::Error;

use crate::address::Address;
use crate::bench::args::BenchArgs;
use crate::connection::Target;
use crate::history::Keep;
use crate::one_shot::END_OF_OPTIONS;

/// What follows the flags in `--help`. It is not broken into lines again: 80 columns are enough for each.
const AFTER_HELP: &str = "\
A command is sent, its answer is shown, and that is all:
  bookline BOOK rustconf 2
  bookline CREATE \"Rust Conf\" 2026-12-31 100 id=rustconf
Each argument is quoted where the protocol needs it. One that begins like an
option of its command (id=rustconf) is one; behind -- there are no options:
  bookline CREATE id=sum -- \"id=x is a fine name\" 2026-12-31 100

Without a command, commands are read at a prompt, or, where standard input is no
terminal, from there, one per line as they are. HELP lists the commands of the
server.

Exit status:
    0  every command was answered OK, or the prompt was left
    1  a command was refused, or stood behind QUIT and was not sent
    2  the arguments, standard input or standard output could not be used
    3  not sent: no connection, or no Bookline server that takes it
    4  sent, with an outcome that is unknown: the connection was lost, no answer
       came in time, or Ctrl-C ended the wait for a change
  130  ended by Ctrl-C with nothing in doubt";

/// How to write it.
const USAGE: &str = "bookline [OPTIONS] [COMMAND [ARGUMENT]...]
       bookline [OPTIONS] bench [OPTIONS]";

/// Talks to a Bookline server: sells tickets, shares people's hours.
#[derive(Debug, Parser)]
#[command(
    name = "bookline",
    version,
    after_help = AFTER_HELP,
    override_usage = USAGE,
    disable_help_subcommand = true,
    max_term_width = 80
)]
pub struct Args {
    /// Where the server is; the port may be left out
    #[arg(
        long,
        global = true,
        env = "BOOKLINE_ADDR",
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:2665"
    )]
    pub addr: Address,

    /// How long to wait for a connection, and for an answer while nothing arrives
    #[arg(long, global = true, env = "BOOKLINE_TIMEOUT", value_name = "TIME", default_value = "10s",
          value_parser = timeout)]
    pub timeout: Duration,

    /// How long a command, or a script, may take in all
    #[arg(long, env = "BOOKLINE_MAX_TIME", value_name = "TIME", value_parser = timeout)]
    pub max_time: Option<Duration>,

    /// How to show answers
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Auto)]
    pub format: Format,

    /// Which lines typed at the prompt are kept for the next session
    #[arg(long, value_enum, env = "BOOKLINE_HISTORY", value_name = "LINES", default_value_t = Keep::NoTickets)]
    pub history: Keep,

    /// A command with its arguments; flags end at its first word
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    pub words: Vec<String>,

    /// Something that the client does by itself
    #[command(subcommand)]
    pub own: Option<Own>,
}

impl Args {
    /// Reads the command line and the environment.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = command();
        let args = Self::from_arg_matches(&command.try_get_matches_from_mut(words)?)
            .map_err(|error| error.format(&mut command))?;
        match args.misplaced(&command) {
            None => Ok(args),
            Some(flag) => {
                Err(command.error(ErrorKind::ArgumentConflict, misplaced_note(&flag, &args.words[0])))
            }
        }
    }

    /// A flag of the client's behind the command, where flags are not read.
    fn misplaced(&self, command: &clap::Command) -> Option<String> {
        let arguments = self.words.iter().skip(1).take_while(|word| *word != END_OF_OPTIONS);
        let mut flags =
            arguments.filter_map(|word| word.split('=').next().filter(|name| name.starts_with('-')));
        let mut known = vec!["-h".to_owned(), "--help".to_owned(), "-V".to_owned(), "--version".to_owned()];
        known.extend(command.get_arguments().filter_map(|flag| Some(format!("--{}", flag.get_long()?))));
        flags.find(|flag| known.iter().any(|known| known == flag)).map(str::to_owned)
    }

    /// The server, and how long to wait for it.
    pub fn target(&self) -> Target {
        Target { address: self.addr.clone(), patience: self.timeout, max_time: self.max_time }
    }
}

fn misplaced_note(flag: &str, verb: &str) -> String {
    format!(
        "{flag} stands behind the command, where flags are not read\n\n  \
         write it before {verb}, or -- before it if it is an argument of {verb}"
    )
}

/// The definition, in which a variable of the environment that is empty counts as unset.
fn command() -> clap::Command {
    let mut command = Args::command();
    let empty = |flag: &clap::Arg| {
        flag.get_env().is_some_and(|name| std::env::var_os(name).is_some_and(|value| value.is_empty()))
    };
    let flags: Vec<_> =
        command.get_arguments().filter(|flag| empty(flag)).map(|flag| flag.get_id().clone()).collect();
    for flag in flags {
        command = command.mut_arg(flag, |flag| flag.env(Resettable::Reset));
    }
    command
}

/// What is done here and is no command of the server.
#[derive(Clone, Debug, Subcommand)]
pub enum Own {
    /// Measure a server under load, and verify what it acknowledged
    Bench(BenchArgs),
}

/// How answers are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people on a terminal, raw elsewhere and for commands from standard input
    Auto,
    /// The server's own lines
    Raw,
    /// Tables and sentences for people
    Pretty,
}

/// What is wrong with a time.
#[derive(Debug, Error)]
enum BadTimeout {
    #[error("{source}; write seconds (10) or a number with a unit (500ms, 10s, 1m)")]
    Form { source: humantime::DurationError },
    #[error("a wait of no time at all can only fail")]
    Zero,
}

/// Reads a time: seconds, or whatever has a unit.
fn timeout(text: &str) -> Result<Duration, BadTimeout> {
    let read = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => humantime::parse_duration(text).map_err(|source| BadTimeout::Form { source })?,
    };
    if read.is_zero() { Err(BadTimeout::Zero) } else { Ok(read) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Args, clap::Error> {
        Args::read([&["bookline"], words].concat().iter().map(OsString::from))
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn flags_end_at_the_first_word() {
        let args = parse(&["--timeout", "3", "BOOK", "e", "-1"]).unwrap();
        assert_eq!(args.timeout, Duration::from_secs(3));
        assert_eq!(args.words, ["BOOK", "e", "-1"]);

        let args = parse(&["GET", "-x", "--", "--help", "--addr", "x", "-V"]).unwrap();
        assert_eq!(args.words, ["GET", "-x", "--", "--help", "--addr", "x", "-V"]);
        assert_eq!(args.addr.as_str(), "127.0.0.1:2665");
    }

    #[test]
    fn a_flag_behind_the_command_is_named() {
        for flag in ["--timeout", "--addr=x", "--format", "--max-time=1", "--help", "-h", "-V", "--version"] {
            let error = parse(&["BOOK", "e", "1", flag, "5"]).unwrap_err();
            let name = flag.split('=').next().unwrap();
            assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
            assert!(
                error.to_string().starts_with(&format!("error: {name} stands behind the command")),
                "{error}"
            );
        }
    }

    #[test]
    fn an_unknown_flag_is_a_usage_error_and_no_command() {
        assert_eq!(parse(&["--adr", "x", "PING"]).unwrap_err().kind(), ErrorKind::UnknownArgument);
        assert_eq!(parse(&["-1"]).unwrap_err().kind(), ErrorKind::UnknownArgument);
        assert_eq!(parse(&["--", "-1"]).unwrap().words, ["-1"]);
    }

    #[test]
    fn times_are_seconds_or_have_a_unit() {
        assert_eq!(timeout("10").unwrap(), Duration::from_secs(10));
        assert_eq!(timeout("10s").unwrap(), Duration::from_secs(10));
        assert_eq!(timeout("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(timeout("1m").unwrap(), Duration::from_secs(60));
        for bad in ["", "0", "0s", "-1", "soon", "1.5"] {
            assert!(timeout(bad).is_err(), "{bad} was taken");
        }
    }
}
