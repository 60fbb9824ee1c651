//! Windows: the days, and the hours of each, in which a time for a meeting is searched.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::date::{Date, two_digits};
use crate::date_range::{DateRange, DateRangeError};
use crate::hour::Hour;
use crate::period::Hours;

/// The first hour that is searched unless the request says otherwise.
const FROM_DEFAULT: Hour = Hour::new(9).unwrap();

/// The end of a meeting unless the request says otherwise.
const UNTIL_DEFAULT: Until = Until(17);

/// Days of a range that are searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Days {
    /// Monday to Friday.
    #[default]
    Weekdays,
    /// All days.
    All,
}

/// The text is not a kind of days. The message continues a sentence that begins with the text:
/// `days "weekend" is not …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is neither weekdays nor all: write days=weekdays or days=all")]
pub struct DaysError;

impl Days {
    /// The days as written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weekdays => "weekdays",
            Self::All => "all",
        }
    }

    fn include(self, date: Date) -> bool {
        match self {
            Self::Weekdays => date.is_weekday(),
            Self::All => true,
        }
    }
}

impl FromStr for Days {
    type Err = DaysError;

    fn from_str(text: &str) -> Result<Self, DaysError> {
        [Self::Weekdays, Self::All].into_iter().find(|days| days.as_str() == text).ok_or(DaysError)
    }
}

/// When a meeting must be over: an hour of a day, 1 to 24, written `hh:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Until(u8);

/// The text is not the end of an hour. The message continues a sentence that begins with the text:
/// `until "17" is not …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not the end of an hour: write hh:00 from 01:00 to 24:00, as in 17:00")]
pub struct UntilError;

impl Until {
    /// Appends the end as `hh:00`.
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&two_digits(self.0.into()));
        out.extend_from_slice(b":00");
    }
}

impl FromStr for Until {
    type Err = UntilError;

    fn from_str(text: &str) -> Result<Self, UntilError> {
        if text == "24:00" {
            return Ok(Self(24));
        }
        match Hour::parse(text).map(Hour::get) {
            Some(hour @ 1..) => Ok(Self(hour)),
            _ => Err(UntilError),
        }
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:00", self.0)
    }
}

/// Where a time for a meeting is searched: on one date or on the days of a range, and on each of them between
/// two hours. The meeting fits between these hours.
///
/// A single date is searched whatever day of the week it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    dates: DateRange,
    /// [`Days::All`] if it is a single date, so that equal windows are equal.
    days: Days,
    from: Hour,
    until: Until,
    hours: Hours,
}

/// The values of a window as requested. What is `None` has its default.
#[derive(Clone, Copy, Debug, Default)]
pub struct WindowValues {
    /// The last date. A single date by default.
    pub to: Option<Date>,
    /// The first hour at which a meeting may start: 09:00 by default.
    pub from: Option<Hour>,
    /// When it must be over: 17:00 by default.
    pub until: Option<Until>,
    /// How long it is: an hour by default.
    pub hours: Option<Hours>,
    /// Which days of a range are searched: weekdays by default.
    pub days: Option<Days>,
}

/// Values that do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WindowError {
    /// The range ends before it begins.
    #[error(transparent)]
    Dates(#[from] DateRangeError),
    /// There is no hour between the two.
    #[error("from={from} is not before until={until}: write the earlier hour in from=")]
    NoHours {
        /// The first hour.
        from: Hour,
        /// The end.
        until: Until,
    },
    /// The meeting is longer than what is between the two hours.
    #[error("hours={hours} do not fit between from={from} and until={until}: at most {most} do")]
    TooLong {
        /// The hours of the meeting.
        hours: Hours,
        /// The first hour.
        from: Hour,
        /// The end.
        until: Until,
        /// How many hours fit.
        most: u8,
    },
}

impl Window {
    /// The window that begins with the date `first`. A range of one day is a single date.
    ///
    /// # Errors
    ///
    /// See [`WindowError`].
    pub fn new(first: Date, values: WindowValues) -> Result<Self, WindowError> {
        let dates = DateRange::new(first, values.to.unwrap_or(first))?;
        let days = if dates.days() == 1 { Days::All } else { values.days.unwrap_or_default() };
        let (from, until) = (values.from.unwrap_or(FROM_DEFAULT), values.until.unwrap_or(UNTIL_DEFAULT));
        let hours = values.hours.unwrap_or_default();
        match until.0.checked_sub(from.get()) {
            None | Some(0) => Err(WindowError::NoHours { from, until }),
            Some(most) if hours.get() > most => Err(WindowError::TooLong { hours, from, until, most }),
            Some(_) => Ok(Self { dates, days, from, until, hours }),
        }
    }

    /// The dates, whether they are searched or not.
    pub const fn dates(self) -> DateRange {
        self.dates
    }

    /// How many hours the meeting has.
    pub const fn hours(self) -> Hours {
        self.hours
    }

