//! The command line of `bookline board`.

/// What follows the flags in `bookline board --help`.
const AFTER_HELP: &str = "\
Without people, it shows all events from today on: how many tickets are left and
held, and how many were sold in the last minute. With people, it shows a week of
them, with the rows of a day one below the other. What changes is shown as soon
as the server has made it, and marked for three seconds.
  bookline board
  bookline board F1,F2,F3
  bookline board F1,F2,F3 2026-12-24
Arrows, PageUp, PageDown, Home and End scroll, Left and Right change the week, q
quits, and ? lists the keys. A lost connection is opened again; with --retry N,
after N tries in a row without success the client ends. At most 10,000 events
are shown. It needs a terminal: elsewhere use `bookline watch`, or GET.

Exit status:
    0  the board was left
    1  the server refused what the board needs
    2  the arguments or the terminal could not be used
    3  no connection to a Bookline server
  130  ended by Ctrl-C or another signal";

/// Shows all events, or a week of people, and what changes.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct BoardArgs {
    /// Whose weeks, instead of the events
    #[arg(value_name = "WHO,WHO")]
    pub people: Option<String>,

    /// A day of the week to begin with: 2026-12-24, 24-12-2026, today or friday
    #[arg(value_name = "WEEK", default_value = "today")]
    pub week: String,
}
