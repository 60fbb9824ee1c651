//! The id of a cluster.

use std::fmt;

use crate::codec::salt::Salt;

/// The id of a cluster, drawn when its stream is created. It is mixed into the checksums of its frames, so
/// that a frame of another cluster is none of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterId(u128);

impl ClusterId {
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// Parses what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Self)
    }

    /// The salt of the frames of this cluster.
    pub fn salt(self) -> Salt {
        Salt::new(self.0.to_be_bytes())
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_parsed_as_it_is_written() {
        let id = ClusterId(0x0123_4567_89ab_cdef);
        assert_eq!(id.to_string(), "00000000000000000123456789abcdef");
        assert_eq!(ClusterId::parse(&id.to_string()), Some(id));
        for invalid in ["", "0123456789abcdef", "00000000000000000123456789ABCDEF", &"g".repeat(32)] {
            assert_eq!(ClusterId::parse(invalid), None, "{invalid}");
        }
    }
}
