//! Series: entries that one request created, its occurrences, which can be changed together.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Characters of the id of a series as written.
const SERIES_ID_CHARS: usize = 16;

/// The id of a series: 64 random bits, written as 16 hexadecimal digits in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub NonZeroU64);

/// The text is not the id of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not the id of a series: 16 hexadecimal digits")]
pub struct SeriesIdError;

impl SeriesId {
    /// Appends the digits.
    pub fn write(self, out: &mut Vec<u8>) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |position: usize| DIGITS[(self.0.get() >> (60 - 4 * position)) as usize & 15];
        out.extend((0..SERIES_ID_CHARS).map(digit));
    }
}

impl FromStr for SeriesId {
    type Err = SeriesIdError;

    fn from_str(text: &str) -> Result<Self, SeriesIdError> {
        let is_id = text.len() == SERIES_ID_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = if is_id { u64::from_str_radix(text, 16).ok() } else { None };
        number.and_then(NonZeroU64::new).map(Self).ok_or(SeriesIdError)
    }
}

impl fmt::Display for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for SeriesId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SeriesId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Which occurrences of a series a request is about. It names one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The named one.
    This,
    /// The named one, and those that start later where they now stand.
    Following,
    /// All of them, past ones too.
    All,
}

/// The word is not one of [`Scope`]. The message continues a sentence that begins with the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a part of a series: write this, following or all")]
pub struct ScopeError;

impl Scope {
    /// The word as written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::This => "this",
            Self::Following => "following",
            Self::All => "all",
        }
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(word: &str) -> Result<Self, ScopeError> {
        let all = [Self::This, Self::Following, Self::All];
        all.into_iter().find(|scope| scope.as_str() == word).ok_or(ScopeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_id_parses_as_it_is_written() {
        for number in [1, 0x5f3a_9c1e_77d2_0b46, u64::MAX] {
            let id = SeriesId(NonZeroU64::new(number).unwrap());
            let mut written = Vec::new();
            id.write(&mut written);
            assert_eq!(String::from_utf8(written).unwrap(), id.to_string());
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["", "0000000000000000", "5f3a9c1e77d20b4", "+f3a9c1e77d20b46"] {
            assert_eq!(text.parse::<SeriesId>(), Err(SeriesIdError), "{text}");
        }
    }

    #[test]
    fn scope_parses_as_it_is_written() {
        for scope in [Scope::This, Scope::Following, Scope::All] {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        for word in ["", "This", "future", "1"] {
            assert_eq!(word.parse::<Scope>(), Err(ScopeError), "{word}");
        }
    }
}
