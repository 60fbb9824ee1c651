//! Where the time comes from: the clocks of the system, or a test.

use std::fmt::Debug;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Two clocks. Only steps of the system clock change their difference.
pub trait TimeSource: Debug + Send + Sync {
    /// Microseconds since the machine was booted, with those during which it was suspended. They never
    /// decrease.
    fn boot_micros(&self) -> i64;

    /// The time of the system clock, in microseconds since 1970 (UTC). Whoever sets it makes it step forward
    /// or back.
    fn system_micros(&self) -> i64;
}

/// A source equals itself only, so that configurations can be compared.
impl PartialEq for dyn TimeSource {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(self, other)
    }
}

/// CLOCK_MONOTONIC of Linux and OpenBSD stops while the machine is suspended, CLOCK_BOOTTIME does not. Other
/// systems have no CLOCK_BOOTTIME.
#[cfg(any(target_os = "linux", target_os = "openbsd"))]
const BOOT_CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "openbsd")))]
const BOOT_CLOCK: ClockId = ClockId::Monotonic;

/// The clocks of the operating system. On Linux both are read by the vDSO, without a system call.
#[derive(Debug)]
pub struct OsTime;

impl TimeSource for OsTime {
    fn boot_micros(&self) -> i64 {
        micros(clock_gettime(BOOT_CLOCK))
    }

    fn system_micros(&self) -> i64 {
        micros(clock_gettime(ClockId::Realtime))
    }
}

/// Rounded down. Some systems can set the clock so far that it saturates.
fn micros(time: Timespec) -> i64 {
    time.tv_sec.saturating_mul(1_000_000).saturating_add(time.tv_nsec / 1_000)
}

/// Clocks that a test sets.
#[derive(Debug)]
pub struct ManualTime {
    boot_micros: AtomicI64,
    /// The system clock's time minus boot time.
    offset_micros: AtomicI64,
}

impl ManualTime {
    /// A machine that was booted a second ago, and whose system clock has this time, in microseconds since
    /// 1970 (UTC).
    pub fn new(system_micros: i64) -> Self {
        let boot_micros = 1_000_000;
        Self { boot_micros: boot_micros.into(), offset_micros: (system_micros - boot_micros).into() }
    }

    /// Lets time pass, on both clocks at once. A suspended machine wakes up in the same way.
    pub fn advance(&self, micros: i64) {
        self.boot_micros.fetch_add(micros, Relaxed);
    }

    /// Sets the system clock forward, or back if `micros` is negative. No time passes.
    pub fn step(&self, micros: i64) {
        self.offset_micros.fetch_add(micros, Relaxed);
    }
}

impl TimeSource for ManualTime {
    fn boot_micros(&self) -> i64 {
        self.boot_micros.load(Relaxed)
    }

    fn system_micros(&self) -> i64 {
        self.boot_micros() + self.offset_micros.load(Relaxed)
    }
}
