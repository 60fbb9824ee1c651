//! The name of a cluster.

use std::fmt;
use std::str::FromStr;

/// The longest name of a cluster, in bytes. It is part of the name of a stream, which is that of a directory.
const BYTES_MAX: usize = 32;

/// The name of a cluster: 1 to 32 letters, digits, `-` and `_` of ASCII, so that it can be part of the names
/// of streams and subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterName(Box<str>);

impl ClusterName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClusterName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if (1..=BYTES_MAX).contains(&text.len()) && text.bytes().all(is_valid) {
            Ok(Self(text.into()))
        } else {
            Err(format!("it is 1 to {BYTES_MAX} letters, digits, - and _, as in sales"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_of_plain_characters() {
        for valid in ["sales", "a", "Box-Office_2", &"x".repeat(BYTES_MAX)] {
            assert_eq!(valid.parse::<ClusterName>().map(|name| name.to_string()), Ok(valid.to_owned()));
        }
        for invalid in ["", "two words", "a.b", "sales*", "größe", &"x".repeat(BYTES_MAX + 1)] {
            assert!(invalid.parse::<ClusterName>().is_err(), "{invalid:?}");
        }
    }
}
