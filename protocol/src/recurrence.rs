//! Recurrences: how often an entry is repeated, and until when.

use std::str::FromStr;

use chrono::Datelike;
use thiserror::Error;

use crate::date::Date;
use crate::limits::SERIES_OCCURRENCES_MAX;
use crate::period::{Period, PeriodError};

/// Occurrences of the shortest series: one occurrence is an entry without a series.
pub const SERIES_OCCURRENCES_MIN: u32 = 2;

/// How the occurrences of a requested series follow from its first period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// The days on which occurrences start.
    pub every: Every,
    /// Where the series ends.
    pub end: RecurrenceEnd,
    /// What becomes of the series if people are busy at some occurrences.
    pub on_conflict: OnConflict,
}

/// The days on which the occurrences of a series start, from the first on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Every day.
    Day,
    /// Monday to Friday. The first occurrence starts on the first such day on or after the date.
    Weekday,
    /// Every seventh day.
    Week,
    /// Every fourteenth day.
    TwoWeeks,
}

/// The word is not one of [`Every`]. The message continues a sentence that begins with the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a recurrence: write day, weekday, week or 2weeks")]
pub struct EveryError;

/// Where a series ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecurrenceEnd {
    /// After so many occurrences, [`SERIES_OCCURRENCES_MIN`] to [`SERIES_OCCURRENCES_MAX`].
    Count(u32),
    /// With the last occurrence that starts on this day or before.
    Last(Date),
}

/// What becomes of a series if people are busy at some of its occurrences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Nothing of it is created.
    #[default]
    Refuse,
    /// It is created without these occurrences.
    Skip,
}

/// Why a recurrence has no list of occurrences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecurrenceError {
    /// The last day is before the first occurrence.
    #[error(
        "the series has no occurrence: the first would start on {}, write last= with that day or a later one",
        first.dmy()
    )]
    Empty {
        /// The day on which the first occurrence would start.
        first: Date,
    },
    /// There are more than [`SERIES_OCCURRENCES_MAX`].
    #[error(
        "a series has at most {SERIES_OCCURRENCES_MAX} occurrences, and this one would have {requested}: choose \
         an earlier last="
    )]
    TooMany {
        /// The number of occurrences.
        requested: u32,
    },
    /// An occurrence leaves the dates.
    #[error(transparent)]
    Period(#[from] PeriodError),
}

impl Recurrence {
    /// The periods of the occurrences of a series whose date and time are the start of `first`, earliest
    /// first.
    ///
    /// # Errors
    ///
    /// See [`RecurrenceError`]. A request that was parsed has no other error than
    /// [`RecurrenceError::TooMany`].
    pub fn occurrences(&self, first: Period) -> Result<Vec<Period>, RecurrenceError> {
        let first = self.every.first(first)?;
        let count = self.count(first)?;
        let periods = (0..count).map(|index| self.every.occurrence(first, index));
        Ok(periods.collect::<Result<_, _>>()?)
    }

    /// Whether the series has an occurrence, and all of them are within the dates.
    pub(crate) fn check(&self, first: Period) -> Result<(), RecurrenceError> {
        let first = self.every.first(first)?;
        let count = self.count(first)?;
        self.every.occurrence(first, count - 1)?;
        Ok(())
    }

    /// The number of occurrences from the first on, 1 to [`SERIES_OCCURRENCES_MAX`].
    fn count(&self, first: Period) -> Result<u32, RecurrenceError> {
        let last = match self.end {
            RecurrenceEnd::Count(count) => return Ok(count),
            RecurrenceEnd::Last(last) => last,
        };
        let first = first.start().date;
        let days =
            last.day_number().checked_sub(first.day_number()).ok_or(RecurrenceError::Empty { first })?;
        match self.every.index_on_or_before(first, days) + 1 {
            count @ ..=SERIES_OCCURRENCES_MAX => Ok(count),
            requested => Err(RecurrenceError::TooMany { requested }),
        }
    }
}

