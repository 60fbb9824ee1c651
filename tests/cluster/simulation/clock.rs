//! Clocks that drift.

use std::time::Duration;

use bookline_server::storage::replicated::boot_time::BootTime;

/// The time of the simulation, in microseconds.
pub type Micros = u64;

pub const MILLI: Micros = 1_000;
pub const SECOND: Micros = 1_000 * MILLI;

/// The speed of a clock that is right.
pub const SPEED: u64 = 1_000_000;

/// A clock that runs at another speed than the time of the simulation.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub offset: Micros,
    /// In millionths.
    pub speed: u64,
}

impl Clock {
    pub fn read(self, now: Micros) -> BootTime {
        BootTime(Duration::from_micros(self.offset + self.scaled(now)))
    }

    /// The time of the simulation at which the clock shows this, or a moment later.
    pub fn when(self, time: BootTime) -> Micros {
        let micros = u64::try_from(time.0.as_micros()).expect("a short simulation");
        micros.saturating_sub(self.offset) * SPEED / self.speed + 1
    }

    /// Stands still for some time, as in a virtual machine that is suspended.
    pub fn stand_still(&mut self, time: Micros) {
        self.offset -= self.scaled(time);
    }

    fn scaled(self, time: Micros) -> Micros {
        time * self.speed / SPEED
    }
}
