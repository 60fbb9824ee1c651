//! The lease of a leader.

use std::time::Duration;

use super::boot_time::BootTime;
use crate::argument::parse_duration;

/// The shortest `--lease`: a pause of a second is not unusual on a busy machine, and a leader counts two
/// thirds of a lease.
const LEASE_MIN: Duration = Duration::from_secs(1);

/// The longest `--lease`: for so long nobody serves after a leader has died.
const LEASE_MAX: Duration = Duration::from_secs(60);

/// When a leader may show what it has looked up, without asking the log whether it still leads.
///
/// A standby takes over no earlier than a whole lease after the last frame that it has read. The leader
/// counts two thirds of the lease, from before that frame was sent. The third between them is what the clocks
/// of the two may drift apart in that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    of_leader: Duration,
}

impl Lease {
    /// The lease after which a standby may take over.
    pub fn new(of_standby: Duration) -> Self {
        Self { of_leader: of_standby * 2 / 3 }
    }

    /// Whether the leader may show what it has looked up before `looked`. `confirmed` is when the last
    /// acknowledged append was first sent: it has led then.
    pub fn covers(self, confirmed: BootTime, looked: BootTime) -> bool {
        looked < confirmed + self.of_leader || Self::proves(confirmed, looked)
    }

    /// As [`Self::covers`], without relying on the clocks of other machines: only an append that was sent
    /// after the look proves that the leader has led at that moment. Of two equal times nobody knows which
    /// came first: the clock may have stood still between them, with the virtual machine.
    pub fn proves(confirmed: BootTime, looked: BootTime) -> bool {
        confirmed > looked
    }
}

/// A lease as the argument of `--lease`, without spaces.
pub fn lease_argument(lease: Duration) -> String {
    match lease.subsec_millis() {
        0 => format!("{}s", lease.as_secs()),
        _ => format!("{}ms", lease.as_millis()),
    }
}

/// Parses a `--lease`.
///
/// # Errors
///
/// What it has to be, for people.
pub fn parse_lease(text: &str) -> Result<Duration, String> {
    parse_duration(text, LEASE_MIN, LEASE_MAX, "it is from 1s to 60s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_parsed_as_it_is_written() {
        for (argument, milliseconds) in [("3s", 3_000), ("1500ms", 1_500), ("60s", 60_000)] {
            let lease = Duration::from_millis(milliseconds);
            assert_eq!(lease_argument(lease), argument);
            assert_eq!(parse_lease(argument), Ok(lease));
        }
    }

    #[test]
    fn a_look_is_covered_for_two_thirds_of_the_lease_and_by_a_later_append() {
        let lease = Lease::new(Duration::from_secs(3));
        let at = |millis| BootTime(Duration::from_millis(millis));
        for (confirmed, looked, covered) in [
            (10_000, 9_000, true),
            (10_000, 10_000, true),
            (10_000, 11_999, true),
            (10_000, 12_000, false),
            (12_000, 12_000, true),
        ] {
            assert_eq!(lease.covers(at(confirmed), at(looked)), covered, "{confirmed} and {looked}");
            assert_eq!(Lease::proves(at(confirmed), at(looked)), confirmed > looked);
        }
    }
}
