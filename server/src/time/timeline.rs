//! The server's time as a function of boot time. All times are in microseconds.

/// The later of two lines: the system clock, and a line of half its speed through the server's time at the
/// last step of the system clock. So the time follows a step forward at once, and after a step back it runs
/// at half speed until the system clock has caught up. It never decreases, and two microseconds of boot time
/// always increase it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeline {
    /// The system clock's time minus boot time.
    pub offset: i64,
    /// The time of the line of half speed at boot time 0.
    pub half_speed_origin: i64,
}

impl Timeline {
    /// The timeline of a start at boot time `boot`, when the system clock has the time `system`: it begins at
    /// the later of this and `time_min`.
    pub fn new(boot: i64, system: i64, time_min: i64) -> Self {
        Self { offset: system - boot, half_speed_origin: system.max(time_min) - (boot >> 1) }
    }

    /// The server's time at a boot time.
    #[inline]
    pub fn at(self, boot: i64) -> i64 {
        self.system_at(boot).max((boot >> 1) + self.half_speed_origin)
    }

    /// How far the server's time is ahead of the system clock at a boot time.
    pub fn ahead_at(self, boot: i64) -> i64 {
        self.at(boot) - self.system_at(boot)
    }

    fn system_at(self, boot: i64) -> i64 {
        boot + self.offset
    }

    /// The timeline from `boot` on, at which the system clock was found to have another offset. At `boot` it
    /// equals this one, unless the system clock is later.
    pub fn with_offset(self, boot: i64, offset: i64) -> Self {
        Self { offset, half_speed_origin: self.at(boot) - (boot >> 1) }
    }

    /// The timeline that is not before `time_min` at `boot` and after it, and otherwise equals this one.
    pub fn with_min(self, boot: i64, time_min: i64) -> Self {
        Self { half_speed_origin: self.half_speed_origin.max(time_min - (boot >> 1)), ..self }
    }

    /// The offset of the system clock if it is not that of this timeline. The system clock had the time
    /// `system` between the boot times `before` and `after`, which may differ much: the thread may have had
    /// to wait for a processor.
    pub fn other_offset(self, before: i64, system: i64, after: i64) -> Option<i64> {
        let (min, max) = (system - after, system - before);
        // All three are rounded down, so that a difference of one microsecond is none.
        let is_other = self.offset < min || self.offset > max + 1;
        is_other.then(|| self.offset.clamp(min, max))
    }
}
