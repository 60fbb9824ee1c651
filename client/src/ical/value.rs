//! Dates, times and durations in an iCalendar file.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::ical::problem::Problem;

/// A date or a time (RFC 5545, sections 3.3.4 and 3.3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Date(NaiveDate),
    /// In a zone that stands elsewhere, or in none.
    Civil(NaiveDateTime),
    Utc(NaiveDateTime),
}

impl Value {
    /// Parses `20261121`, `20261121T220000` or `20261121T220000Z`.
    ///
    /// # Errors
    ///
    /// [`Problem::Moment`].
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let parsed = match text.split_once(['T', 't']) {
            None => date(text).map(Self::Date),
            Some((day, rest)) => match rest.strip_suffix(['Z', 'z']) {
                None => date(day).zip(time(rest)).map(|(date, time)| Self::Civil(date.and_time(time))),
                Some(rest) => date(day).zip(time(rest)).map(|(date, time)| Self::Utc(date.and_time(time))),
            },
        };
        parsed.ok_or_else(|| Problem::Moment { value: excerpt(text) })
    }
}

/// A length of time: days of the calendar, and exact seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    pub days: TimeDelta,
    pub seconds: TimeDelta,
}

impl Length {
    pub const fn of_days(days: i64) -> Self {
        Self { days: TimeDelta::days(days), seconds: TimeDelta::zero() }
    }

    pub const fn exact(seconds: TimeDelta) -> Self {
        Self { days: TimeDelta::zero(), seconds }
    }

    /// Parses a duration, as `PT1H30M`, `P1D` or `P2W` (RFC 5545, section 3.3.6).
    ///
    /// # Errors
    ///
    /// [`Problem::Duration`].
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        Self::parsed(text).ok_or_else(|| Problem::Duration { value: excerpt(text) })
    }

    /// A negative duration is one of nothing.
    fn parsed(text: &str) -> Option<Self> {
        let (is_negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let mut rest = unsigned.strip_prefix('P').filter(|rest| !rest.is_empty())?;
        let (mut days, mut seconds, mut is_time) = (0, 0, false);
        while !rest.is_empty() {
            if let Some(behind) = rest.strip_prefix('T').filter(|_| !is_time) {
                (rest, is_time) = (behind, true);
            }
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            // Six digits of weeks are beyond the year 9999.
            let number: i64 = rest[..digits].parse().ok().filter(|_| digits <= 6)?;
            let unit = rest[digits..].chars().next()?;
            match (is_time, unit) {
                (false, 'W') => days += 7 * number,
                (false, 'D') => days += number,
                (true, 'H') => seconds += 3600 * number,
                (true, 'M') => seconds += 60 * number,
                (true, 'S') => seconds += number,
                _ => return None,
            }
            rest = &rest[digits + unit.len_utf8()..];
        }
        if is_negative {
            (days, seconds) = (0, 0);
        }
        Some(Self { days: TimeDelta::try_days(days)?, seconds: TimeDelta::try_seconds(seconds)? })
    }
}

/// A difference of civil time and UTC, as `+0100` or `-053000` (RFC 5545, section 3.3.14).
pub fn offset(text: &str) -> Option<TimeDelta> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-'])?;
    if digits.len() != 4 && digits.len() != 6 {
        return None;
    }
    let [hours, minutes] = [number(digits, 0..2)?, number(digits, 2..4)?];
    let seconds = if digits.len() == 6 { number(digits, 4..6)? } else { 0 };
    let is_valid = hours < 24 && minutes < 60 && seconds < 60;
    let offset = TimeDelta::seconds((hours * 3600 + minutes * 60 + seconds).into());
    is_valid.then_some(if text.starts_with('-') { -offset } else { offset })
}

fn date(text: &str) -> Option<NaiveDate> {
    if text.len() != 8 {
        return None;
    }
    let year = number(text, 0..4)?.cast_signed();
    NaiveDate::from_ymd_opt(year, number(text, 4..6)?, number(text, 6..8)?).filter(|_| year > 0)
}

fn time(text: &str) -> Option<NaiveTime> {
    if text.len() != 6 {
        return None;
    }
    // 60 is a leap second.
    let second = number(text, 4..6).filter(|&second| second <= 60)?.min(59);
    NaiveTime::from_hms_opt(number(text, 0..2)?, number(text, 2..4)?, second)
}

fn number(text: &str, range: std::ops::Range<usize>) -> Option<u32> {
    text.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// As much of a value as a message shows.
pub fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    text.chars().take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_parsed() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        assert_eq!(Value::parse("20261121"), Ok(Value::Date(day)));
        assert_eq!(Value::parse("20261121T220030"), Ok(Value::Civil(day.and_hms_opt(22, 0, 30).unwrap())));
        assert_eq!(Value::parse("20261121T220060Z"), Ok(Value::Utc(day.and_hms_opt(22, 0, 59).unwrap())));
        for text in ["", "2026-11-21", "20261131", "00000101", "20261121T22", "20261121T250000", "2026112ä"]
        {
            assert!(Value::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_parsed() {
        let length =
            |days, seconds| Length { days: TimeDelta::days(days), seconds: TimeDelta::seconds(seconds) };
        assert_eq!(Length::parse("PT1H30M"), Ok(length(0, 5400)));
        assert_eq!(Length::parse("P1DT12H"), Ok(length(1, 43200)));
        assert_eq!(Length::parse("+P2W"), Ok(length(14, 0)));
        assert_eq!(Length::parse("-PT15M"), Ok(length(0, 0)));
        for text in ["", "P", "PT", "1H", "P1H", "PT1D", "P1DTT1H", "PT9999999H", "PTH", "P1ä"] {
            assert!(Length::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn offsets_are_parsed() {
        assert_eq!(offset("+0100"), Some(TimeDelta::hours(1)));
        assert_eq!(offset("-053030"), Some(-TimeDelta::seconds(5 * 3600 + 30 * 60 + 30)));
        for text in ["0100", "+1", "+2400", "+0160", "+ä00"] {
            assert_eq!(offset(text), None, "{text}");
        }
    }
}
