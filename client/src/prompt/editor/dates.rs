//! Words for dates, and the date at the server.

use std::time::SystemTime;

use bookline_protocol::Date;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::calendar::calendar_date::CalendarDate;
use crate::net::connection::parse_hello;

/// The words, in lower case. A day of the week is the next one of this name, which may be today.
const DATE_WORDS: [&str; 9] =
    ["today", "tomorrow", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The words that are offered before anything is typed.
const FREQUENT: usize = 2;

/// The server's clock. It is read from the client's, which goes on while a laptop sleeps.
#[derive(Clone, Copy, Debug)]
pub struct ServerClock {
    zone: Tz,
    /// How far the server's clock is ahead of the client's.
    ahead: TimeDelta,
}

/// A word for a date, and the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedDate {
    pub word: &'static str,
    pub date: Date,
}

impl ServerClock {
    /// The clock in the object of a reply to HELLO. `None` if it has none that is known here.
    pub fn of(hello: &str) -> Option<Self> {
        let hello = parse_hello(hello)?;
        let now = DateTime::parse_from_rfc3339(&hello.now).ok()?;
        let ahead = now.signed_duration_since(DateTime::<Utc>::from(SystemTime::now()));
        Some(Self { zone: hello.time_zone.parse().ok()?, ahead })
    }

    /// The date in the server's time zone.
    pub fn today(&self) -> Option<NaiveDate> {
        self.date_at(SystemTime::now())
    }

    fn date_at(&self, now: SystemTime) -> Option<NaiveDate> {
        let now = DateTime::<Utc>::from(now).checked_add_signed(self.ahead)?;
        Some(now.with_timezone(&self.zone).date_naive())
    }
}

/// The words that begin like this, in any case, and their dates.
pub fn named(beginning: &str, today: NaiveDate) -> Vec<NamedDate> {
    let words = if beginning.is_empty() { &DATE_WORDS[..FREQUENT] } else { &DATE_WORDS[..] };
    let words = words.iter().filter(|word| begins(word, beginning));
    words.filter_map(|word| Some(NamedDate { word, date: date_of(word, today)? })).collect()
}

/// Whether the text is the beginning of a word for a date.
pub fn is_beginning(text: &str) -> bool {
    DATE_WORDS.iter().any(|word| begins(word, text))
}

fn begins(word: &str, beginning: &str) -> bool {
    word.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

fn date_of(word: &str, today: NaiveDate) -> Option<Date> {
    CalendarDate::parse(word).ok()?.checked_on(Date::from_naive(today)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A Thursday.
    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 26).unwrap()
    }

    fn dates(beginning: &str) -> Vec<(&'static str, String)> {
        let named = named(beginning, today());
        named.iter().map(|named| (named.word, named.date.iso().to_string())).collect()
    }

    #[test]
    fn word_is_the_next_such_day() {
        assert_eq!(dates("tod"), [("today", "2026-11-26".to_owned())]);
        assert_eq!(dates("TOM"), [("tomorrow", "2026-11-27".to_owned())]);
        assert_eq!(dates("fri"), [("friday", "2026-11-27".to_owned())]);
        assert_eq!(dates("wednesday"), [("wednesday", "2026-12-02".to_owned())]);
        assert_eq!(dates("thu"), [("thursday", "2026-11-26".to_owned())], "today is such a day");
        assert_eq!(dates("x"), []);
        assert_eq!(dates("2026"), []);
    }

    #[test]
    fn word_that_is_not_begun_is_today_or_tomorrow() {
        let words: Vec<_> = dates("").into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, ["today", "tomorrow"]);
        let words: Vec<_> = dates("t").into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, ["today", "tomorrow", "tuesday", "thursday"]);
    }

    #[test]
    fn today_is_the_date_of_the_server() {
        let hello = |zone: &str, now: &str| {
            let object = serde_json::json!({"server": "bookline", "version": "1", "protocol": 1,
                "welcome": "", "max_line": 65536, "time_zone": zone, "now": now});
            ServerClock::of(&object.to_string())
        };
        let clock = hello("Pacific/Auckland", "2026-11-26T23:30:00+13:00").unwrap();
        let date = |after: u64| clock.date_at(SystemTime::now() + Duration::from_secs(after)).unwrap();
        assert_eq!(date(0).to_string(), "2026-11-26");
        assert_eq!(date(3_600).to_string(), "2026-11-27", "midnight passes in a long session");
        assert!(hello("No/Zone", "2026-11-26T23:30:00+13:00").is_none());
        assert!(hello("Europe/Prague", "now").is_none());
    }
}
