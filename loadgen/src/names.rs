//! Ids of the run's events and people, and the hours of its calendar entries. Ids of a kind have the same
//! length, so that lines are written and read by position.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use bookline_protocol::{Date, Hour, Slot};

use crate::config::EVENTS_MAX;

/// Digits in the number of an event.
pub const EVENT_DIGITS: usize = 6;

const _: () = assert!(EVENTS_MAX == 10u32.pow(EVENT_DIGITS as u32));

/// The date of the run's events: a listing by date shows them after all real ones.
pub const EVENT_DATE: &str = "9999-12-31";

/// The first and the last day of calendar entries. HOD looks back from now and does not reach them.
const ENTRY_DAYS: [&str; 2] = ["9990-01-01", "9999-12-31"];

/// A random number, written with eight digits, that distinguishes the runs on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunId(pub u32);

impl RunId {
    /// A new one.
    pub fn random() -> Self {
        Self((random_seed() >> 32) as u32)
    }

    /// What the ids of its events begin with. The number follows.
    pub fn event_prefix(self) -> String {
        format!("bench-{self}-")
    }

    /// The id of an event, with a template's `######` for its number.
    pub fn event_template(self) -> String {
        format!("bench-{self}-######")
    }

    /// The id of the event with this number.
    pub fn event_id(self, number: u32) -> String {
        format!("bench-{self}-{number:06}")
    }

    /// The id of a person of a calendar entry, with a template's `############` for the number of the
    /// entry. `role` distinguishes the people of one entry.
    pub fn person_template(self, role: char) -> String {
        format!("bench-{self}-p############{role}")
    }

    /// The id of a person of the calendar entry with this number.
    pub fn person_id(self, role: char, number: u64) -> String {
        format!("bench-{self}-p{number:012}{role}")
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// The number of an event, from the end of its id.
pub fn parse_event_number(digits: &[u8]) -> Option<u32> {
    if digits.len() != EVENT_DIGITS {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| match digit {
        b'0'..=b'9' => Some(number * 10 + u32::from(digit - b'0')),
        _ => None,
    })
}

/// A random number from the standard library, which keys its hash tables with the system's random numbers.
pub fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A pseudorandom generator (splitmix64). It takes a few instructions per number, as each request needs
/// one.
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    #[inline]
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// The next number, below `bound`.
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        scale(self.draw() >> 32, bound)
    }
}

/// The output function of splitmix64.
#[inline]
const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Maps 32 random bits to a number below `bound`.
#[inline]
const fn scale(bits: u64, bound: u32) -> u32 {
    ((bits * bound as u64) >> 32) as u32
}

/// The hours of calendar entries. The hour of an entry follows from its number.
#[derive(Debug)]
pub struct EntryHours {
    seed: u64,
    first_day: u32,
    /// Each day as requests write it.
    days: Vec<[u8; 10]>,
}

impl EntryHours {
    /// All hours of [`ENTRY_DAYS`], in an order that depends on `seed`.
    pub fn new(seed: u64) -> Self {
        let [first, last] = ENTRY_DAYS.map(|date| Date::parse(date).map_or(0, Date::day_number));
        let mut written = Vec::with_capacity(10);
        let days = (first..=last).filter_map(Date::from_day_number).map(|date| {
            written.clear();
            date.write_dmy(&mut written);
            *written.first_chunk().unwrap_or(&[b'?'; 10])
        });
        Self { seed, first_day: first, days: days.collect() }
    }

    /// The day of an entry, as requests write it, and its hour.
    #[inline]
    pub fn of(&self, entry: u64) -> ([u8; 10], u8) {
        let (day, hour) = self.position(entry);
        (self.days[day as usize], hour)
    }

    /// The day and hour of an entry as the protocol's type.
    pub fn slot(&self, entry: u64) -> Option<Slot> {
        let (day, hour) = self.position(entry);
        Some(Slot { date: Date::from_day_number(self.first_day + day)?, hour: Hour::new(hour)? })
    }

    #[inline]
    fn position(&self, entry: u64) -> (u32, u8) {
        let bits = mix(self.seed.wrapping_add(entry));
        (scale(bits >> 32, self.days.len() as u32), scale(bits & u64::from(u32::MAX), 24) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_of_an_entry_is_its_written_day_and_hour() {
        let hours = EntryHours::new(7);
        assert_eq!(hours.days.len(), 3652);
        for entry in 0..10_000 {
            let (day, hour) = hours.of(entry);
            let slot = hours.slot(entry).unwrap();
            assert_eq!(slot.date.dmy().to_string().as_bytes(), day);
            assert_eq!(slot.hour.get(), hour);
        }
    }

    #[test]
    fn random_numbers_cover_the_whole_range() {
        let mut random = Random::new(1);
        let mut drawn = [0; 10];
        (0..10_000).for_each(|_| drawn[random.below(10) as usize] += 1);
        assert!(drawn.iter().all(|&times| times > 800), "{drawn:?}");
    }

    #[test]
    fn event_number_has_six_digits() {
        assert_eq!(parse_event_number(b"000042"), Some(42));
        assert_eq!(parse_event_number(b"0x0042"), None);
        assert_eq!(parse_event_number(b"42"), None);
    }
}
