//! The command line of `bookline ics`.

use bookline_protocol::{Date, Id};

use crate::cli::person::parse_id;

/// What follows the flags in `bookline ics --help`.
const AFTER_HELP: &str = "\
The file has an event for each meeting and each block of the person, in the
time zone of the server. A block has the title Blocked. An event that is
exported again has the same id, so that programs update it; a meeting has the
same one in the file of everyone in it. People have addresses in the domain
bookline.invalid, which does not exist: nobody gets mail.
  bookline ics F1 > F1.ics
  bookline ics F1 --from 2027-01-01 --to 2027-03-31 > quarter.ics
Without --from and --to these are the days from 30 back to 335 ahead. With one
of them it is a year.

An hour that the time zone skips when clocks go forward is exported an hour
later, and one that it repeats when they go back at its first pass.

Exit status:
    0  the file is written
    1  the server refused to show the calendar
    2  the arguments or standard output could not be used
    3  no connection to a Bookline server
    4  the connection was lost
  130  ended by Ctrl-C";

/// Writes a person's calendar to standard output, as an iCalendar file.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct IcsArgs {
    /// Whose calendar
    #[arg(value_name = "WHO", value_parser = parse_id)]
    pub who: Id<'static>,

    /// The first day: 2027-01-01 or 01-01-2027
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,

    /// The last day
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
}
