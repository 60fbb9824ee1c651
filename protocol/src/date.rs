//! Dates.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate, Weekday};
use thiserror::Error;

use crate::number::parse_digits;

/// A date of the proleptic Gregorian calendar, years 0001 to 9999.
///
/// It is parsed from `yyyy-mm-dd` or `dd-mm-yyyy`. Replies about events write the first form, replies about
/// calendars the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(NaiveDate);

/// Why a text is not a date. The message continues a sentence that begins with the text:
/// `date "2014-2-3" is not a date: …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DateError {
    /// The text has neither form.
    #[error("is not a date: write yyyy-mm-dd or dd-mm-yyyy with all digits, as in 2026-12-31 or 31-12-2026")]
    Form,
    /// The year is 0000.
    #[error("is not a date: years run from 0001 to 9999")]
    Year,
    /// The month is not 01 to 12.
    #[error("is not a date: month {month:02} is not one of 01 to 12")]
    Month {
        /// The month as given.
        month: u32,
    },
    /// The month does not have this day.
    #[error("is not a date: month {month:02} of {year:04} has days 01 to {last}")]
    Day {
        /// The year as given.
        year: i32,
        /// The month as given.
        month: u32,
        /// The last day of the month.
        last: u32,
    },
}

impl Date {
    /// Parses `yyyy-mm-dd` or `dd-mm-yyyy`, with all digits. The [`FromStr`] implementation also says what is
    /// wrong.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// Converts from chrono's date. Returns `None` if the year is not 1 to 9999.
    pub fn from_naive(day: NaiveDate) -> Option<Self> {
        (1..=9999).contains(&day.year()).then_some(Self(day))
    }

    /// Converts to chrono's date.
    pub fn naive(self) -> NaiveDate {
        self.0
    }

    /// The number of the day, 1 (0001-01-01) to 3,652,059 (9999-12-31).
    pub fn day_number(self) -> u32 {
        self.0.num_days_from_ce().unsigned_abs()
    }

    /// The inverse of [`Date::day_number`]. Returns `None` outside of its range.
    pub fn from_day_number(number: u32) -> Option<Self> {
        let number = i32::try_from(number).ok()?;
        NaiveDate::from_num_days_from_ce_opt(number).and_then(Self::from_naive)
    }

    /// Whether it is a Monday to Friday.
    pub fn is_weekday(self) -> bool {
        !matches!(self.0.weekday(), Weekday::Sat | Weekday::Sun)
    }

    /// Displays the date as `yyyy-mm-dd`.
    pub fn iso(self) -> impl fmt::Display {
        Written(self.iso_bytes())
    }

    /// Displays the date as `dd-mm-yyyy`.
    pub fn dmy(self) -> impl fmt::Display {
        Written(self.dmy_bytes())
    }

    /// Appends the date as `yyyy-mm-dd`.
    pub fn write_iso(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.iso_bytes());
    }

    /// Appends the date as `dd-mm-yyyy`.
    pub fn write_dmy(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.dmy_bytes());
    }

    pub(crate) fn iso_bytes(self) -> [u8; 10] {
        let [[y1, y2], [y3, y4], [m1, m2], [d1, d2]] = self.digits();
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]
    }

    fn dmy_bytes(self) -> [u8; 10] {
        let [[y1, y2], [y3, y4], [m1, m2], [d1, d2]] = self.digits();
        [d1, d2, b'-', m1, m2, b'-', y1, y2, y3, y4]
    }

    /// The century, the year of the century, the month and the day, two digits each.
    fn digits(self) -> [[u8; 2]; 4] {
        let year = self.0.year().unsigned_abs();
        [year / 100, year % 100, self.0.month(), self.0.day()].map(two_digits)
    }
}

/// `number` is below 100.
pub(crate) fn two_digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let bytes: &[u8; 10] = text.as_bytes().try_into().map_err(|_| DateError::Form)?;
        let fields = match bytes {
            [year @ .., b'-', m1, m2, b'-', d1, d2] => {
                (parse_digits(year), parse_digits(&[*m1, *m2]), parse_digits(&[*d1, *d2]))
            }
            [d1, d2, b'-', m1, m2, b'-', year @ ..] => {
                (parse_digits(year), parse_digits(&[*m1, *m2]), parse_digits(&[*d1, *d2]))
            }
            _ => return Err(DateError::Form),
        };
        let (Some(year), Some(month), Some(day)) = fields else {
            return Err(DateError::Form);
        };
        let year = year.cast_signed();
        match NaiveDate::from_ymd_opt(year, month, day) {
            Some(_) if year == 0 => Err(DateError::Year),
            Some(date) => Ok(Self(date)),
            None if year == 0 => Err(DateError::Year),
            None => match NaiveDate::from_ymd_opt(year, month, 1) {
                Some(first) => {
                    Err(DateError::Day { year, month, last: u32::from(first.num_days_in_month()) })
                }
                None => Err(DateError::Month { month }),
            },
        }
    }
}

/// Displays ASCII bytes.
pub(crate) struct Written<const N: usize>(pub(crate) [u8; N]);

impl<const N: usize> fmt::Display for Written<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| fmt::Write::write_char(f, char::from(byte)))
    }
}
