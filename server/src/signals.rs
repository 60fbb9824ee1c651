//! The signals that the server handles.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

/// Signals within this time count as one: a terminal that closes and a supervisor that stops the server may
/// both send a signal.
const COALESCE_WINDOW: Duration = Duration::from_secs(1);

/// Makes a write beyond the limit of a file's size fail with an error. Unhandled, SIGXFSZ ends the process
/// without a message.
pub fn outlive_file_size_limit() -> io::Result<()> {
    // The flag is unused: it is enough that the signal is handled.
    signal_hook::flag::register(Number::XFSZ.as_raw(), Arc::new(AtomicBool::new(false))).map(drop)
}

/// The signals that stop the server.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    /// `None` if it does not stop the server.
    hangup: Option<Signal>,
}

impl StopSignals {
    /// Handles the signals, which from now on do not end the process. SIGHUP is none of them if it was
    /// ignored at the start: under nohup it stays ignored.
    pub fn handle() -> io::Result<Self> {
        let mut signals = Self::handle_without_hangup()?;
        if !ignores(&own_status(), Number::HUP) {
            signals.hangup = Some(signal(SignalKind::hangup())?);
        }
        Ok(signals)
    }

    /// As [`Self::handle`], where SIGHUP has another meaning.
    pub fn handle_without_hangup() -> io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hangup: None })
    }

    /// Waits for the next signal and returns its name.
    pub async fn next(&mut self) -> &'static str {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = hangup => "SIGHUP",
        }
    }

    /// Waits for the next signal that does not count as the one that was just received, and returns its name.
    pub async fn next_separate(&mut self) -> &'static str {
        let received = Instant::now();
        loop {
            let name = self.next().await;
            if received.elapsed() >= COALESCE_WINDOW {
                return name;
            }
        }
    }
}

/// SIGHUP, where it asks to read files again. From now on it does not end the process. One that arrives while
/// it is not waited for is not lost.
pub fn reload_signal() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// The status of this process. Empty on a system without /proc, where no signal counts as ignored.
fn own_status() -> String {
    fs::read_to_string("/proc/self/status").unwrap_or_default()
}

/// Whether the process with this status ignores the signal.
fn ignores(status: &str, signal: Number) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal.as_raw() - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_status() {
        let status = "Name:\tbooklined\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\n";
        for (signal, ignored) in [(Number::HUP, true), (Number::PIPE, true), (Number::INT, false)] {
            assert_eq!(ignores(status, signal), ignored, "{signal:?}");
        }
        assert!(!ignores("", Number::HUP));
    }
}
