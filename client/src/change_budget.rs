//! How many changes are printed for a user who types commands meanwhile.

use std::time::Instant;

/// Changes that are printed at once: a few screens, in which the latest are found again.
const BURST_MAX: u32 = 100;

/// Changes that are printed in a second when there are always more: what a user can read at the most, while
/// the line that is typed stays where it is.
const PER_SECOND: u32 = 10;

/// How many changes may be printed, and how many were not.
#[derive(Clone, Copy, Debug)]
pub struct ChangeBudget {
    left: u32,
    /// Until when the budget is filled up.
    filled_at: Option<Instant>,
    left_out: u64,
}

impl Default for ChangeBudget {
    fn default() -> Self {
        Self { left: BURST_MAX, filled_at: None, left_out: 0 }
    }
}

impl ChangeBudget {
    /// Whether one more change is printed. Otherwise it is counted.
    pub fn take(&mut self, now: Instant) -> bool {
        let seconds = self.filled_at.map_or(0.0, |filled_at| now.duration_since(filled_at).as_secs_f64());
        let earned = seconds * f64::from(PER_SECOND);
        if earned >= 1.0 || self.filled_at.is_none() {
            // A float beyond its range becomes the largest integer.
            self.left = self.left.saturating_add(earned as u32).min(BURST_MAX);
            self.filled_at = Some(now);
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                self.left_out += 1;
                false
            }
        }
    }

    /// Counts changes that are not printed for another reason.
    pub fn leave_out(&mut self, changes: u64) {
        self.left_out += changes;
    }

    /// How many changes were not printed since the last call.
    pub fn take_left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn burst_is_printed_and_then_some_a_second() {
        let mut budget = ChangeBudget::default();
        let start = Instant::now();
        let mut printed = |millis: u64, changes: u32| {
            let now = start + Duration::from_millis(millis);
            let printed = (0..changes).filter(|_| budget.take(now)).count();
            (printed, budget.take_left_out())
        };
        assert_eq!(printed(0, 150), (100, 50));
        assert_eq!(printed(99, 5), (0, 5));
        assert_eq!(printed(500, 20), (5, 15));
        assert_eq!(printed(1_500, 3), (3, 0));
        assert_eq!(printed(1_550, 20), (7, 13));
        assert_eq!(printed(3_600_000, 150), (100, 50));
    }

    #[test]
    fn change_every_moment_is_not_all_that_is_earned() {
        let mut budget = ChangeBudget::default();
        let start = Instant::now();
        let printed =
            (0..10_000).filter(|&millis| budget.take(start + Duration::from_millis(millis))).count();
        assert!((195..=200).contains(&printed), "{printed}");
    }
}
