//! Times since the machine was booted.

use std::ops::Add;
use std::time::Duration;

use crate::time::source::{OsTime, TimeSource};

/// A moment on the clock that counts from the boot of this machine and also while it is suspended
/// (`CLOCK_BOOTTIME`). The clocks behind [`std::time::Instant`] and timers stop meanwhile, and a lease does
/// not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootTime(pub Duration);

impl BootTime {
    pub fn now() -> Self {
        Self(Duration::from_micros(OsTime.boot_micros().unsigned_abs()))
    }

    /// The time since `earlier`, or zero if it is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for BootTime {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0 + time)
    }
}
