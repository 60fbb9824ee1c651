//! Moments in the server's time.

use bookline_protocol::Timestamp;
use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use chrono_tz::Tz;

/// The server's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerZone {
    Named(Tz),
    /// This client does not know its name: the offset is the one of the server's time when the connection was
    /// opened.
    Offset(FixedOffset),
}

impl ServerZone {
    pub const UTC: Self = Self::Named(Tz::UTC);

    /// The zone with this name, in which it is `now`, in RFC 3339 format. `None` if both are unknown here.
    pub fn of(name: &str, now: &str) -> Option<Self> {
        let offset = || Some(Self::Offset(*DateTime::parse_from_rfc3339(now).ok()?.offset()));
        name.parse().ok().map(Self::Named).or_else(offset)
    }

    /// The moment as clocks there show it.
    pub fn local(self, at: Timestamp) -> NaiveDateTime {
        let at = at.clamp(Timestamp::MIN, Timestamp::MAX);
        let utc = DateTime::<Utc>::from_timestamp_micros(at.0).unwrap_or_default();
        match self {
            Self::Named(zone) => utc.with_timezone(&zone).naive_local(),
            Self::Offset(offset) => utc.with_timezone(&offset).naive_local(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, now: &str, at: &str) -> String {
        ServerZone::of(name, now).unwrap().local(at.parse().unwrap()).to_string()
    }

    #[test]
    fn moment_is_shown_in_the_time_of_its_own_season() {
        let now = "2026-11-22T12:00:00+01:00";
        assert_eq!(shown("Europe/Prague", now, "2026-11-22T09:31:07Z"), "2026-11-22 10:31:07");
        assert_eq!(shown("Europe/Prague", now, "2026-07-22T09:31:07Z"), "2026-07-22 11:31:07");
        assert_eq!(shown("Moon/Sea", now, "2026-07-22T09:31:07Z"), "2026-07-22 10:31:07");
        assert_eq!(ServerZone::of("Moon/Sea", "noon"), None);
    }

    #[test]
    fn first_and_last_moments_are_shown() {
        let zone = ServerZone::of("Asia/Tokyo", "").unwrap();
        assert_eq!(zone.local(Timestamp(i64::MAX)).date().to_string(), "+10000-01-01");
        assert_eq!(zone.local(Timestamp(i64::MIN)).date().to_string(), "0001-01-01");
    }
}
