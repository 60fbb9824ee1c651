//! Hours of a day, and slots: hours of a date.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::date::{Date, two_digits};

/// An hour of a day, 0 to 23, written `hh:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(u8);

/// The text is not an hour. The message continues a sentence that begins with the text:
/// `time "9:00" is not an hour: …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not an hour: write hh:00 from 00:00 to 23:00, as in 09:00")]
pub struct HourError;

impl Hour {
    /// The first hour of a day.
    pub const MIDNIGHT: Self = Self(0);

    /// The hour with this number. Returns `None` above 23.
    pub const fn new(hour: u8) -> Option<Self> {
        if hour < 24 { Some(Self(hour)) } else { None }
    }

    /// Parses `hh:00`, with both digits.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// The number of the hour, 0 to 23.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Appends the hour as `hh:00`.
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&two_digits(self.0.into()));
        out.extend_from_slice(b":00");
    }
}

impl FromStr for Hour {
    type Err = HourError;

    fn from_str(text: &str) -> Result<Self, HourError> {
        match text.as_bytes() {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9', b':', b'0', b'0'] => {
                Self::new((tens - b'0') * 10 + (ones - b'0')).ok_or(HourError)
            }
            _ => Err(HourError),
        }
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:00", self.0)
    }
}

impl Serialize for Hour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// One hour of one day, in the time zone of the server. Slots are ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The day.
    pub date: Date,
    /// The hour of the day.
    pub hour: Hour,
}

impl Slot {
    /// The number of the slot, `day_number * 24 + hour`: 24 to 87,649,439, below 2^27. Consecutive hours have
    /// consecutive numbers.
    pub fn index(self) -> u32 {
        self.date.day_number() * 24 + u32::from(self.hour.0)
    }

    /// The slot so many hours later, or earlier if it is negative. Returns `None` outside of the dates.
    pub fn shifted(self, hours: i64) -> Option<Self> {
        Self::from_index(u32::try_from(i64::from(self.index()) + hours).ok()?)
    }

    /// The inverse of [`Slot::index`]. Returns `None` outside of its range.
    pub fn from_index(index: u32) -> Option<Self> {
        let date = Date::from_day_number(index / 24)?;
        Some(Self { date, hour: Hour((index % 24) as u8) })
    }
}
