//! Civil time and instants.

use std::rc::Rc;

use chrono::{NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::ical::described_zone::DescribedZone;

/// A time zone.
#[derive(Clone, Debug)]
pub enum Zone {
    /// A zone of the IANA database.
    Iana(Tz),
    /// A zone that a file describes.
    Described(Rc<DescribedZone>),
}

impl Zone {
    pub const UTC: Self = Self::Iana(Tz::UTC);

    /// The difference of civil time and UTC at an instant, given in UTC.
    pub fn offset_at(&self, instant: NaiveDateTime) -> TimeDelta {
        match self {
            Self::Iana(zone) => {
                let offset = zone.offset_from_utc_datetime(&instant).fix();
                TimeDelta::seconds(offset.local_minus_utc().into())
            }
            Self::Described(zone) => zone.offset_at(instant),
        }
    }

    /// The civil time at an instant, given in UTC.
    pub fn civil(&self, instant: NaiveDateTime) -> NaiveDateTime {
        instant.checked_add_signed(self.offset_at(instant)).unwrap_or(instant)
    }

    /// The instant of a civil time, in UTC. A civil time that the zone skips is as much later as the zone
    /// skips, one that it repeats is the first of the two.
    pub fn instant(&self, civil: NaiveDateTime) -> NaiveDateTime {
        // No zone changes its offset twice within two days, or has one of more than a day.
        const DAY: TimeDelta = TimeDelta::days(1);
        let minus = |offset: TimeDelta| civil.checked_sub_signed(offset).unwrap_or(civil);
        let before = self.offset_at(civil.checked_sub_signed(DAY).unwrap_or(civil));
        let after = self.offset_at(civil.checked_add_signed(DAY).unwrap_or(civil));
        let is_valid = |offset| self.offset_at(minus(offset)) == offset;
        if !is_valid(before) && is_valid(after) { minus(after) } else { minus(before) }
    }

    /// The civil time, where the zone has it, else the one that is as much later as the zone skips.
    pub fn existing(&self, civil: NaiveDateTime) -> NaiveDateTime {
        self.civil(self.instant(civil))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    #[test]
    fn skipped_civil_time_is_an_hour_later() {
        let berlin = Zone::Iana(Tz::Europe__Berlin);
        assert_eq!(berlin.instant(time("2027-03-28 02:30")), time("2027-03-28 01:30"));
        assert_eq!(berlin.existing(time("2027-03-28 02:30")), time("2027-03-28 03:30"));
        let new_york = Zone::Iana(Tz::America__New_York);
        assert_eq!(new_york.existing(time("2027-03-14 02:00")), time("2027-03-14 03:00"));
        // A whole day is missing.
        let apia = Zone::Iana(Tz::Pacific__Apia);
        assert_eq!(apia.existing(time("2011-12-30 10:00")), time("2011-12-31 10:00"));
    }

    #[test]
    fn repeated_civil_time_is_the_first_of_the_two() {
        let berlin = Zone::Iana(Tz::Europe__Berlin);
        assert_eq!(berlin.instant(time("2026-10-25 02:00")), time("2026-10-25 00:00"));
        assert_eq!(berlin.instant(time("2026-10-25 03:00")), time("2026-10-25 02:00"));
        let new_york = Zone::Iana(Tz::America__New_York);
        assert_eq!(new_york.instant(time("2026-11-01 01:00")), time("2026-11-01 05:00"));
        assert_eq!(new_york.instant(time("2026-11-01 02:00")), time("2026-11-01 07:00"));
    }

    #[test]
    fn other_civil_times_are_the_same_before_and_after() {
        for zone in [Tz::Europe__Berlin, Tz::America__New_York, Tz::UTC, Tz::Australia__Lord_Howe] {
            let zone = Zone::Iana(zone);
            let mut civil = time("2026-01-01 12:00");
            while civil < time("2028-01-01 00:00") {
                assert_eq!(zone.existing(civil), civil);
                civil += TimeDelta::days(1);
            }
        }
    }
}
