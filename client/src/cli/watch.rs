//! The command line of `bookline watch`.

use crate::cli::format::Format;

/// What follows the flags in `bookline watch --help`.
const AFTER_HELP: &str = "\
What is watched: events, calendars, all, event:<event-id> or person:<person-id>.
  bookline watch
  bookline watch event:rustconf person:F1 --since 4711
  bookline watch events --format json | jq -r 'select(.kind == \"event_created\")'
On a terminal each change is a sentence, with the time at the server. In a pipe
it is a line of JSON, the object that the server sends behind its sequence
number. The first line of JSON, and one at least every 30 seconds, is
{\"sequence\":4711,\"kind\":\"progress\",\"end\":true}: what follows comes after it.

A commit may have several lines, and the last has \"end\":true. To go on later
without a loss, pass the sequence of the last line that had it to --since. A
connection that is lost is opened again, as often as that takes or as --retry
says, and goes on where it was: nothing is missing and nothing is shown twice.

Exit status:
    0  the reader of standard output has gone
    1  the server refused; the changes are gone from its log, and there is no
       --resync; or it is another server, or was restored from a backup
    2  the arguments or standard output could not be used
    3  no connection to a Bookline server, after all tries of --retry
  130  ended by Ctrl-C";

/// Show every change as it is made.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct WatchArgs {
    /// What to watch
    #[arg(value_name = "WHAT", default_value = "all")]
    pub watched: Vec<String>,

    /// Begin with the changes after this sequence number, not with the next one
    #[arg(long, value_name = "SEQUENCE")]
    pub since: Option<u64>,

    /// Show the ids of tickets and holds, and for whom they are
    #[arg(long)]
    pub tickets: bool,

    /// Where changes are gone from the server's log, go on with the oldest ones
    /// that are left
    #[arg(long)]
    pub resync: bool,

    /// How to show changes: table (sentences), plain (a date on each), raw or
    /// json
    #[arg(long = "format", id = "watch_format", value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
}
