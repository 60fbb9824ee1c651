//! Signal handling: a command that is interrupted removes its work directory.

use std::fs;
use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::work_directory::{self, WorkDirectory};

/// The signals that end a process and can be caught.
const TERMINATING: [SignalKind; 3] = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()];

/// Removing the directory may fail while the command creates a file in it, and is then retried.
const REMOVE_ATTEMPTS_MAX: usize = 3;

/// Whether a signal was received, and the process ends because of it.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Waits for the end of the process if a signal ends it: an error that follows from the removal of the work
/// directory is not its reason.
pub fn wait_for_end_if_interrupted() {
    while INTERRUPTED.load(Ordering::Relaxed) {
        std::thread::park();
    }
}

/// Makes a work directory in `parent`. It is removed when it is dropped, or when a signal ends the process.
///
/// # Errors
///
/// Any error that keeps it from being made, or the signals from being caught.
pub fn make_work_directory(parent: PathBuf) -> anyhow::Result<WorkDirectory> {
    let signals = Signals::catch().context("preparing for signals")?;
    let work = WorkDirectory::create(parent)?;
    signals.clean_up(work.path().to_owned())?;
    Ok(work)
}

/// The signals that were received since they are caught.
struct Signals {
    runtime: Runtime,
    signals: Vec<(SignalKind, Signal)>,
}

impl Signals {
    /// Catches the signals, for [`Signals::clean_up`]. Signals that the process ignores, as SIGHUP under
    /// nohup, stay ignored.
    fn catch() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let ignored = ignored();
        let signals = {
            let _entered = runtime.enter();
            let caught = TERMINATING.into_iter().filter(|kind| ignored >> (kind.as_raw_value() - 1) & 1 == 0);
            caught.map(|kind| Ok((kind, signal(kind)?))).collect::<io::Result<Vec<_>>>()?
        };
        Ok(Self { runtime, signals })
    }

    /// Starts a thread that, on a signal, removes the work directory and exits with the exit code for that
    /// signal.
    fn clean_up(self, work: PathBuf) -> anyhow::Result<()> {
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
            INTERRUPTED.store(true, Ordering::Relaxed);
            for _ in 0..REMOVE_ATTEMPTS_MAX {
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

/// The mask of the signals that this process ignores, signal 1 in the lowest bit. Zero where the system has
/// no `/proc`.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
