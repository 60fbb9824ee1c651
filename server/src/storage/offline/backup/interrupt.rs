//! A backup that is told to end leaves nothing behind.

use std::fs;
use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::task::Poll;

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::work_directory;

/// What ends a program from outside, but for those that give it no time.
const ENDING: [SignalKind; 3] = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()];

/// Tries to remove a directory into which the backup still writes.
const TRIES: usize = 3;

/// The signals that came since they were caught.
pub(super) struct Signals {
    runtime: Runtime,
    signals: Vec<(SignalKind, Signal)>,
}

impl Signals {
    /// From now on these signals wait for [`Signals::clean_up`]. Those that were ignored from the start, as
    /// SIGHUP is under nohup, still are.
    pub(super) fn catch() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let ignored = ignored();
        let signals = {
            let _entered = runtime.enter();
            let caught = ENDING.into_iter().filter(|kind| ignored >> (kind.as_raw_value() - 1) & 1 == 0);
            caught.map(|kind| Ok((kind, signal(kind)?))).collect::<io::Result<Vec<_>>>()?
        };
        Ok(Self { runtime, signals })
    }

    /// When one comes, the work directory is removed and the process ends with the exit code of that signal.
    pub(super) fn clean_up(self, work: PathBuf) -> anyhow::Result<()> {
        let Self { runtime, mut signals } = self;
        let wait = move || {
            let number = runtime.block_on(poll_fn(|context| {
                for (kind, signal) in &mut signals {
                    if signal.poll_recv(context).is_ready() {
                        return Poll::Ready(kind.as_raw_value());
                    }
                }
                Poll::Pending
            }));
            for _ in 0..TRIES {
                if work_directory::remove(&work).is_ok() {
                    break;
                }
            }
            std::process::exit(128 + number);
        };
        std::thread::Builder::new().name("signals".into()).spawn(wait).context("starting a thread")?;
        Ok(())
    }
}

/// The signals that this process ignores, signal 1 in the lowest bit; none where the system does not tell.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
