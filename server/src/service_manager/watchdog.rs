//! Tells the service manager that the server is well, as long as its log makes progress. A server whose disk
//! does not answer, or whose committer has ended, acknowledges nothing: the service manager restarts it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::notifier::{Notifier, State};
use crate::commands::CurrentService;
use crate::storage::stall::StallCheck;

/// The variables with the time after which the service manager acts, in microseconds, and with the process
/// that it expects to hear of.
const PERIOD_VARIABLE: &str = "WATCHDOG_USEC";
const PROCESS_VARIABLE: &str = "WATCHDOG_PID";

/// The service manager is told twice in each period.
const MESSAGES_PER_PERIOD: u32 = 2;

/// A log that makes no progress is looked at so often in each period: the service manager is told as soon as
/// it does.
const LOOKS_PER_PERIOD: u32 = 16;

/// The time without a message after which the service manager restarts this process. `None` if it expects
/// none.
pub fn period_of_environment() -> Option<Duration> {
    let process = std::env::var(PROCESS_VARIABLE).ok();
    if process.is_some_and(|process| process.parse() != Ok(std::process::id())) {
        return None;
    }
    let micros = std::env::var(PERIOD_VARIABLE).ok()?.parse().ok()?;
    (micros > 0).then_some(Duration::from_micros(micros))
}

/// Watches over the log of the service.
#[derive(Debug)]
pub struct Watchdog {
    current: CurrentService,
    check: StallCheck,
    period: Duration,
    has_warned: bool,
}

impl Watchdog {
    pub fn new(current: CurrentService, period: Duration) -> Self {
        let check = StallCheck::new(Instant::now().into_std());
        Self { current, check, period, has_warned: false }
    }

    /// Tells the service manager until it is dropped.
    pub async fn run(mut self, notifier: &Notifier) {
        loop {
            if self.makes_progress() {
                notifier.notify(State::Well);
                sleep(self.period / MESSAGES_PER_PERIOD).await;
            } else {
                sleep(self.period / LOOKS_PER_PERIOD).await;
            }
        }
    }

    /// Whether the log has done all that it had to do at the last look. Between two looks there is half a
    /// period: a disk that stalls for less is only slow.
    fn makes_progress(&mut self) -> bool {
        let service = self.current.borrow().clone();
        let Some(progress) = service.store.log().progress() else { return false };
        let stalled = self.check.stalled_for(service.instance, progress, Instant::now().into_std());
        if stalled.is_zero() {
            self.has_warned = false;
        } else if !std::mem::replace(&mut self.has_warned, true) {
            let (seconds, period) = (stalled.as_secs_f64(), self.period.as_secs_f64());
            tracing::error!(
                "the log has made no progress for {seconds:.1} s: the service manager is not told any more that the \
                 server is well, and restarts it {period} s after it was told last"
            );
        }
        stalled.is_zero()
    }
}
