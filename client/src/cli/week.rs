//! The command line of `bookline week`.

/// What follows the flags in `bookline week --help`.
const AFTER_HELP: &str = "\
The week is the one from Monday to Sunday that has the date, else the server's
today. The hours are those from 08:00 to 18:00, and earlier and later ones that
have anything. The meetings are listed below the grid.
  bookline week F1
  bookline week F1 2026-12-24
With --format raw, json, csv or plain, these are the days as GET lists them.

Exit status:
    0  the week is shown
    1  the server refused to show it
    2  the arguments or standard output could not be used
    3  no connection to a Bookline server
    4  the connection was lost
  130  ended by Ctrl-C";

/// Shows a week of a person as a grid.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct WeekArgs {
    /// Whose week
    #[arg(value_name = "WHO")]
    pub who: String,

    /// A day of the week: 2026-12-24, 24-12-2026, today, tomorrow or friday
    #[arg(value_name = "DATE", default_value = "today")]
    pub date: String,
}
