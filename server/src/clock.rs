//! The time in the server's zone.

use std::time::{SystemTime, UNIX_EPOCH};

use bookline_protocol::Slot;
use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use chrono_tz::Tz;

const DAY_MICROS: i64 = 86_400_000_000;

/// 1970-01-01 as [`bookline_protocol::Date::day_number`] counts days.
const UNIX_EPOCH_DAY: i64 = 719_163;

/// A clock before 0001-01-02 or after 9999-12-30 is clamped to these: on every day in between, the date is a
/// date of the protocol in every zone.
const MICROS_MIN: i64 = (2 - UNIX_EPOCH_DAY) * DAY_MICROS;
const MICROS_MAX: i64 = (3_652_059 - UNIX_EPOCH_DAY) * DAY_MICROS - 1;

#[derive(Debug, Clone, Copy)]
pub struct Clock {
    zone: Tz,
}

impl Clock {
    pub fn new(zone: Tz) -> Self {
        Self { zone }
    }

    /// The IANA name of the zone.
    pub fn zone_name(&self) -> &'static str {
        self.zone.name()
    }

    /// Now, as RFC 3339 with the zone's offset.
    pub fn now_text(&self) -> String {
        self.text_at(SystemTime::now())
    }

    /// The current hour.
    pub fn current_slot(&self) -> Slot {
        self.slot_at(SystemTime::now())
    }

    fn text_at(&self, moment: SystemTime) -> String {
        self.read_at(moment).to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    fn slot_at(&self, moment: SystemTime) -> Slot {
        let read = self.read_at(moment);
        let index = read.num_days_from_ce().unsigned_abs() * 24 + read.hour();
        Slot::from_index(index).unwrap_or_else(|| crate::fatal(&format!("{read} is outside of the calendar")))
    }

    fn read_at(&self, moment: SystemTime) -> DateTime<Tz> {
        // It succeeds: chrono's calendar contains the protocol's.
        DateTime::<Utc>::from_timestamp_micros(micros_at(moment))
            .unwrap_or_default()
            .with_timezone(&self.zone)
    }
}

/// Microseconds since 1970 (UTC).
pub fn micros() -> i64 {
    micros_at(SystemTime::now())
}

fn micros_at(moment: SystemTime) -> i64 {
    let micros = |length: u128| i64::try_from(length).unwrap_or(i64::MAX);
    let micros = match moment.duration_since(UNIX_EPOCH) {
        Ok(since) => micros(since.as_micros()),
        Err(before) => -micros(before.duration().as_micros()),
    };
    micros.clamp(MICROS_MIN, MICROS_MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bookline_protocol::Date;
    use chrono_tz::TZ_VARIANTS;

    use super::*;

    fn after_1970(seconds: u64) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).expect("the system can represent it")
    }

    fn before_1970(seconds: u64) -> SystemTime {
        UNIX_EPOCH.checked_sub(Duration::from_secs(seconds)).expect("the system can represent it")
    }

    #[test]
    fn time_is_read_in_the_zone() {
        let clock = Clock::new(Tz::Asia__Kolkata);
        let moment = after_1970(1_795_257_000);
        assert_eq!(clock.text_at(moment), "2026-11-21T16:00:00+05:30");
        let slot = clock.slot_at(moment);
        assert_eq!(
            (slot.date.iso().to_string(), slot.hour.to_string()),
            ("2026-11-21".into(), "16:00".into())
        );
        assert_eq!(micros_at(moment), 1_795_257_000_000_000);
        assert_eq!(micros_at(before_1970(1)), -1_000_000);
        assert_eq!(Clock::new(Tz::UTC).text_at(before_1970(1)), "1969-12-31T23:59:59+00:00");
    }

    #[test]
    fn time_outside_of_the_calendar_is_clamped_in_every_zone() {
        const FAR: u64 = 1 << 62;
        for (moment, year) in [
            (before_1970(FAR), 1),
            (before_1970(62_135_596_800), 1), // 0001-01-01
            (after_1970(253_402_300_799), 9999),
            (after_1970(253_402_300_800), 9999),   // 10000-01-01
            (after_1970(8_210_266_876_800), 9999), // the end of chrono's calendar
            (after_1970(FAR), 9999),
        ] {
            for zone in TZ_VARIANTS {
                let clock = Clock::new(zone);
                let time = DateTime::parse_from_rfc3339(&clock.text_at(moment)).expect("RFC 3339");
                assert_eq!(time.year(), year, "{zone}: {time}");
                let slot = clock.slot_at(moment);
                assert_eq!(slot.date.naive().year(), year, "{zone}");
                assert!(Date::from_naive(time.date_naive()).is_some(), "{zone}: {time}");
            }
            let micros = micros_at(moment);
            assert_eq!(DateTime::<Utc>::from_timestamp_micros(micros).expect("it is in range").year(), year);
        }
    }
}
