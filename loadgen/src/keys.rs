//! Keys of changes: with its key a request is carried out once, however often it is sent.

use crate::names::{Random, random_seed};

/// The two digits of every byte.
static DIGIT_PAIRS: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < pairs.len() {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 0xf]];
        byte += 1;
    }
    pairs
};

/// A generator of keys with 32 lower-case hexadecimal digits. They protect nothing but a test, so they need
/// not be hard to predict.
#[derive(Debug)]
pub struct Keys([Random; 2]);

impl Keys {
    /// A generator whose keys differ from those of every other one.
    pub fn new() -> Self {
        Self([(); 2].map(|()| Random::new(random_seed())))
    }

    /// Adds a new key to the request that ends `lines` with its line feed.
    #[inline]
    pub fn add_to_last(&mut self, lines: &mut Vec<u8>) {
        let mut option = *b" key=................................\n";
        let [high, low] = &mut self.0;
        let key = (u128::from(high.draw()) << 64 | u128::from(low.draw())).to_be_bytes();
        for (digits, byte) in option[b" key=".len()..].chunks_exact_mut(2).zip(key) {
            digits.copy_from_slice(&DIGIT_PAIRS[usize::from(byte)]);
        }
        lines.pop();
        lines.extend_from_slice(&option);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_request_gets_another_key_of_32_digits() {
        let mut lines = Vec::new();
        for mut keys in [Keys::new(), Keys::new()] {
            for _ in 0..1_000 {
                lines.extend_from_slice(b"BOOK e 1\n");
                keys.add_to_last(&mut lines);
            }
        }
        let lines = String::from_utf8(lines).unwrap();
        let keys: HashSet<_> =
            lines.lines().map(|line| line.strip_prefix("BOOK e 1 key=").unwrap()).collect();
        assert_eq!(keys.len(), 2_000);
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        assert!(keys.iter().all(|key| key.len() == 32 && key.bytes().all(is_digit)), "{keys:?}");
    }
}
