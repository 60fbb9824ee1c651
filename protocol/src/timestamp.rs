//! Moments in time.

use std::fmt;
use std::str::FromStr;

use chrono::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::date::{Date, Written, two_digits};

/// A moment, in microseconds since 1970-01-01 00:00 UTC.
///
/// It is written in UTC, as `2026-11-26T09:57:53.123456Z`, and parsed from RFC 3339 with any offset. A moment
/// outside of the years 0001 to 9999 is written as the first or the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// The text is not a moment in RFC 3339 format. The message continues a sentence that begins with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a moment: write it as RFC 3339 does, as in 2026-11-26T09:57:53.123456Z")]
pub struct TimestampError;

const SECOND_MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400 * SECOND_MICROS;

/// The [`Date::day_number`] of 1970-01-01.
const EPOCH_DAY_NUMBER: i64 = 719_163;

/// The [`Date::day_number`] of 9999-12-31.
const LAST_DAY_NUMBER: i64 = 3_652_059;

/// Bytes of a moment as written.
const WRITTEN_BYTES: usize = "2026-11-26T09:57:53.123456Z".len();

impl Timestamp {
    /// 0001-01-01T00:00:00.000000Z, the first moment that can be written.
    pub const MIN: Self = Self((1 - EPOCH_DAY_NUMBER) * DAY_MICROS);

    /// 9999-12-31T23:59:59.999999Z, the last moment that can be written.
    pub const MAX: Self = Self((LAST_DAY_NUMBER + 1 - EPOCH_DAY_NUMBER) * DAY_MICROS - 1);

    /// Appends the moment, as in `2026-11-26T09:57:53.123456Z`.
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.written());
    }

    fn written(self) -> [u8; WRITTEN_BYTES] {
        let micros = self.clamp(Self::MIN, Self::MAX).0;
        let day_number = (micros.div_euclid(DAY_MICROS) + EPOCH_DAY_NUMBER) as u32;
        let micros = micros.rem_euclid(DAY_MICROS);
        let (seconds, micros) = ((micros / SECOND_MICROS) as u32, (micros % SECOND_MICROS) as u32);

        let mut text = *b"0001-01-01T00:00:00.000000Z";
        if let Some(date) = Date::from_day_number(day_number) {
            text[..10].copy_from_slice(&date.iso_bytes());
        }
        let pairs = [
            (11, seconds / 3_600),
            (14, seconds / 60 % 60),
            (17, seconds % 60),
            (20, micros / 10_000),
            (22, micros / 100 % 100),
            (24, micros % 100),
        ];
        for (offset, number) in pairs {
            [text[offset], text[offset + 1]] = two_digits(number);
        }
        text
    }
}

/// Appends the JSON field `"at"` with a comma before it, if the moment is known.
pub(crate) fn write_at(out: &mut Vec<u8>, at: Option<Timestamp>) {
    if let Some(at) = at {
        out.extend_from_slice(b",\"at\":\"");
        at.write(out);
        out.push(b'"');
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let moment = DateTime::parse_from_rfc3339(text).map_err(|_| TimestampError)?;
        Ok(Self(moment.timestamp_micros()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Written(self.written()).fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
