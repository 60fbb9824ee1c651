//! The command line of `bookline day`.

/// What follows the flags in `bookline day --help`.
const AFTER_HELP: &str = "\
The hours are those from 08:00 to 18:00, and earlier and later ones in which
somebody has anything. The meetings are listed below the grid.
  bookline day tomorrow F1,F2,F3
With --format raw, json, csv or plain, these are the days as GET shows them.

Exit status:
    0  the day is shown
    1  the server refused to show it
    2  the arguments or standard output could not be used
    3  no connection to a Bookline server
    4  the connection was lost
  130  ended by Ctrl-C";

/// Shows a day of several people as a grid.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct DayArgs {
    /// The day: 2026-12-24, 24-12-2026, today, tomorrow or friday
    #[arg(value_name = "DATE")]
    pub date: String,

    /// Whose day: ids with commas between them
    #[arg(value_name = "WHO,WHO")]
    pub people: String,
}
