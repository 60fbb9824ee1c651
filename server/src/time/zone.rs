//! The civil time of a moment in the server's zone.

use bookline_protocol::Slot;
use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use chrono_tz::Tz;

const DAY_MICROS: i64 = 86_400_000_000;

/// 1970-01-01 as [`bookline_protocol::Date::day_number`] counts days.
const UNIX_EPOCH_DAY: i64 = 719_163;

/// A moment before 0001-01-02 or after 9999-12-30 is clamped to these: on every day in between, the date is a
/// date of the protocol in every zone.
pub const MICROS_MIN: i64 = (2 - UNIX_EPOCH_DAY) * DAY_MICROS;
pub const MICROS_MAX: i64 = (3_652_059 - UNIX_EPOCH_DAY) * DAY_MICROS - 1;

/// The time zone of calendar hours.
#[derive(Debug, Clone, Copy)]
pub struct Zone(Tz);

impl Zone {
    pub fn new(zone: Tz) -> Self {
        Self(zone)
    }

    /// The IANA name of the zone.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// A moment, in microseconds since 1970 (UTC), as RFC 3339 with the zone's offset.
    pub fn text(&self, micros: i64) -> String {
        self.civil(micros).to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    /// The hour of a moment, in microseconds since 1970 (UTC).
    pub fn slot(&self, micros: i64) -> Slot {
        let civil = self.civil(micros);
        let index = civil.num_days_from_ce().unsigned_abs() * 24 + civil.hour();
        Slot::from_index(index)
            .unwrap_or_else(|| crate::fatal(&format!("{civil} is outside of the calendar")))
    }

    fn civil(&self, micros: i64) -> DateTime<Tz> {
        // It succeeds: chrono's calendar contains the protocol's.
        DateTime::<Utc>::from_timestamp_micros(micros.clamp(MICROS_MIN, MICROS_MAX))
            .unwrap_or_default()
            .with_timezone(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use bookline_protocol::Date;
    use chrono_tz::TZ_VARIANTS;

    use super::*;

    #[test]
    fn time_is_read_in_the_zone() {
        let zone = Zone::new(Tz::Asia__Kolkata);
        let micros = 1_795_257_000_000_000;
        assert_eq!(zone.text(micros), "2026-11-21T16:00:00+05:30");
        let slot = zone.slot(micros);
        assert_eq!(
            (slot.date.iso().to_string(), slot.hour.to_string()),
            ("2026-11-21".into(), "16:00".into())
        );
        assert_eq!(Zone::new(Tz::UTC).text(-1_000_000), "1969-12-31T23:59:59+00:00");
    }

    #[test]
    fn time_outside_of_the_calendar_is_clamped_in_every_zone() {
        for (micros, year) in [
            (i64::MIN, 1),
            (-62_135_596_800_000_000, 1),      // 0001-01-01
            (253_402_300_799_000_000, 9999),   // 9999-12-31
            (253_402_300_800_000_000, 9999),   // 10000-01-01
            (8_210_266_876_800_000_000, 9999), // the end of chrono's calendar
            (i64::MAX, 9999),
        ] {
            for zone in TZ_VARIANTS {
                let server_zone = Zone::new(zone);
                let time = DateTime::parse_from_rfc3339(&server_zone.text(micros)).expect("RFC 3339");
                assert_eq!(time.year(), year, "{zone}: {time}");
                let slot = server_zone.slot(micros);
                assert_eq!(slot.date.naive().year(), year, "{zone}");
                assert!(Date::from_naive(time.date_naive()).is_some(), "{zone}: {time}");
            }
        }
        for (micros, year) in [(MICROS_MIN, 1), (MICROS_MAX, 9999)] {
            assert_eq!(DateTime::<Utc>::from_timestamp_micros(micros).expect("it is in range").year(), year);
        }
    }
}
