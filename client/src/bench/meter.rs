//! When it is counted, and what: replies, their times, and the processor time that measuring took.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};

use super::report;
use super::work::Nanos;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::render::thousands;

/// The beginning that is not counted: connections fill up, the server's buffers and caches too.
const WARM_UP: Duration = Duration::from_millis(500);

/// How often progress is told.
const LAP: Nanos = 1_000_000_000;

/// The longest time that is told apart, in nanoseconds: two minutes. Longer ones are counted as this.
const LONGEST: u64 = 120_000_000_000;

/// Digits that times are kept with.
const DIGITS: u8 = 3;

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Warming,
    Counting,
    Over,
}

/// Measures one run.
#[derive(Debug)]
pub struct Meter {
    phase: Phase,
    begun: Nanos,
    ended: Nanos,
    length: Nanos,
    /// When the phase, or the lap, ends.
    next: Nanos,
    lap: Histogram<u64>,
    total: Histogram<u64>,
    lap_begun: Nanos,
    cpu: Duration,
    interrupt: Interrupt,
    interrupted: bool,
    shows_progress: bool,
}

impl Meter {
    /// A meter that starts now.
    pub fn start(now: Nanos, length: Duration, interrupt: Interrupt) -> Result<Self, Error> {
        let length = length.as_nanos() as Nanos;
        Ok(Self {
            phase: Phase::Warming,
            begun: now,
            ended: now,
            length,
            next: now + WARM_UP.as_nanos() as Nanos,
            lap: histogram()?,
            total: histogram()?,
            lap_begun: now,
            cpu: Duration::ZERO,
            interrupt,
            interrupted: false,
            shows_progress: std::io::stderr().is_terminal(),
        })
    }

    /// Takes the time.
    #[inline]
    pub fn now(&mut self, now: Nanos) {
        if now >= self.next || self.interrupt.came() {
            self.proceed(now);
        }
    }

    /// Whether what happens now is counted.
    #[inline]
    pub fn is_counting(&self) -> bool {
        self.phase == Phase::Counting
    }

    /// Whether nothing more is to be asked.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Counts so many replies that took so long.
    #[inline]
    pub fn count(&mut self, took: Nanos, replies: u64) {
        if self.phase == Phase::Counting {
            self.lap.saturating_record_n(took.max(1), replies);
        }
    }

    /// Ends it, if it has not ended by itself.
    pub fn stop(&mut self, now: Nanos) {
        if self.phase == Phase::Counting {
            self.end_lap(now);
            self.ended = now;
            self.cpu = cpu_time().saturating_sub(self.cpu);
        }
        self.phase = Phase::Over;
        self.next = Nanos::MAX;
    }

    /// The times of all replies that were counted.
    pub fn times(&self) -> &Histogram<u64> {
        &self.total
    }

    /// How long was counted.
    pub fn counted(&self) -> Duration {
        Duration::from_nanos(self.ended - self.begun)
    }

    /// Processor time of this thread per time that was counted.
    pub fn cpu_share(&self) -> f64 {
        let counted = self.counted().as_secs_f64();
        if counted > 0.0 { self.cpu.as_secs_f64() / counted } else { 0.0 }
    }

    /// Whether it was ended before its time by the user.
    pub fn was_interrupted(&self) -> bool {
        self.interrupted
    }

    #[cold]
    fn proceed(&mut self, now: Nanos) {
        match self.phase {
            Phase::Over => {}
            _ if self.interrupt.came() => {
                self.interrupted = true;
                self.stop(now);
            }
            Phase::Warming => {
                self.phase = Phase::Counting;
                (self.begun, self.ended, self.lap_begun) = (now, now, now);
                self.cpu = cpu_time();
                self.next = now + if self.shows_progress { LAP.min(self.length) } else { self.length };
            }
            Phase::Counting => {
                self.tell(now);
                if now - self.begun >= self.length {
                    self.stop(now);
                } else {
                    self.end_lap(now);
                    self.next = (now + LAP).min(self.begun + self.length);
                }
            }
        }
    }

    fn end_lap(&mut self, now: Nanos) {
        // Both have the same bounds: there is nothing that could fail.
        _ = self.total.add(&self.lap);
        self.lap.reset();
        self.lap_begun = now;
    }

    fn tell(&self, now: Nanos) {
        if !self.shows_progress {
            return;
        }
        let took = Duration::from_nanos(now - self.lap_begun).as_secs_f64();
        let rate = thousands((self.lap.len() as f64 / took) as u64);
        let [p50, p99] = [0.5, 0.99].map(|quantile| report::time(self.lap.value_at_quantile(quantile)));
        let run = Duration::from_nanos(now - self.begun).as_secs_f64();
        // Where standard error is closed there is nobody to tell.
        _ = writeln!(std::io::stderr(), "{run:>6.1} s {rate:>11} replies/s   p50 {p50:>8}   p99 {p99:>8}");
    }
}

fn histogram() -> Result<Histogram<u64>, Error> {
    let made = Histogram::new_with_bounds(1, LONGEST, DIGITS);
    made.map_err(|error| Error::Start { source: io::Error::other(error) })
}

/// Processor time of this thread.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
