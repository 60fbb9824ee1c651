//! The way between a server and the stream, in one direction.

use bookline_testkit::Rng;

use super::clock::{MILLI, Micros, SECOND};

/// How the network treats what is sent in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Up,
    Slow,
    Lossy,
    Cut,
}

impl Link {
    pub const BAD: [Self; 3] = [Self::Slow, Self::Lossy, Self::Cut];

    /// How long a message takes. `None` if it is lost.
    pub fn delay(self, rng: &mut Rng) -> Option<Micros> {
        match self {
            Self::Cut => None,
            Self::Lossy if rng.one_in(3) => None,
            Self::Slow if rng.one_in(2) => Some(rng.within(0..6 * SECOND)),
            _ => Some(rng.within(200..2 * MILLI)),
        }
    }
}