/// Days of a week.
const WEEK_DAYS: u32 = 7;

/// Days from Monday to Friday.
const WEEKDAYS: u32 = 5;

impl Every {
    /// The word as written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Weekday => "weekday",
            Self::Week => "week",
            Self::TwoWeeks => "2weeks",
        }
    }

    /// The period of the first occurrence of a series that is requested for this period.
    fn first(self, requested: Period) -> Result<Period, PeriodError> {
        match (self, weekday(requested.start().date)) {
            (Self::Weekday, day @ WEEKDAYS..) => later(requested, WEEK_DAYS - day),
            _ => Ok(requested),
        }
    }

    /// The period of the occurrence with this index, from 0.
    fn occurrence(self, first: Period, index: u32) -> Result<Period, PeriodError> {
        later(first, self.days_before(first.start().date, index))
    }

    /// The days from the first occurrence to that with this index.
    fn days_before(self, first: Date, index: u32) -> u32 {
        match self {
            Self::Day => index,
            Self::Week => index * WEEK_DAYS,
            Self::TwoWeeks => index * 2 * WEEK_DAYS,
            Self::Weekday => {
                let from_monday = weekday(first) + index;
                from_monday / WEEKDAYS * WEEK_DAYS + from_monday % WEEKDAYS - weekday(first)
            }
        }
    }

    /// The index of the last occurrence that starts at most so many days after the first: the inverse of
    /// [`Every::days_before`].
    fn index_on_or_before(self, first: Date, days: u32) -> u32 {
        match self {
            Self::Day => days,
            Self::Week => days / WEEK_DAYS,
            Self::TwoWeeks => days / (2 * WEEK_DAYS),
            Self::Weekday => {
                let from_monday = weekday(first) + days;
                from_monday / WEEK_DAYS * WEEKDAYS + (from_monday % WEEK_DAYS).min(WEEKDAYS - 1)
                    - weekday(first)
            }
        }
    }
}

/// The days since Monday, 0 to 6.
fn weekday(date: Date) -> u32 {
    date.naive().weekday().num_days_from_monday()
}

fn later(period: Period, days: u32) -> Result<Period, PeriodError> {
    period.shifted(24 * i64::from(days))
}

impl FromStr for Every {
    type Err = EveryError;

