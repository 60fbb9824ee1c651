//! Slots: hours of a date.

use chrono::{Datelike, NaiveDate};

/// A date and an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    pub date: NaiveDate,
    /// From 0 to 23.
    pub hour: u32,
}

impl Slot {
    /// The hours from the first date to this one.
    pub fn index(self) -> i64 {
        (i64::from(self.date.num_days_from_ce()) - 1) * 24 + i64::from(self.hour)
    }

    /// The slot so many hours later, or earlier. `None` outside the years 1 to 9999.
    pub fn later(self, hours: i64) -> Option<Self> {
        let index = self.index() + hours;
        let date = NaiveDate::from_num_days_from_ce_opt((index.div_euclid(24) + 1).try_into().ok()?)?;
        let slot = Self { date, hour: index.rem_euclid(24) as u32 };
        (1..=9_999).contains(&date.year()).then_some(slot)
    }
}
