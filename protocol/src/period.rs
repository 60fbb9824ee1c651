//! Periods: the consecutive hours that an entry fills.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::date::Date;
use crate::hour::Slot;
use crate::limits::ENTRY_HOURS_MAX;
use crate::number::parse_digits;

/// The number of hours of an entry, 1 to [`ENTRY_HOURS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hours(u8);

/// The text is not a number of hours. The message continues a sentence that begins with the text:
/// `hours "25" is not …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a number of hours: write a whole number from 1 to {ENTRY_HOURS_MAX} in digits only")]
pub struct HoursError;

impl Hours {
    /// One hour: the default.
    pub const ONE: Self = Self(1);

    /// So many hours. Returns `None` outside of 1 to [`ENTRY_HOURS_MAX`].
    pub const fn new(hours: u8) -> Option<Self> {
        if 1 <= hours && hours <= ENTRY_HOURS_MAX { Some(Self(hours)) } else { None }
    }

    /// The number, 1 to [`ENTRY_HOURS_MAX`].
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The number, as replies show it: `None` if it is one.
    pub const fn above_one(self) -> Option<Self> {
        if self.0 > 1 { Some(self) } else { None }
    }
}

impl Default for Hours {
    fn default() -> Self {
        Self::ONE
    }
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let hours = parse_digits(text.as_bytes()).and_then(|hours| u8::try_from(hours).ok());
        hours.and_then(Self::new).ok_or(HoursError)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u8::deserialize(deserializer)?).ok_or_else(|| de::Error::custom(HoursError))
    }
}

/// Consecutive hours, which may go on after midnight. Periods are ordered by their start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    start: Slot,
    hours: Hours,
}

/// A period would begin before the first date, or not end by 9999-12-31 24:00, the end of the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an entry lies between 01-01-0001 00:00 and 31-12-9999 24:00: choose another start, or fewer hours")]
pub struct PeriodError;

impl Period {
    /// So many hours from `start` on.
    ///
    /// # Errors
    ///
    /// It would not end by the end of the last date.
    pub fn new(start: Slot, hours: Hours) -> Result<Self, PeriodError> {
        let last = start.index() + u32::from(hours.0) - 1;
        Slot::from_index(last).map(|_| Self { start, hours }).ok_or(PeriodError)
    }

    /// The hour from `slot` on.
    pub const fn of_slot(slot: Slot) -> Self {
        Self { start: slot, hours: Hours::ONE }
    }

    /// The first hour.
    pub const fn start(self) -> Slot {
        self.start
    }

    /// How many hours it has.
    pub const fn hours(self) -> Hours {
        self.hours
    }

    /// The indices of its slots.
    pub fn indices(self) -> std::ops::Range<u32> {
        let first = self.start.index();
        first..first + u32::from(self.hours.0)
    }

    /// Its slots, in order.
    pub fn slots(self) -> impl Iterator<Item = Slot> {
        self.indices().filter_map(Slot::from_index)
    }

    /// The date of its last hour: that of the start, or the next one.
    pub fn last_date(self) -> Date {
        let last = Slot::from_index(self.indices().end - 1);
        last.map_or(self.start.date, |slot| slot.date)
    }

    /// The same hours, so many hours later, or earlier if it is negative.
    ///
    /// # Errors
    ///
    /// It would begin before the first date, or not end by the end of the last one.
    pub fn shifted(self, hours: i64) -> Result<Self, PeriodError> {
        Self::new(self.start.shifted(hours).ok_or(PeriodError)?, self.hours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hour::Hour;

    fn slot(date: &str, hour: &str) -> Slot {
        Slot { date: Date::parse(date).unwrap(), hour: Hour::parse(hour).unwrap() }
    }

    #[test]
    fn period_of_24_hours_covers_two_dates_at_most() {
        let period = Period::new(slot("2026-11-21", "22:00"), Hours::new(24).unwrap()).unwrap();
        assert_eq!(period.last_date(), Date::parse("2026-11-22").unwrap());
        assert_eq!(period.slots().count(), 24);
        let from_midnight = Period::new(slot("2026-11-21", "00:00"), Hours::new(24).unwrap()).unwrap();
        assert_eq!(from_midnight.last_date(), from_midnight.start().date);
    }

    #[test]
    fn period_that_leaves_the_dates_is_refused() {
        let last = slot("9999-12-31", "23:00");
        assert!(Period::new(last, Hours::ONE).is_ok());
        assert_eq!(Period::new(last, Hours::new(2).unwrap()), Err(PeriodError));
        assert_eq!(Period::of_slot(last).shifted(1), Err(PeriodError));
        assert_eq!(Period::of_slot(slot("0001-01-01", "00:00")).shifted(-1), Err(PeriodError));
        assert_eq!(Period::of_slot(last).shifted(-1), Ok(Period::of_slot(slot("9999-12-31", "22:00"))));
    }

    #[test]
    fn hours_are_1_to_24() {
        assert_eq!("24".parse(), Ok(Hours(24)));
        for text in ["0", "25", "256", "-1", "1.5", ""] {
            assert_eq!(text.parse::<Hours>(), Err(HoursError), "{text}");
        }
    }
}
