//! What the system allows a process: open files and threads.

use std::io;
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

/// Files that the server wants beside one for each connection: journal, snapshots, lock, listener, and room for those
/// who are refused. Where files are few, a quarter of them.
const OTHER_FILES: u64 = 512;

/// Threads beside those that serve connections: two of the journal, one that makes snapshots, one that watches the data
/// directory, one that announces the address; and two more, as a thread that has ended may count for a moment longer.
const OTHER_THREADS: usize = 7;

/// Raises the limit of open files to what the connections need, or lowers their number to what the limit allows.
pub fn fit_open_files(max_connections: &mut usize) {
    let wanted = *max_connections as u64 + OTHER_FILES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let allowed = match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
        Ok(()) => raised,
        Err(_) => current.unwrap_or(raised),
    };
    if allowed < wanted {
        let fits = (allowed - OTHER_FILES.min(allowed / 4)).max(1);
        tracing::warn!(
            "--max-connections {max_connections} is lowered to {fits}: the system allows {allowed} open files \
             (ulimit -n)"
        );
        *max_connections = usize::try_from(fits).unwrap_or(*max_connections);
    }
}

/// The system does not allow the threads that are needed.
#[derive(Debug, Error)]
#[error(
    "only {started} of {needed} threads could be started: give fewer --threads than {serving}, or raise the limit of \
     threads (ulimit -u, TasksMax of a unit) or of memory (ulimit -v)"
)]
pub struct TooFewThreads {
    started: usize,
    needed: usize,
    serving: usize,
    #[source]
    error: io::Error,
}

/// The number of threads that serve connections, once it is known that they and the others can be started. Where they
/// cannot, the runtime would panic, or go on with fewer and hang in the end.
pub fn serving_threads(wanted: Option<usize>) -> Result<usize, TooFewThreads> {
    let serving = wanted.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get));
    let needed = serving + OTHER_THREADS;
    match start_and_end(needed) {
        Ok(()) => Ok(serving),
        Err((started, error)) => Err(TooFewThreads { started, needed, serving, error }),
    }
}

/// Has so many threads at one moment, if it can; otherwise says how many it had, and what the system said.
fn start_and_end(count: usize) -> Result<(), (usize, io::Error)> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let mut threads = Vec::with_capacity(count);
    let mut refused = Ok(());
    while threads.len() < count && refused.is_ok() {
        let gate = gate.clone();
        match thread::Builder::new().spawn(move || drop(gate.lock())) {
            Ok(thread) => threads.push(thread),
            Err(error) => refused = Err((threads.len(), error)),
        }
    }
    drop(closed);
    for thread in threads {
        // It only waits for the gate.
        let _ = thread.join();
    }
    refused
}
