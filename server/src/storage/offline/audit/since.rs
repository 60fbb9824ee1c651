//! The moment from which on changes are shown.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bookline_protocol::Timestamp;

/// Parses a moment in RFC 3339 format, or how long before now it was, as in `2h`.
pub(super) fn parse_since(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let back = humantime::parse_duration(text).map_err(
        |_| "it is a moment, as in 2026-11-27T05:48:00Z, or how long ago it was, as in 30m, 2h or 7d",
    )?;
    Ok(before(SystemTime::now(), back))
}

/// The moment so long before `now`, at the earliest the first that can be written.
fn before(now: SystemTime, back: Duration) -> Timestamp {
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    let now = micros(now.duration_since(UNIX_EPOCH).unwrap_or_default());
    Timestamp(now.saturating_sub(micros(back))).max(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moment_is_written_as_such_or_as_a_time_back_from_now() {
        let moment: Timestamp = "2026-11-27T05:48:00Z".parse().expect("a moment");
        assert_eq!(parse_since("2026-11-27T06:48:00+01:00"), Ok(moment));
        let now = UNIX_EPOCH + Duration::from_micros(moment.0.unsigned_abs());
        assert_eq!(before(now, Duration::from_secs(7_200)).to_string(), "2026-11-27T03:48:00.000000Z");
        assert_eq!(before(now, Duration::from_secs(u64::MAX)), Timestamp::MIN);
        for text in ["30m", "2h", "7d", "1h 30m"] {
            assert!(parse_since(text).is_ok_and(|since| since < parse_since("0s").expect("now")), "{text}");
        }
        for text in ["", "2", "yesterday", "2026-11-27", "-2h"] {
            assert!(parse_since(text).is_err_and(|why| why.contains("7d")), "{text}");
        }
    }
}
