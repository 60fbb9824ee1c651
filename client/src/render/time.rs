//! Moments as people read them, in UTC: the client does not know the rules of the server's time zone.

use bookline_protocol::Timestamp;

/// The moment to the second, as in `2026-11-26 09:57:53 UTC`. The rest of the second is left out, so that no
/// deadline is shown later than it is.
pub fn second(at: Timestamp) -> String {
    let (date, time) = split(at);
    format!("{date} {} UTC", &time[.."hh:mm:ss".len()])
}

/// The moment to the minute, as in `2026-11-26 09:57`, for a column whose header has the zone.
pub fn minute(at: Timestamp) -> String {
    let (date, time) = split(at);
    format!("{date} {}", &time[.."hh:mm".len()])
}

/// The date, and the time from the hour to the zone.
fn split(at: Timestamp) -> (String, String) {
    let mut date = at.to_string();
    let time = date.split_off("yyyy-mm-ddT".len());
    date.truncate("yyyy-mm-dd".len());
    (date, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moment_is_shown_in_utc_without_the_rest_of_the_second() {
        let at: Timestamp = "2026-11-26T10:57:59.999999+01:00".parse().unwrap();
        assert_eq!(second(at), "2026-11-26 09:57:59 UTC");
        assert_eq!(minute(at), "2026-11-26 09:57");
        assert_eq!(second(Timestamp::MAX), "9999-12-31 23:59:59 UTC");
        assert_eq!(second(Timestamp(i64::MIN)), "0001-01-01 00:00:00 UTC");
    }
}
