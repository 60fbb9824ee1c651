//! Whole numbers in ASCII digits.

/// Parses a number. `None` if there is no digit, or anything else. A number above [`u32::MAX`] is parsed as
/// that: it is above every limit of the protocol.
#[inline]
pub(crate) fn parse_digits(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    let mut number: u32 = 0;
    for digit in digits {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        number = number.saturating_mul(10).saturating_add(u32::from(value));
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::parse_digits;

    #[test]
    fn only_digits_are_a_number() {
        for (text, number) in [("0", 0), ("007", 7), ("4294967295", u32::MAX), ("99999999999", u32::MAX)] {
            assert_eq!(parse_digits(text.as_bytes()), Some(number), "{text}");
        }
        for text in ["", "-1", "+1", "1 ", "1a", "١"] {
            assert_eq!(parse_digits(text.as_bytes()), None, "{text}");
        }
    }
}
