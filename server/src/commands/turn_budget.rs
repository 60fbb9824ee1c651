//! The budget of a turn: how much a connection executes before others are served.

use crate::time::clock::Clock;

/// Commands per turn: some 100 µs of bookings.
const TURN_COMMANDS_MAX: u64 = 256;

/// Time per turn, in microseconds. With twenty connections that pipeline on two threads, a single command
/// waits for ten turns: some milliseconds, as for a sync.
const TURN_MICROS_MAX: i64 = 300;

/// Cost after which the budget reads the clock. Reading it takes 25 ns, a twentieth of a booking.
const CLOCK_READ_COST: u32 = 8;

/// A rough measure of work, from which the budget knows when to read the clock again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Some microseconds at the most, like a booking of a few tickets.
    Low = 1,
    /// Anything else.
    High = CLOCK_READ_COST as isize,
}

#[derive(Debug, Default)]
pub struct TurnBudget {
    /// When the turn is over, in microseconds since 1970.
    deadline_micros: i64,
    /// Lines executed or refused in this turn.
    pub commands: u64,
    cost_since_clock_read: u32,
    is_late: bool,
    /// Whether a command has held locks for long.
    pub has_held_locks: bool,
}

impl TurnBudget {
    /// Begins a turn at `now`. If the connection has not `yielded` since the previous turn, it keeps that
    /// turn's deadline: bytes that arrive as fast as they are executed make one long turn.
    pub fn begin(&mut self, now: i64, yielded: bool) {
        if yielded {
            self.deadline_micros = now + TURN_MICROS_MAX;
        }
        *self = Self {
            deadline_micros: self.deadline_micros,
            is_late: now >= self.deadline_micros,
            ..Self::default()
        };
    }

    /// Charges the cost of work that was done. Reads the clock if much was done since the last time.
    #[inline]
    pub fn charge(&mut self, cost: Cost, clock: &Clock) {
        self.cost_since_clock_read += cost as u32;
        if self.cost_since_clock_read >= CLOCK_READ_COST {
            self.cost_since_clock_read = 0;
            self.is_late |= clock.now() >= self.deadline_micros;
        }
    }

    /// Ends the turn after a command that has held locks for long.
    pub fn end_after_long_locks(&mut self) {
        (self.is_late, self.has_held_locks) = (true, true);
    }

    #[inline]
    pub fn is_exhausted(&self) -> bool {
        self.is_late || self.commands >= TURN_COMMANDS_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::time::source::ManualTime;

    const NOW: i64 = 1_800_000_000_000_000;

    #[test]
    fn budget_is_exhausted_by_commands_or_by_time() {
        let (time, mut budget) = (Arc::new(ManualTime::new(NOW)), TurnBudget::default());
        let clock = Clock::new(time.clone(), None);
        budget.begin(clock.now(), true);
        assert!(!budget.is_exhausted());
        budget.commands = TURN_COMMANDS_MAX;
        assert!(budget.is_exhausted());

        budget.begin(clock.now(), true);
        time.advance(TURN_MICROS_MAX);
        assert!(!budget.is_exhausted(), "the clock was not read yet");
        for _ in 1..CLOCK_READ_COST {
            budget.charge(Cost::Low, &clock);
        }
        assert!(!budget.is_exhausted());
        budget.charge(Cost::Low, &clock);
        assert!(budget.is_exhausted());

        budget.begin(clock.now(), true);
        time.advance(TURN_MICROS_MAX);
        budget.charge(Cost::High, &clock);
        assert!(budget.is_exhausted());
    }

    #[test]
    fn turn_without_a_yield_keeps_the_deadline() {
        let mut budget = TurnBudget::default();
        budget.begin(1_000, true);
        budget.begin(1_000 + TURN_MICROS_MAX - 1, false);
        assert!(!budget.is_exhausted());
        budget.begin(1_000 + TURN_MICROS_MAX, false);
        assert!(budget.is_exhausted());
        budget.begin(1_000 + TURN_MICROS_MAX, true);
        assert!(!budget.is_exhausted());
    }
}
