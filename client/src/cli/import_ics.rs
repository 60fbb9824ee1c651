//! The command line of `bookline import-ics`.

use bookline_protocol::Id;

use crate::cli::person::parse_id;

/// What follows the flags in `bookline import-ics --help`.
const AFTER_HELP: &str = "\
The events of the file are read with their rules, exceptions and time zones,
from the server's today on, for 366 days; hours before and after are left out.
Part hours are whole ones: an event from 09:30 to 10:15 blocks 09:00 to 11:00.
An event of whole days blocks all their hours. Events that are cancelled or
marked as free are left out, and an hour of several events is blocked once.
Times without a zone are in the zone of the server. The blocks have no titles.
  bookline import-ics F1 calendar.ics --dry-run
  bookline import-ics F1 calendar.ics
  curl https://example.org/holidays.ics | bookline import-ics F1 -

All hours are looked at first. If the person is busy in one of them, nothing is
blocked, and the hours are listed; with --skip-conflicts the others are blocked.

This is not one commit: the hours are blocked one event after the other, at most
24 hours at a time, and others see those that are blocked already. If one is
refused, as when somebody has taken the hour meanwhile, what was blocked is
deleted again. If Ctrl-C or a lost connection ends it, what was blocked stays,
and the message has the lines that delete it.

Standard output has the requests that blocked the hours, and with --dry-run
those that would.

Exit status:
    0  everything is blocked, or with --skip-conflicts what was free
    1  the person is busy, or the server refused, and nothing is blocked
    2  the arguments, the file or standard output could not be used
    3  no connection to a Bookline server
    4  a request was sent, and its outcome is unknown: the message says what to
       type
  130  ended by Ctrl-C with nothing in doubt";

/// Blocks the busy hours of an iCalendar file in a person's calendar.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct ImportIcsArgs {
    /// Whose calendar
    #[arg(value_name = "WHO", value_parser = parse_id)]
    pub who: Id<'static>,

    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: String,

    /// Block nothing, and print what would be blocked
    #[arg(long)]
    pub dry_run: bool,

    /// Block the other hours if the person is busy in some
    #[arg(long)]
    pub skip_conflicts: bool,
}
