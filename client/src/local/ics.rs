//! `bookline ics`: a person's calendar as an iCalendar file.

use std::io::{self, Write};

use bookline_protocol::Date;

use crate::cli::ics::IcsArgs;
use crate::error::Error;
use crate::exit::Exit;
use crate::ical::calendar;
use crate::local::schedule::Schedule;
use crate::net::connection::Target;
use crate::net::retry::Retry;

/// Days before today that are exported.
const DAYS_BACK: i64 = 30;

/// Days after today that are exported. With those before it and today itself, as many as one GET shows.
const DAYS_AHEAD: i64 = 335;

/// Days between the first and the last, if one of them is given.
const DAYS_BETWEEN: i64 = DAYS_BACK + DAYS_AHEAD;

const _: () = assert!(DAYS_BETWEEN + 1 == bookline_protocol::limits::RANGE_DAYS_MAX as i64);

/// Writes the file to standard output.
///
/// # Errors
///
/// The days end before they begin, the calendar cannot be read, or the file cannot be written.
pub fn run(target: &Target, retry: Retry, args: &IcsArgs) -> Result<Exit, Error> {
    let text = Schedule::open(target, retry, &args.who, async |schedule| {
        let (from, to) = days(args.from, args.to, schedule.today())?;
        let entries = schedule.entries(from, to).await?;
        Ok(calendar::write(args.who.as_str(), &entries, schedule.zone, schedule.now.naive_utc()))
    })?;
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map(|()| Exit::Ok).map_err(|source| Error::Output { source })
}

/// The first and the last day.
fn days(from: Option<Date>, to: Option<Date>, today: Date) -> Result<(Date, Date), Error> {
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, shifted(from, DAYS_BETWEEN)),
        (None, Some(to)) => (shifted(to, -DAYS_BETWEEN), to),
        (None, None) => (shifted(today, -DAYS_BACK), shifted(today, DAYS_AHEAD)),
    };
    if to < from { Err(Error::EndBeforeStart { from, to }) } else { Ok((from, to)) }
}

/// So many days later, as far as there are dates.
fn shifted(date: Date, days: i64) -> Date {
    const LAST: i64 = 3_652_059;
    let number = (i64::from(date.day_number()) + days).clamp(1, LAST);
    u32::try_from(number).ok().and_then(Date::from_day_number).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn shown(from: Option<&str>, to: Option<&str>) -> Result<String, String> {
        let days = days(from.map(date), to.map(date), date("2026-11-26"));
        days.map(|(from, to)| format!("{} {}", from.iso(), to.iso())).map_err(|error| error.to_string())
    }

    #[test]
    fn days_that_are_not_given_complete_a_year() {
        assert_eq!(shown(None, None).unwrap(), "2026-10-27 2027-10-27");
        assert_eq!(shown(Some("2030-01-01"), None).unwrap(), "2030-01-01 2031-01-01");
        assert_eq!(shown(None, Some("2020-01-01")).unwrap(), "2019-01-01 2020-01-01");
        assert_eq!(shown(Some("9999-12-01"), None).unwrap(), "9999-12-01 9999-12-31");
        assert_eq!(shown(None, Some("0001-01-02")).unwrap(), "0001-01-01 0001-01-02");
    }

    #[test]
    fn end_before_the_start_is_refused() {
        assert_eq!(
            shown(Some("2026-12-02"), Some("2026-12-01")).unwrap_err(),
            "--to 2026-12-01 is before --from 2026-12-02"
        );
    }
}