    /// The hours that are searched, as numbers of hours of a day: a meeting fills some of them.
    pub const fn hours_of_day(self) -> std::ops::Range<u8> {
        self.from.get()..self.until.0
    }

    /// Whether it has several dates.
    pub fn is_range(self) -> bool {
        self.dates.days() > 1
    }

    /// The first day that is searched on or after `date`.
    pub fn day_from(self, date: Date) -> Option<Date> {
        self.dates.dates_from(date).find(|day| self.days.include(*day))
    }

    /// The number of days that are searched, times that of the people.
    pub fn person_days(self, people: usize) -> u64 {
        let days = match self.days {
            Days::All => self.dates.days(),
            Days::Weekdays => {
                let before = self.dates.first().day_number() - 1;
                weekdays_through(self.dates.last().day_number()) - weekdays_through(before)
            }
        };
        u64::from(days) * people as u64
    }

    /// The values in the one form in which they are written: `None` at its default.
    pub(crate) fn values(self) -> WindowValues {
        WindowValues {
            to: Some(self.dates.last()).filter(|_| self.is_range()),
            from: Some(self.from).filter(|from| *from != FROM_DEFAULT),
            until: Some(self.until).filter(|until| *until != UNTIL_DEFAULT),
            hours: self.hours.above_one(),
            days: Some(self.days).filter(|days| self.is_range() && *days != Days::default()),
        }
    }
}

/// The number of weekdays from 0001-01-01, a Monday, through the day with this number.
const fn weekdays_through(day_number: u32) -> u32 {
    let (weeks, days) = (day_number / 7, day_number % 7);
    weeks * 5 + if days < 5 { days } else { 5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn days(window: Window) -> Vec<Date> {
        let next = |day: &Date| window.day_from(Date::from_day_number(day.day_number() + 1)?);
        std::iter::successors(window.day_from(window.dates().first()), next).collect()
    }

    fn range(first: &str, to: &str, days: Option<Days>) -> Window {
        Window::new(date(first), WindowValues { to: Some(date(to)), days, ..WindowValues::default() })
            .unwrap()
    }

    #[test]
    fn single_date_is_searched_on_a_saturday() {
        let saturday = Window::new(date("2026-11-21"), WindowValues::default()).unwrap();
        assert_eq!(days(saturday), [date("2026-11-21")]);
        assert_eq!(saturday, range("2026-11-21", "2026-11-21", Some(Days::Weekdays)));
        assert_eq!(saturday.person_days(3), 3);
        assert!(!saturday.is_range());
    }

    #[test]
    fn range_is_searched_on_weekdays_by_default() {
        let window = range("2026-11-20", "2026-11-24", None);
        let searched = [date("2026-11-20"), date("2026-11-23"), date("2026-11-24")];
        assert_eq!(days(window), searched);
        assert_eq!(window.day_from(date("2026-11-21")), Some(searched[1]));
        assert_eq!(window.day_from(date("2026-11-25")), None);
        assert_eq!(days(range("2026-11-20", "2026-11-24", Some(Days::All))).len(), 5);
        assert!(days(range("2026-11-21", "2026-11-22", None)).is_empty());
    }

    #[test]
    fn person_days_are_the_days_that_are_searched() {
        for length in 1..30 {
            let last = Date::from_day_number(date("2026-11-20").day_number() + length).unwrap();
            for kind in [Days::Weekdays, Days::All] {
                let window = range("2026-11-20", &last.iso().to_string(), Some(kind));
                assert_eq!(window.person_days(2), 2 * days(window).len() as u64, "{length} {kind:?}");
            }
        }
        assert_eq!(range("0001-01-01", "9999-12-31", Some(Days::All)).person_days(1), 3_652_059);
        assert_eq!(days(range("9999-12-30", "9999-12-31", Some(Days::All))).len(), 2);
    }

    #[test]
    fn window_without_hours_is_refused() {
        let of = |from: &str, until: &str, hours: u8| {
            let from = Some(from.parse().unwrap());
            let (until, hours) = (Some(until.parse().unwrap()), Hours::new(hours));
            Window::new(date("2026-11-21"), WindowValues { from, until, hours, ..WindowValues::default() })
        };
        assert_eq!(of("22:00", "24:00", 2).unwrap().hours_of_day(), 22..24);
        assert!(matches!(of("09:00", "09:00", 1), Err(WindowError::NoHours { .. })));
        assert!(matches!(of("10:00", "09:00", 1), Err(WindowError::NoHours { .. })));
        assert!(matches!(of("09:00", "11:00", 3), Err(WindowError::TooLong { most: 2, .. })));
    }

    #[test]
    fn until_is_01_to_24() {
        assert_eq!("24:00".parse(), Ok(Until(24)));
        assert_eq!("01:00".parse(), Ok(Until(1)));
        for text in ["00:00", "25:00", "24:01", "9:00", "17", ""] {
            assert_eq!(text.parse::<Until>(), Err(UntilError), "{text}");
        }
    }
}
