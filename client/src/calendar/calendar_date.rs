//! Dates as arguments of commands that show calendars.

use bookline_protocol::Date;
use bookline_protocol::date::DateError;
use chrono::{Datelike, Weekday};

/// A day that the user names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarDate {
    /// The server's today, or so many days after it.
    AfterToday(u32),
    /// The next such day, which may be today.
    Next(Weekday),
    On(Date),
}

impl CalendarDate {
    pub const TODAY: Self = Self::AfterToday(0);

    /// Parses `today`, `tomorrow`, a day of the week or a date.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        match text.to_ascii_lowercase().as_str() {
            "today" => Ok(Self::TODAY),
            "tomorrow" => Ok(Self::AfterToday(1)),
            word => match word.parse() {
                Ok(weekday) => Ok(Self::Next(weekday)),
                Err(_) => text.parse().map(Self::On),
            },
        }
    }

    /// The date, as far as there are dates.
    pub fn on(self, today: Date) -> Date {
        self.checked_on(today).unwrap_or(today)
    }

    /// The date, or `None` behind the last date that there is.
    pub fn checked_on(self, today: Date) -> Option<Date> {
        let days = match self {
            Self::AfterToday(days) => days,
            Self::Next(weekday) => weekday.days_since(today.naive().weekday()),
            Self::On(date) => return Some(date),
        };
        Date::from_day_number(today.day_number() + days)
    }
}

/// The days from Monday to Sunday of the week of this date, as far as there are dates.
pub fn week_of(date: Date) -> Vec<Date> {
    // Day 1 is a Monday.
    let monday = (date.day_number() - 1) / 7 * 7 + 1;
    (monday..monday + 7).filter_map(Date::from_day_number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn date_is_a_word_or_a_date() {
        let on = |text| CalendarDate::parse(text).map(|day| day.on(date("2026-12-31")).iso().to_string());
        for (text, expected) in [
            ("today", "2026-12-31"),
            ("Tomorrow", "2027-01-01"),
            // A Thursday is today.
            ("thu", "2026-12-31"),
            ("Wednesday", "2027-01-06"),
            ("2026-11-26", "2026-11-26"),
            ("26-11-2026", "2026-11-26"),
        ] {
            assert_eq!(on(text).unwrap(), expected);
        }
        assert!(on("someday").is_err());
        assert_eq!(CalendarDate::AfterToday(1).on(date("9999-12-31")), date("9999-12-31"));
    }

    #[test]
    fn week_is_monday_to_sunday() {
        let week = |text| week_of(date(text)).iter().map(|day| day.iso().to_string()).collect::<Vec<_>>();
        for day in ["2026-11-23", "2026-11-26", "2026-11-29"] {
            let week = week(day);
            assert_eq!((week[0].as_str(), week[6].as_str()), ("2026-11-23", "2026-11-29"), "{day}");
        }
        assert_eq!(date("2026-11-23").naive().format("%a").to_string(), "Mon");
        assert_eq!(week("9999-12-31").last().unwrap(), "9999-12-31");
        assert_eq!(week("0001-01-01").first().unwrap(), "0001-01-01");
    }
}
