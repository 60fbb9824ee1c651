//! The server's time.
//!
//! It is boot time (CLOCK_BOOTTIME, which counts while the machine is suspended), counted on from the system
//! clock, or from the last commit if that is later. It follows steps of the system clock forward at once. If
//! the system clock is set back, it runs at half speed until the system clock has caught up. It never goes
//! back, in no thread, and it never stands still: two readings of a thread that are at least two microseconds
//! of boot time apart differ.
//!
//! A reading takes one call of the vDSO. It looks at the system clock only if no other reading has done so
//! for 10 ms. So the first reading after that time follows a step, and others may follow it 10 ms late.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::time::Duration;

use super::source::TimeSource;
use super::timeline::Timeline;
use super::zone::{MICROS_MAX, MICROS_MIN};
use crate::sync::{AtomicI64, AtomicU64, Mutex, fence};

/// Boot time between two looks at the system clock. A look takes three calls of the vDSO, so that looks cost
/// nearly nothing, and people do not notice the delay.
const LOOK_INTERVAL_MICROS: i64 = 10_000;

/// A step of the system clock by more is logged. Time synchronization makes smaller ones.
const UNLOGGED_STEP_MICROS_MAX: i64 = 60_000_000;

/// The clock of the server, to be shared in an [`Arc`].
///
/// The timeline is in a sequence lock: a reading writes nothing that other threads read.
#[derive(Debug)]
pub struct Clock {
    source: Arc<dyn TimeSource>,
    /// Odd while the timeline is being replaced.
    version: AtomicU64,
    /// [`Timeline::offset`].
    offset: AtomicI64,
    /// [`Timeline::half_speed_origin`].
    half_speed_origin: AtomicI64,
    /// The boot time of the last look at the system clock.
    looked_at: AtomicI64,
    /// Held during a look. Only a look replaces the timeline.
    look: Mutex<()>,
}

impl Clock {
    /// Begins at the later of the system clock's time and that of the last commit, if one is known, in
    /// microseconds since 1970 (UTC).
    pub fn new(source: Arc<dyn TimeSource>, last_commit_micros: Option<i64>) -> Self {
        let system = in_calendar(source.system_micros());
        let boot = source.boot_micros();
        let timeline = Timeline::new(boot, system, last_commit_micros.map_or(system, in_calendar));
        log_ahead(timeline.ahead_at(boot));
        Self {
            source,
            version: 0.into(),
            offset: timeline.offset.into(),
            half_speed_origin: timeline.half_speed_origin.into(),
            looked_at: boot.into(),
            look: Mutex::new(()),
        }
    }

    /// The server's time, in microseconds since 1970 (UTC).
    #[inline]
    pub fn now(&self) -> i64 {
        let (boot, now) = self.read();
        let is_look_due = boot - self.looked_at.load(Relaxed) >= LOOK_INTERVAL_MICROS;
        if is_look_due && self.look() { self.read().1 } else { now }
    }

    /// Goes on at the time of the last commit, in microseconds since 1970 (UTC), if the time is before it.
    pub fn begin_at(&self, last_commit_micros: i64) {
        let look =
            self.look.lock().unwrap_or_else(|_| crate::fatal("a thread panicked in a look at the clock"));
        let timeline = self.timeline();
        let (boot, replacement) =
            self.replace(|boot| timeline.with_min(boot, in_calendar(last_commit_micros)));
        drop(look);
        log_ahead(replacement.ahead_at(boot));
    }

    /// The boot time, and the server's time at it.
    #[inline]
    fn read(&self) -> (i64, i64) {
        loop {
            let version = self.version.load(Acquire);
            let timeline = self.timeline();
            let boot = self.source.boot_micros();
            fence(Acquire);
            if version.is_multiple_of(2) && version == self.version.load(Relaxed) {
                return (boot, timeline.at(boot));
            }
            // A look is replacing the timeline. Waits until it has.
            drop(self.look.lock());
        }
    }

    fn timeline(&self) -> Timeline {
        Timeline {
            offset: self.offset.load(Relaxed),
            half_speed_origin: self.half_speed_origin.load(Relaxed),
        }
    }

    /// Looks at the system clock, and follows it if it was set. Returns whether it did so: it does nothing
    /// while another thread looks.
    #[cold]
    fn look(&self) -> bool {
        let Ok(look) = self.look.try_lock() else { return false };
        let before = self.source.boot_micros();
        let system = in_calendar(self.source.system_micros());
        let after = self.source.boot_micros();
        self.looked_at.store(after, Relaxed);
        let timeline = self.timeline();
        let Some(offset) = timeline.other_offset(before, system, after) else { return true };
        let (boot, replacement) = self.replace(|boot| timeline.with_offset(boot, offset));
        drop(look);
        log_step(timeline, replacement, boot);
        true
    }

    /// Replaces the timeline, under the lock of the look. Returns the boot time since which it applies, and
    /// the new timeline, which `replacement` makes for that time.
    fn replace(&self, replacement: impl FnOnce(i64) -> Timeline) -> (i64, Timeline) {
        let version = self.version.load(Relaxed);
        self.version.store(version + 1, Relaxed);
        // The boot time is read after this store is visible, so that all readings by the old timeline are of
        // earlier boot times: they would be later than the new one if the system clock was set back.
        fence(SeqCst);
        let boot = self.source.boot_micros();
        let replacement = replacement(boot);
        self.offset.store(replacement.offset, Relaxed);
        self.half_speed_origin.store(replacement.half_speed_origin, Relaxed);
        self.version.store(version + 2, Release);
        (boot, replacement)
    }
}

/// The time of a clock that is set far off, or of a commit that was made by one, is clamped to the calendar.
fn in_calendar(micros: i64) -> i64 {
    micros.clamp(MICROS_MIN, MICROS_MAX)
}

/// Logs that the last commit is so many microseconds later than the system clock, if they are many.
fn log_ahead(ahead: i64) {
    if ahead > UNLOGGED_STEP_MICROS_MAX {
        tracing::warn!("the last commit is {} later than the system clock: {}", span(ahead), notice(ahead));
    }
}

fn log_step(before: Timeline, after: Timeline, boot: i64) {
    let forward = after.at(boot) - before.at(boot);
    let back = before.offset - after.offset;
    if forward > UNLOGGED_STEP_MICROS_MAX {
        tracing::warn!(
            "the system clock was set forward: the server's time follows it at once, by {}",
            span(forward)
        );
    } else if back > UNLOGGED_STEP_MICROS_MAX {
        tracing::warn!("the system clock was set back by {}: {}", span(back), notice(after.ahead_at(boot)));
    }
}

/// What it means to be ahead of the system clock.
fn notice(ahead: i64) -> String {
    format!(
        "the server's time never goes back. It is {} ahead and runs at half speed for {}, until the system \
         clock has caught up. Until then bookings get times that lie ahead. Check the system clock",
        span(ahead),
        span(ahead.saturating_mul(2))
    )
}

/// Microseconds, in seconds and larger units.
fn span(micros: i64) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(micros.unsigned_abs() / 1_000_000))
}
