//! A turn: how long a connection is served before the others are.

use crate::clock;

/// Commands in a turn: some 100 µs of bookings.
const COMMANDS_MAX: u64 = 256;

/// Time in a turn, in microseconds. With twenty hostile connections on two threads, whoever sends one command waits for
/// ten turns: some milliseconds, as for a sync of the disk.
const MICROS_MAX: i64 = 300;

/// Work after which to look at the clock. To look takes 25 ns, a twentieth of a booking.
const LOOK_AFTER: u32 = 8;

/// How much is done between two looks at the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Microseconds at the most, like a booking of a few tickets.
    Little = 1,
    /// Anything else.
    Much = LOOK_AFTER as isize,
}

/// The turn that a connection has.
#[derive(Debug, Default)]
pub struct Turn {
    /// When it is over, in microseconds since 1970.
    ends: i64,
    /// Lines taken in it.
    pub commands: u64,
    since_look: u32,
    over: bool,
}

impl Turn {
    /// Begins a turn at `now`. Unless the connection has `rested`, the time of the turn before goes on: bytes that come
    /// as fast as they are executed make one long turn.
    pub fn begin(&mut self, now: i64, rested: bool) {
        if rested {
            self.ends = now + MICROS_MAX;
        }
        *self = Self { ends: self.ends, over: now >= self.ends, ..Self::default() };
    }

    /// Takes note that work was done.
    #[inline]
    pub fn did(&mut self, work: Work) {
        self.since_look += work as u32;
        if self.since_look >= LOOK_AFTER {
            self.since_look = 0;
            self.over |= clock::micros() >= self.ends;
        }
    }

    /// Whether the others come now.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.over || self.commands >= COMMANDS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_ends_by_commands_and_by_time() {
        let (mut turn, now) = (Turn::default(), clock::micros());
        turn.begin(now, true);
        assert!(!turn.is_over());
        turn.commands = COMMANDS_MAX;
        assert!(turn.is_over());

        turn.begin(now - MICROS_MAX, true);
        assert!(!turn.is_over(), "it was not looked at the clock yet");
        for _ in 1..LOOK_AFTER {
            turn.did(Work::Little);
        }
        assert!(!turn.is_over());
        turn.did(Work::Little);
        assert!(turn.is_over());

        turn.begin(now - MICROS_MAX, true);
        turn.did(Work::Much);
        assert!(turn.is_over());
    }

    #[test]
    fn without_a_rest_the_time_goes_on() {
        let mut turn = Turn::default();
        turn.begin(1_000, true);
        turn.begin(1_000 + MICROS_MAX - 1, false);
        assert!(!turn.is_over());
        turn.begin(1_000 + MICROS_MAX, false);
        assert!(turn.is_over());
        turn.begin(1_000 + MICROS_MAX, true);
        assert!(!turn.is_over());
    }
}
