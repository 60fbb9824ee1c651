//! Ranges of dates.

use thiserror::Error;

use crate::date::Date;

/// The dates from one to another, both included. It has at least one date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateRange {
    first: Date,
    last: Date,
}

/// The last date is before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the last date, {}, is before the first, {}: write the earlier one first", .last.iso(), .first.iso())]
pub struct DateRangeError {
    first: Date,
    last: Date,
}

impl DateRange {
    /// The dates from `first` to `last`.
    ///
    /// # Errors
    ///
    /// `last` is before `first`.
    pub fn new(first: Date, last: Date) -> Result<Self, DateRangeError> {
        if first <= last { Ok(Self { first, last }) } else { Err(DateRangeError { first, last }) }
    }

    /// The first date.
    pub const fn first(self) -> Date {
        self.first
    }

    /// The last date.
    pub const fn last(self) -> Date {
        self.last
    }

    /// The number of dates, at least 1.
    pub fn days(self) -> u32 {
        self.last.day_number() - self.first.day_number() + 1
    }

    /// The dates on or after `date`, earliest first.
    pub fn dates_from(self, date: Date) -> impl Iterator<Item = Date> {
        let (first, last) = (date.max(self.first).day_number(), self.last.day_number());
        (first..=last).filter_map(Date::from_day_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn range_includes_both_dates() {
        let range = DateRange::new(date("2026-11-30"), date("2026-12-01")).unwrap();
        assert_eq!(range.days(), 2);
        assert!(range.dates_from(range.first()).eq([date("2026-11-30"), date("2026-12-01")]));
        assert!(range.dates_from(date("2020-01-01")).eq([date("2026-11-30"), date("2026-12-01")]));
        assert_eq!(range.dates_from(date("2026-12-02")).count(), 0);
        assert_eq!(DateRange::new(date("2026-11-30"), date("2026-11-30")).unwrap().days(), 1);
        assert!(DateRange::new(date("2026-11-30"), date("2026-11-29")).is_err());
    }
}
