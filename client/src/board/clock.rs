//! The server's time, in its time zone.

use std::time::{Duration, Instant};

use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::{Date, Timestamp};

use crate::render::server_time::ServerZone;

/// The time zone of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its name.
    pub name: String,
    rules: ServerZone,
}

/// The server's time: that of its last HELLO, and what has passed since.
#[derive(Clone, Debug)]
pub struct ServerClock {
    pub zone: Zone,
    /// The server's time at `at`.
    time: Timestamp,
    at: Instant,
}

impl Zone {
    /// The zone with this name, or UTC if this version of the client does not know it.
    pub fn named(name: &str) -> Self {
        match ServerZone::of(name, "") {
            Some(rules) => Self { name: name.to_owned(), rules },
            None => Self { name: "UTC".to_owned(), rules: ServerZone::UTC },
        }
    }

    /// The date at this moment. A moment outside of the dates has the first or the last of them.
    pub fn date(&self, at: Timestamp) -> Date {
        let nearest = if at <= Timestamp::MIN { "0001-01-01" } else { "9999-12-31" };
        Date::from_naive(self.rules.local(at).date()).or_else(|| Date::parse(nearest)).expect("a date")
    }

    /// The time of day at this moment, as in `10:31:07`.
    pub fn time(&self, at: Timestamp) -> String {
        self.rules.local(at).format("%H:%M:%S").to_string()
    }
}

impl ServerClock {
    /// The clock of a server that has just replied to HELLO. `None` if the reply has no moment.
    pub fn of_hello(hello: &HelloReply<'_>, at: Instant) -> Option<Self> {
        Some(Self { zone: Zone::named(&hello.time_zone), time: hello.now.parse().ok()?, at })
    }

    /// The server's time when it is `now` here.
    pub fn time(&self, now: Instant) -> Timestamp {
        let passed = now.saturating_duration_since(self.at).as_micros();
        Timestamp(self.time.0.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX)))
    }

    /// Learns that the server's time is at least this: HELLO leaves out the rest of the second.
    pub fn observe(&mut self, time: Timestamp, now: Instant) {
        if time > self.time(now) {
            (self.time, self.at) = (time, now);
        }
    }
}

/// A moment that is so much later.
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_decides_the_date_and_the_time_of_day() {
        let at: Timestamp = "2026-11-22T23:30:07.5Z".parse().unwrap();
        let prague = Zone::named("Europe/Prague");
        assert_eq!((prague.date(at), &*prague.time(at)), (Date::parse("2026-11-23").unwrap(), "00:30:07"));
        let unknown = Zone::named("Mars/Olympus");
        assert_eq!((&*unknown.name, &*unknown.time(at)), ("UTC", "23:30:07"));
        assert_eq!(prague.date(Timestamp::MAX), Date::parse("9999-12-31").unwrap());
        assert_eq!(Zone::named("America/Lima").date(Timestamp(i64::MIN)), Date::parse("0001-01-01").unwrap());
    }

    #[test]
    fn clock_goes_on_and_only_forward() {
        let hello = r#"{"server":"bookline","version":"1","protocol":1,"welcome":"","max_line":1,
            "time_zone":"Europe/Prague","now":"2026-11-22T12:00:00+01:00"}"#;
        let start = Instant::now();
        let mut clock = ServerClock::of_hello(&serde_json::from_str(hello).unwrap(), start).unwrap();
        let noon: Timestamp = "2026-11-22T11:00:00Z".parse().unwrap();
        let second = Duration::from_secs(1);
        assert_eq!(clock.time(start + second), later(noon, second));
        clock.observe(later(noon, second), start);
        assert_eq!(clock.time(start), later(noon, second));
        clock.observe(noon, start);
        assert_eq!(clock.time(start), later(noon, second));
    }
}
