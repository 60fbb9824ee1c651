//! Lines that are written millions of times with other numbers in them.

use std::ops::Range;

/// A line with fields for a number, a day and an hour. It keeps the last values: a number that has not
/// changed costs nothing.
///
/// The fields are written `######` or `############` (the number, with six digits or twelve),
/// `@@@@@@@@@@` (the day) and `%%` (the hour). All number fields hold the same number.
#[derive(Clone, Debug)]
pub struct Template {
    line: Vec<u8>,
    numbers: Vec<Range<usize>>,
    day: Option<usize>,
    hour: Option<usize>,
    number: u64,
}

/// Digits that are written at a time.
const DIGITS_CHUNK: usize = 6;

/// The two digits of every number below 100.
static DIGIT_PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < pairs.len() {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

impl Template {
    /// The number is 0 at first.
    pub fn new(text: &str) -> Self {
        let numbers = text.match_indices('#').fold(Vec::<Range<usize>>::new(), |mut runs, (at, _)| {
            match runs.last_mut() {
                Some(run) if run.end == at => run.end = at + 1,
                _ => runs.push(at..at + 1),
            }
            runs
        });
        let line = text.replace('#', "0").into_bytes();
        Self { line, numbers, day: text.find('@'), hour: text.find('%'), number: 0 }
    }

    /// The line with this number.
    #[inline]
    pub fn with(&mut self, number: u64) -> &[u8] {
        if self.number != number {
            self.set(number);
        }
        &self.line
    }

    /// The line with this number, day and hour.
    #[inline]
    pub fn with_hour(&mut self, number: u64, (day, hour): ([u8; 10], u8)) -> &[u8] {
        if let Some(at) = self.day {
            self.line[at..at + 10].copy_from_slice(&day);
        }
        if let Some(at) = self.hour {
            self.line[at..at + 2].copy_from_slice(&DIGIT_PAIRS[usize::from(hour)]);
        }
        self.with(number)
    }

    #[inline]
    fn set(&mut self, number: u64) {
        self.number = number;
        if let Some((first, others)) = self.numbers.split_first() {
            let mut rest = number;
            for digits in self.line[first.clone()].rchunks_exact_mut(DIGITS_CHUNK) {
                digits.copy_from_slice(&six_digits((rest % 1_000_000) as u32));
                rest /= 1_000_000;
            }
            for other in others {
                self.line.copy_within(first.clone(), other.start);
            }
        }
    }
}

#[inline]
fn six_digits(number: u32) -> [u8; DIGITS_CHUNK] {
    let pair = |number: u32| DIGIT_PAIRS[(number % 100) as usize];
    let ([a, b], [c, d], [e, f]) = (pair(number / 10_000), pair(number / 100), pair(number));
    [a, b, c, d, e, f]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_hold_the_given_number_day_and_hour() {
        let mut book = Template::new("BOOK e-###### 1\n");
        assert_eq!(book.with(0), b"BOOK e-000000 1\n");
        assert_eq!(book.with(42), b"BOOK e-000042 1\n");
        assert_eq!(book.with(42), b"BOOK e-000042 1\n");
        assert_eq!(book.with(999_999), b"BOOK e-999999 1\n");
        assert_eq!(book.with(0), b"BOOK e-000000 1\n");

        let mut meet = Template::new("MEET p############a @@@@@@@@@@ %%:00 t p############b\n");
        let line = b"MEET p000012345678a 31-12-9999 09:00 t p000012345678b\n";
        assert_eq!(meet.with_hour(12_345_678, (*b"31-12-9999", 9)), line);
    }
}
