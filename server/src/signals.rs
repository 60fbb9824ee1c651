//! The signals that the server answers.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

/// Signals that come together count as one: a terminal that closes and a supervisor that stops the server may
/// both send theirs.
const TOGETHER: Duration = Duration::from_secs(1);

/// Lets a write beyond the limit of a file's size fail like any other: unhandled, its signal ends the process
/// without a word.
pub fn outlive_file_size_limit() -> io::Result<()> {
    // Nobody looks at the flag: that the signal is handled is enough.
    signal_hook::flag::register(Number::XFSZ.as_raw(), Arc::new(AtomicBool::new(false))).map(drop)
}

/// The signals that stop the server.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    /// `None` where it was ignored at the start: under nohup it stays so.
    hangup: Option<Signal>,
}

impl StopSignals {
    /// From here on they do not end the process any more.
    pub fn handle() -> io::Result<Self> {
        let ignored = ignores(&own_status(), Number::HUP);
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: if ignored { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    /// The name of the next one.
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

    /// The name of the next one that does not belong to the one before, which has just come.
    pub async fn another(&mut self) -> &'static str {
        let came = Instant::now();
        loop {
            let name = self.next().await;
            if came.elapsed() >= TOGETHER {
                return name;
            }
        }
    }
}

/// What the system says of this process; nothing where it has no /proc. There no signal counts as ignored.
fn own_status() -> String {
    fs::read_to_string("/proc/self/status").unwrap_or_default()
}

/// Does the process with this status ignore that signal?
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