    fn from_str(word: &str) -> Result<Self, EveryError> {
        let all = [Self::Day, Self::Weekday, Self::Week, Self::TwoWeeks];
        all.into_iter().find(|every| every.as_str() == word).ok_or(EveryError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hour::{Hour, Slot};
    use crate::period::Hours;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn nine(day: &str) -> Period {
        Period::of_slot(Slot { date: date(day), hour: Hour::new(9).unwrap() })
    }

    fn recurrence(every: Every, end: RecurrenceEnd) -> Recurrence {
        Recurrence { every, end, on_conflict: OnConflict::Refuse }
    }

    fn days(first: &str, every: Every, end: RecurrenceEnd) -> Result<Vec<String>, RecurrenceError> {
        let periods = recurrence(every, end).occurrences(nine(first))?;
        assert!(periods.iter().all(|period| period.start().hour.get() == 9));
        Ok(periods.iter().map(|period| period.start().date.iso().to_string()).collect())
    }

    #[test]
    fn occurrences_by_count_are_so_many() {
        for (every, expected) in [
            (Every::Day, ["2026-11-26", "2026-11-27", "2026-11-28"]),
            (Every::Weekday, ["2026-11-26", "2026-11-27", "2026-11-30"]),
            (Every::Week, ["2026-11-26", "2026-12-03", "2026-12-10"]),
            (Every::TwoWeeks, ["2026-11-26", "2026-12-10", "2026-12-24"]),
        ] {
            assert_eq!(days("2026-11-26", every, RecurrenceEnd::Count(3)).unwrap(), expected);
        }
    }

    #[test]
    fn series_of_weekdays_that_is_asked_for_from_a_weekend_on_begins_on_monday() {
        for day in ["2026-11-28", "2026-11-29", "2026-11-30"] {
            let expected = ["2026-11-30", "2026-12-01"];
            assert_eq!(days(day, Every::Weekday, RecurrenceEnd::Count(2)).unwrap(), expected);
        }
    }

    #[test]
    fn occurrences_by_last_day_are_those_that_start_on_it_or_before() {
        // A walk over the days, without the arithmetic of weeks.
        let first = date("2026-11-26").day_number();
        for (every, is_of) in [
            (Every::Day, (|days, _| days >= 0) as fn(i64, u32) -> bool),
            (Every::Weekday, |_, weekday| weekday < 5),
            (Every::Week, |days, _| days % 7 == 0),
            (Every::TwoWeeks, |days, _| days % 14 == 0),
        ] {
            for start in first..first + 7 {
                for last in start..start + 40 {
                    let day = |number| Date::from_day_number(number).unwrap();
                    let expected: Vec<String> = (start..=last)
                        .filter(|&number| is_of(i64::from(number - start), weekday(day(number))))
                        .map(|number| day(number).iso().to_string())
                        .collect();
                    let found = days(&day(start).iso().to_string(), every, RecurrenceEnd::Last(day(last)));
                    assert_eq!(
                        found.unwrap_or_default(),
                        expected,
                        "{every:?} {} {}",
                        day(start).iso(),
                        last
                    );
                }
            }
        }
    }

    #[test]
    fn series_without_an_occurrence_is_refused() {
        let end = RecurrenceEnd::Last(date("2026-11-25"));
        let empty = Err(RecurrenceError::Empty { first: date("2026-11-26") });
        assert_eq!(days("2026-11-26", Every::Day, end), empty);
        let end = RecurrenceEnd::Last(date("2026-11-29"));
        let empty = Err(RecurrenceError::Empty { first: date("2026-11-30") });
        assert_eq!(days("2026-11-28", Every::Weekday, end), empty);
    }

    #[test]
    fn series_of_more_than_a_year_of_days_is_refused_with_their_number() {
        let day = |number: u32| RecurrenceEnd::Last(Date::from_day_number(number).unwrap());
        let first = date("2026-11-26").day_number();
        assert_eq!(days("2026-11-26", Every::Day, day(first + 365)).unwrap().len(), 366);
        let too_many = Err(RecurrenceError::TooMany { requested: 367 });
        assert_eq!(days("2026-11-26", Every::Day, day(first + 366)), too_many);
        let all = RecurrenceEnd::Last(date("9999-12-31"));
        let too_many = Err(RecurrenceError::TooMany { requested: 3_652_059 });
        assert_eq!(days("0001-01-01", Every::Day, all), too_many);
    }

    #[test]
    fn series_that_leaves_the_dates_is_refused() {
        let outside = Err(RecurrenceError::Period(PeriodError));
        assert_eq!(days("9999-12-31", Every::Day, RecurrenceEnd::Count(2)), outside);
        // 9999-12-31 is a Friday.
        assert_eq!(days("9999-12-31", Every::Weekday, RecurrenceEnd::Count(2)), outside);
        let night = Slot { date: date("9999-12-30"), hour: Hour::new(23).unwrap() };
        let night = Period::new(night, Hours::new(2).unwrap()).unwrap();
        let nights = recurrence(Every::Day, RecurrenceEnd::Last(date("9999-12-31")));
        assert_eq!(nights.occurrences(night), Err(RecurrenceError::Period(PeriodError)));
        assert_eq!(nights.check(night), Err(RecurrenceError::Period(PeriodError)));
    }

    #[test]
    fn every_parses_as_it_is_written() {
        for every in [Every::Day, Every::Weekday, Every::Week, Every::TwoWeeks] {
            assert_eq!(every.as_str().parse(), Ok(every));
        }
        for word in ["", "Day", "weeks", "month", "2 weeks"] {
            assert_eq!(word.parse::<Every>(), Err(EveryError), "{word}");
        }
    }
}
