//! The time, in the server's zone.

use std::time::{SystemTime, UNIX_EPOCH};

use bookline_protocol::{Date, Hour, Slot};
use chrono::{DateTime, SecondsFormat, Timelike, Utc};
use chrono_tz::Tz;

/// Tells the time in one zone.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    zone: Tz,
}

impl Clock {
    /// A clock of this zone.
    pub fn new(zone: Tz) -> Clock {
        Clock { zone }
    }

    /// The zone's IANA name.
    pub fn zone_name(&self) -> &'static str {
        self.zone.name()
    }

    /// Now, as RFC 3339 with the zone's offset.
    pub fn now_text(&self) -> String {
        self.now().to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    /// The hour that is running.
    pub fn current_slot(&self) -> Slot {
        let now = self.now();
        let date = Date::from_naive(now.date_naive());
        let hour = u8::try_from(now.hour()).ok().and_then(Hour::new);
        date.zip(hour).map_or_else(first_slot, |(date, hour)| Slot { date, hour })
    }

    fn now(&self) -> DateTime<Tz> {
        Utc::now().with_timezone(&self.zone)
    }
}

/// Where a clock stands that shows a year outside 1 to 9999.
fn first_slot() -> Slot {
    Slot::from_index(24).unwrap_or_else(|| crate::fatal("the first of January of year 1 is no day"))
}

/// Microseconds since 1970 (UTC).
pub fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
