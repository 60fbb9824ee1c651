//! The measurement: when it begins and ends, the latency of every reply, and the processor time of this
//! thread.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};

use crate::error::Error;
use crate::phase::Nanos;

/// The part of the load that is not measured: connections, buffers and caches fill up.
const WARM_UP: Duration = Duration::from_millis(500);

/// How often progress is reported.
const PROGRESS_INTERVAL_NANOS: Nanos = 1_000_000_000;

/// The highest latency that the histogram distinguishes: two minutes, more than a usual timeout. Higher ones
/// count as this.
const LATENCY_NANOS_MAX: Nanos = 120_000_000_000;

/// Significant decimal digits of a latency.
const LATENCY_DIGITS: u8 = 3;

/// The replies since the last report of progress.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The time since the measurement began.
    pub elapsed: Duration,
    /// The rate of replies.
    pub replies_per_second: f64,
    /// The median latency.
    pub p50: Duration,
    /// The 99th percentile of the latency.
    pub p99: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    WarmUp,
    Measuring,
    Over,
}

pub struct Meter<'a> {
    state: State,
    began: Nanos,
    ended: Nanos,
    length: Nanos,
    /// When the state or the interval ends.
    next: Nanos,
    interval: Histogram<u64>,
    total: Histogram<u64>,
    interval_began: Nanos,
    /// Processor time of this thread: at the beginning, and then between beginning and end.
    cpu: Duration,
    stop: &'a AtomicBool,
    was_stopped: bool,
    on_progress: Option<Box<dyn FnMut(Progress) + 'a>>,
}

impl<'a> Meter<'a> {
    /// A measurement that ends after `length`, or as soon as `stop` is set.
    pub fn new(
        length: Duration,
        stop: &'a AtomicBool,
        on_progress: Option<Box<dyn FnMut(Progress) + 'a>>,
    ) -> Result<Self, Error> {
        Ok(Self {
            state: State::WarmUp,
            began: 0,
            ended: 0,
            length: length.as_nanos() as Nanos,
            next: Nanos::MAX,
            interval: histogram()?,
            total: histogram()?,
            interval_began: 0,
            cpu: Duration::ZERO,
            stop,
            was_stopped: false,
            on_progress,
        })
    }

    /// Begins the warm-up.
    pub fn start(&mut self, now: Nanos) {
        (self.began, self.ended, self.interval_began) = (now, now, now);
        self.next = now + WARM_UP.as_nanos() as Nanos;
    }

    #[inline]
    pub fn on_time(&mut self, now: Nanos) {
        if now >= self.next || self.is_stopped() {
            self.advance(now);
        }
    }

    #[inline]
    pub fn is_measuring(&self) -> bool {
        self.state == State::Measuring
    }

    /// Whether no more requests are to be sent.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Records replies with this latency, if the measurement is under way.
    #[inline]
    pub fn record(&mut self, latency: Nanos, replies: u64) {
        if self.state == State::Measuring {
            self.interval.saturating_record_n(latency.max(1), replies);
        }
    }

    /// Ends the measurement, unless it is over.
    pub fn end(&mut self, now: Nanos) {
        if self.state == State::Measuring {
            self.end_interval(now);
            self.ended = now;
            self.cpu = thread_cpu_time().saturating_sub(self.cpu);
        }
        self.state = State::Over;
        self.next = Nanos::MAX;
    }

    /// The latencies of all replies that were measured, in nanoseconds.
    pub fn latencies(&self) -> &Histogram<u64> {
        &self.total
    }

    /// How long the measurement was.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.ended - self.began)
    }

    /// Processor time of this thread, as a share of one processor.
    pub fn cpu_share(&self) -> f64 {
        let seconds = self.duration().as_secs_f64();
        if seconds > 0.0 { self.cpu.as_secs_f64() / seconds } else { 0.0 }
    }

    /// Whether `stop` ended the measurement.
    pub fn was_stopped(&self) -> bool {
        self.was_stopped
    }

    #[inline]
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    #[cold]
    fn advance(&mut self, now: Nanos) {
        match self.state {
            State::Over => {}
            _ if self.is_stopped() => {
                self.was_stopped = true;
                self.end(now);
            }
            State::WarmUp => {
                self.state = State::Measuring;
                (self.began, self.ended, self.interval_began) = (now, now, now);
                self.cpu = thread_cpu_time();
                let reports = self.on_progress.is_some();
                self.next =
                    now + if reports { PROGRESS_INTERVAL_NANOS.min(self.length) } else { self.length };
            }
            State::Measuring => {
                self.report_progress(now);
                if now - self.began >= self.length {
                    self.end(now);
                } else {
                    self.end_interval(now);
                    self.next = (now + PROGRESS_INTERVAL_NANOS).min(self.began + self.length);
                }
            }
        }
    }

    fn end_interval(&mut self, now: Nanos) {
        // Adding fails only where the bounds differ, and these are the same.
        let _ = self.total.add(&self.interval);
        self.interval.reset();
        self.interval_began = now;
    }

    fn report_progress(&mut self, now: Nanos) {
        let Some(on_progress) = &mut self.on_progress else { return };
        let seconds = Duration::from_nanos(now - self.interval_began).as_secs_f64();
        let quantile = |quantile| Duration::from_nanos(self.interval.value_at_quantile(quantile));
        on_progress(Progress {
            elapsed: Duration::from_nanos(now - self.began),
            replies_per_second: self.interval.len() as f64 / seconds,
            p50: quantile(0.5),
            p99: quantile(0.99),
        });
    }
}

fn histogram() -> Result<Histogram<u64>, Error> {
    let created = Histogram::new_with_bounds(1, LATENCY_NANOS_MAX, LATENCY_DIGITS);
    created.map_err(|error| Error::Start(io::Error::other(error)))
}

fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
