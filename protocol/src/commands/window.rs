//! The options of a window: `[to=<date>] [from=<time>] [until=<time>] [hours=<n>] [days=weekdays|all]`.

use super::arguments::Args;
use super::line_writer::LineWriter;
use crate::date::Date;
use crate::refusal::Refusal;
use crate::window::{Days, Window, WindowValues};

impl Window {
    /// Takes the options of the window that begins with `first`. The caller has taken all arguments.
    pub(super) fn parse_options(args: &mut Args<'_>, first: Date) -> Result<Self, Refusal> {
        let values = WindowValues {
            to: args.option_value("to")?,
            from: args.option_value("from")?,
            until: args.option_value("until")?,
            hours: args.option_value("hours")?,
            days: args.option_value("days")?,
        };
        Self::new(first, values).map_err(|error| Refusal::bad_request(error.to_string()))
    }

    /// Appends the options, without those at their default.
    pub(super) fn write_options(self, line: &mut LineWriter<'_>) {
        let WindowValues { to, from, until, hours, days } = self.values();
        line.option("to", to.as_ref());
        line.option("from", from.as_ref());
        line.option("until", until.as_ref());
        line.option("hours", hours.as_ref());
        line.option("days", days.map(Days::as_str));
    }
}
