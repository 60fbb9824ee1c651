//! Holds: tickets that are put aside until a deadline.

use bookline_protocol::HoldStatus;
use bookline_protocol::limits::HOLD_SECONDS_MAX;

const SECOND_MICROS: i64 = 1_000_000;

/// A hold. Times are in microseconds since 1970 (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The tickets that it holds, or held until it ended.
    pub tickets: u32,
    pub created: i64,
    /// From then on it cannot be confirmed, whether it is ended already or not.
    pub deadline: i64,
    pub state: HoldState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// Its tickets are put aside.
    Active,
    Ended(EndedHold),
}

/// How and when a hold ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedHold {
    pub end: HoldEnd,
    pub at: i64,
}

/// How a hold ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldEnd {
    Confirmed,
    Released,
    Expired,
}

/// Why a hold cannot be confirmed, extended or released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldRejection {
    Expired {
        deadline: i64,
    },
    MoreThanHeld {
        held: u32,
        requested: u32,
    },
    /// It may live for so many seconds more.
    TooLong {
        seconds_left: u32,
        requested: u32,
    },
    Ended(EndedHold),
}

impl HoldEnd {
    pub fn status(self) -> HoldStatus {
        match self {
            Self::Confirmed => HoldStatus::Confirmed,
            Self::Released => HoldStatus::Released,
            Self::Expired => HoldStatus::Expired,
        }
    }
}

impl Hold {
    /// The hold of a request that is decided `now`.
    pub fn new(tickets: u32, now: i64, seconds: u32) -> Self {
        Self { tickets, created: now, deadline: after(now, seconds), state: HoldState::Active }
    }

    /// Its status at `now`, by its deadline.
    pub fn status(&self, now: i64) -> HoldStatus {
        match self.state {
            HoldState::Active if now >= self.deadline => HoldStatus::Expired,
            HoldState::Active => HoldStatus::Held,
            HoldState::Ended(ended) => ended.end.status(),
        }
    }

    /// Decides whether `requested` of its tickets, by default all, may be booked. Returns their number.
    pub fn decide_confirmation(&self, now: i64, requested: Option<u32>) -> Result<u32, HoldRejection> {
        self.check_active(now)?;
        let requested = requested.unwrap_or(self.tickets);
        if requested > self.tickets {
            return Err(HoldRejection::MoreThanHeld { held: self.tickets, requested });
        }
        Ok(requested)
    }

    /// Decides whether it may end `seconds` after `now`. Returns the new deadline.
    pub fn decide_extension(&self, now: i64, seconds: u32) -> Result<i64, HoldRejection> {
        self.check_active(now)?;
        let left = (after(self.created, HOLD_SECONDS_MAX) - now) / SECOND_MICROS;
        let seconds_left = u32::try_from(left).unwrap_or(0);
        if seconds > seconds_left {
            return Err(HoldRejection::TooLong { seconds_left, requested: seconds });
        }
        Ok(after(now, seconds))
    }

    /// Decides whether its tickets may go back on sale.
    pub fn decide_release(&self, now: i64) -> Result<(), HoldRejection> {
        self.check_active(now)
    }

    /// A hold that ended holds nothing, so that its limits do not matter any more.
    fn check_active(&self, now: i64) -> Result<(), HoldRejection> {
        match (self.status(now), self.state) {
            (HoldStatus::Expired, _) => Err(HoldRejection::Expired { deadline: self.deadline }),
            (_, HoldState::Ended(ended)) => Err(HoldRejection::Ended(ended)),
            (_, HoldState::Active) => Ok(()),
        }
    }
}

fn after(micros: i64, seconds: u32) -> i64 {
    micros + i64::from(seconds) * SECOND_MICROS
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000_000;

    fn seconds_later(seconds: i64) -> i64 {
        NOW + seconds * SECOND_MICROS
    }

    #[test]
    fn hold_is_confirmed_before_its_deadline_and_expired_at_it() {
        let hold = Hold::new(3, NOW, 10);
        assert_eq!(hold.decide_confirmation(hold.deadline - 1, None), Ok(3));
        assert_eq!(hold.decide_confirmation(hold.deadline - 1, Some(2)), Ok(2));
        let expired = HoldRejection::Expired { deadline: seconds_later(10) };
        assert_eq!(hold.decide_confirmation(hold.deadline, None), Err(expired));
        assert_eq!(hold.decide_extension(hold.deadline, 1), Err(expired));
        assert_eq!(hold.decide_release(hold.deadline), Err(expired));
        assert_eq!(hold.status(hold.deadline - 1), HoldStatus::Held);
        assert_eq!(hold.status(hold.deadline), HoldStatus::Expired);
    }

    #[test]
    fn confirmation_of_more_tickets_than_are_held_is_rejected() {
        let hold = Hold::new(3, NOW, 10);
        let above = HoldRejection::MoreThanHeld { held: 3, requested: 4 };
        assert_eq!(hold.decide_confirmation(NOW, Some(4)), Err(above));
    }

    #[test]
    fn hold_lives_two_hours_at_the_most_however_often_it_is_extended() {
        let hold = Hold::new(1, NOW, 10);
        let now = seconds_later(9);
        assert_eq!(hold.decide_extension(now, 7_191), Ok(seconds_later(7_200)));
        let above = HoldRejection::TooLong { seconds_left: 7_191, requested: 7_192 };
        assert_eq!(hold.decide_extension(now, 7_192), Err(above));
        let above = HoldRejection::TooLong { seconds_left: 7_190, requested: 7_191 };
        assert_eq!(hold.decide_extension(now + 1, 7_191), Err(above));
        assert_eq!(hold.decide_extension(now, 1), Ok(seconds_later(10)), "shorter or later alike");
    }

    #[test]
    fn ended_hold_is_rejected_with_how_and_when_it_ended() {
        let ended = EndedHold { end: HoldEnd::Confirmed, at: seconds_later(1) };
        let hold = Hold { state: HoldState::Ended(ended), ..Hold::new(1, NOW, 10) };
        let later = hold.deadline + 1;
        assert_eq!(hold.decide_confirmation(later, None), Err(HoldRejection::Ended(ended)));
        assert_eq!(hold.decide_confirmation(later, Some(2)), Err(HoldRejection::Ended(ended)));
        assert_eq!(hold.decide_extension(later, HOLD_SECONDS_MAX), Err(HoldRejection::Ended(ended)));
        assert_eq!(hold.decide_release(later), Err(HoldRejection::Ended(ended)));
        assert_eq!(hold.status(later), HoldStatus::Confirmed);
        let released = EndedHold { end: HoldEnd::Expired, ..ended };
        let hold = Hold { state: HoldState::Ended(released), ..hold };
        let expired = HoldRejection::Expired { deadline: hold.deadline };
        assert_eq!(hold.decide_release(later), Err(expired));
    }
}
