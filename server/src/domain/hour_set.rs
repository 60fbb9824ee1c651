//! Sets of hours of a day.

use std::ops::Range;

use bookline_protocol::{Hour, Hours};

/// A set of hours of a day: bit n is hour n.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HourSet(u32);

impl HourSet {
    /// The hours with these numbers, which are at most 24.
    pub fn of(numbers: Range<u8>) -> Self {
        Self(numbers.fold(0, |bits, number| bits | 1 << number))
    }

    pub fn insert(&mut self, hour: Hour) {
        self.0 |= 1 << hour.get();
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The hours of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The hours that are not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The hours from which on so many consecutive ones are in the set.
    #[must_use]
    pub fn starts_of(self, hours: Hours) -> Self {
        Self((1..hours.get()).fold(self.0, |starts, later| starts & self.0 >> later))
    }

    /// Removes and returns the earliest hour.
    pub fn pop_first(&mut self) -> Option<Hour> {
        let hour = Hour::new(u8::try_from(self.0.trailing_zeros()).ok()?)?;
        self.0 &= self.0 - 1;
        Some(hour)
    }

    /// The hours, earliest first.
    pub fn iter(mut self) -> impl Iterator<Item = Hour> {
        std::iter::from_fn(move || self.pop_first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(set: HourSet) -> Vec<u8> {
        set.iter().map(Hour::get).collect()
    }

    #[test]
    fn hours_are_iterated_in_order() {
        assert_eq!(numbers(HourSet::of(22..24)), [22, 23]);
        assert_eq!(numbers(HourSet::of(0..24)), (0..24).collect::<Vec<_>>());
        assert!(HourSet::of(9..9).is_empty());
    }

    #[test]
    fn starts_have_enough_hours_behind_them() {
        let mut busy = HourSet::default();
        busy.insert(Hour::new(12).unwrap());
        let free = HourSet::of(9..17).without(busy);
        let starts = |hours| numbers(free.starts_of(Hours::new(hours).unwrap()));
        assert_eq!(starts(1), [9, 10, 11, 13, 14, 15, 16]);
        assert_eq!(starts(3), [9, 13, 14]);
        assert_eq!(starts(4), [13]);
        assert!(starts(5).is_empty());
        let day = HourSet::of(0..24);
        assert_eq!(numbers(day.starts_of(Hours::new(24).unwrap())), [0]);
    }
}
