//! What a run calls its events and people. Every name of a kind has the same length, so that lines can be written and
//! read by position.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use bookline_protocol::{Date, Hour, Slot};

/// Events of a run: what six digits number.
pub const MAX_EVENTS: u32 = 1_000_000;

/// Digits in the number of an event.
pub const EVENT_DIGITS: usize = 6;

/// The year that events are in: behind everything that is real in a listing, which is by date.
pub const EVENT_DATE: &str = "9999-12-31";

/// Calendar entries are in these years: HOD, which looks back from now, will not come across them.
const ENTRY_YEARS: [&str; 2] = ["9990-01-01", "9999-12-31"];

/// A run, by eight digits that no other one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run(pub u32);

impl Run {
    /// Draws one.
    pub fn draw() -> Self {
        Self((seed() >> 32) as u32)
    }

    /// What the ids of its events begin with: six digits follow.
    pub fn event_prefix(self) -> String {
        format!("bench-{self}-")
    }

    /// The id of an event, with a pattern's `######` for its number.
    pub fn event(self) -> String {
        format!("bench-{self}-######")
    }

    /// The id of the event of this number.
    pub fn event_id(self, number: u32) -> String {
        format!("bench-{self}-{number:06}")
    }

    /// The id of a person of a calendar entry, with a pattern's `############` for the number of the entry; `role`
    /// tells the people of one entry apart.
    pub fn person(self, role: char) -> String {
        format!("bench-{self}-p############{role}")
    }

    /// The id of a person of the calendar entry of this number.
    pub fn person_id(self, role: char, number: u64) -> String {
        format!("bench-{self}-p{number:012}{role}")
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// A number that nobody chose: the standard library keys its hash tables with what the system gives it.
pub fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Numbers that look random (splitmix64): a few instructions each, as there is one for every request.
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scale(mix(self.0) >> 32, bound)
    }
}

/// Spreads the bits of a number over all of it.
#[inline]
const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Brings 32 random bits below `bound`.
#[inline]
const fn scale(bits: u64, bound: u32) -> u32 {
    ((bits * bound as u64) >> 32) as u32
}

/// The hours in which calendar entries are: where an entry is follows from its number.
#[derive(Debug)]
pub struct Hours {
    seed: u64,
    first: u32,
    /// Each day as it is written in requests.
    days: Vec<[u8; 10]>,
}

impl Hours {
    /// Hours of the years that are kept for this, shuffled by `seed`.
    pub fn new(seed: u64) -> Self {
        let [first, last] = ENTRY_YEARS.map(|date| Date::parse(date).map_or(0, Date::day_number));
        let mut written = Vec::with_capacity(10);
        let days = (first..=last).filter_map(Date::from_day_number).map(|date| {
            written.clear();
            date.write_civil(&mut written);
            *written.first_chunk().unwrap_or(&[b'?'; 10])
        });
        Self { seed, first, days: days.collect() }
    }

    /// The day, as it is written, and the hour of an entry.
    #[inline]
    pub fn of(&self, entry: u64) -> ([u8; 10], u8) {
        let (day, hour) = self.place(entry);
        (self.days[day as usize], hour)
    }

    /// The slot of an entry.
    pub fn slot(&self, entry: u64) -> Option<Slot> {
        let (day, hour) = self.place(entry);
        Some(Slot { date: Date::from_day_number(self.first + day)?, hour: Hour::new(hour)? })
    }

    #[inline]
    fn place(&self, entry: u64) -> (u32, u8) {
        let bits = mix(self.seed.wrapping_add(entry));
        (scale(bits >> 32, self.days.len() as u32), scale(bits & u64::from(u32::MAX), 24) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_asked_for_where_it_was_put() {
        let hours = Hours::new(7);
        assert_eq!(hours.days.len(), 3652);
        for entry in 0..10_000 {
            let (day, hour) = hours.of(entry);
            let slot = hours.slot(entry).unwrap();
            assert_eq!(slot.date.civil().to_string().as_bytes(), day);
            assert_eq!(slot.hour.get(), hour);
        }
    }

    #[test]
    fn everything_is_drawn() {
        let mut random = Random::new(1);
        let mut drawn = [0; 10];
        (0..10_000).for_each(|_| drawn[random.below(10) as usize] += 1);
        assert!(drawn.iter().all(|&times| times > 800), "{drawn:?}");
    }
}
