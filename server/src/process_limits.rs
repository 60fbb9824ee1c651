//! Limits of the process: open files and threads.

use std::io;
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

use crate::auth::hashing::hashing_threads;
use crate::config::Config;

/// Descriptors that connections do not use. If none were left, the journal could not begin its next segment,
/// which ends the process.
const OPEN_FILES_RESERVED: u64 = 48;

/// The lowest limit that the server starts with: the reserved descriptors and some for connections.
const OPEN_FILES_MIN: u64 = 64;

/// The most descriptors that the server itself has open. A member of a cluster has no segments and snapshots,
/// and instead of their seven the connection to NATS, a second one while it connects again, and the runtime
/// of its log, with epoll twice and a waker.
const OWN_OPEN_FILES: [(&str, u64); 10] = [
    ("standard input, output and error", 3),
    ("standard error again, for the log", 1),
    ("the socket of the service manager", 1),
    ("the runtime's epoll, twice, and its waker", 3),
    ("the socket pair by which signals reach the runtime, one end twice", 3),
    ("the listeners, and the file of TLS or of users that is read", 4),
    ("the data directory, journal/ and snapshots/, once for the lock and once for the work there", 6),
    ("the lock file, twice while it is rewritten", 2),
    ("segments: the current one, the preallocated one, and the one that is preallocated after it", 3),
    ("for a snapshot: the previous one, the new one, the segment that is read, a directory listing", 4),
];

/// Descriptors that the parent process may have left open.
const INHERITED_OPEN_FILES_MAX: u64 = 16;

/// Where descriptors are few, one part in so many of them is for connections that are refused.
const REFUSED_PARTS: usize = 8;

/// The fewest connections that are refused at a time: one that was just accepted, and one whose client reads
/// the refusal.
const REFUSED_CONNECTIONS_MIN: usize = 2;

const _: () = {
    let (mut own, mut index) = (0, 0);
    while index < OWN_OPEN_FILES.len() {
        own += OWN_OPEN_FILES[index].1;
        index += 1;
    }
    assert!(own + INHERITED_OPEN_FILES_MAX <= OPEN_FILES_RESERVED);
    assert!(OPEN_FILES_MIN >= OPEN_FILES_RESERVED + 2 * REFUSED_CONNECTIONS_MIN as u64);
};

/// Threads beside those that serve connections and those that hash passwords: two of the journal, the
/// snapshotter, one that watches the data directory, one that writes the address to standard output, one that
/// finds the names of users, and two more, because a thread that has ended may count for a moment longer.
const OTHER_THREADS_MAX: usize = 8;

#[derive(Debug, Error)]
#[error(
    "the system allows {allowed} open files, and {needed} are needed at the least: raise the limit (ulimit -n, \
     LimitNOFILE of a unit)"
)]
pub struct TooFewFiles {
    allowed: u64,
    needed: u64,
}

/// Raises the limit of open files to what the connections need, or lowers their number to what the limit
/// allows. `for_metrics` descriptors are for those who monitor the server.
///
/// # Errors
///
/// If the limit is below the minimum and cannot be raised.
pub fn fit_open_files(config: &mut Config, for_metrics: u64) -> Result<(), TooFewFiles> {
    let reserved = OPEN_FILES_RESERVED + for_metrics;
    let Config { max_connections, refusals, .. } = config;
    let needed = (max_connections.saturating_add(*refusals) as u64).saturating_add(reserved);
    let allowed = raise_open_files(needed);
    if allowed < OPEN_FILES_MIN + for_metrics {
        return Err(TooFewFiles { allowed, needed: OPEN_FILES_MIN + for_metrics });
    }
    let available = usize::try_from(allowed - reserved).unwrap_or(usize::MAX);
    let (served, refused) = divide(available, *max_connections, *refusals);
    if served < *max_connections {
        tracing::warn!(
            "--max-connections {max_connections} is lowered to {served}: the system allows {allowed} open files \
             (ulimit -n)"
        );
    }
    (*max_connections, *refusals) = (served, refused);
    Ok(())
}

/// The soft limit of open files, raised to `needed` as far as the hard limit allows.
fn raise_open_files(needed: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(current) = current.filter(|&current| current < needed) else {
        return current.unwrap_or(u64::MAX);
    };
    let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
    match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
        Ok(()) => raised,
        Err(_) => current,
    }
}

/// Divides the available descriptors into connections that are served and connections that are refused at a
/// time, each at most as many as configured.
fn divide(available: usize, served_max: usize, refused_max: usize) -> (usize, usize) {
    let reserved = (available / REFUSED_PARTS).max(REFUSED_CONNECTIONS_MIN).min(refused_max);
    let served = served_max.min(available - reserved);
    (served, refused_max.min(available - served))
}

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

/// The number of threads that serve connections, after a check that these and all others can be started. If
/// they cannot, the runtime would panic, or run with fewer and hang in the end.
///
/// # Errors
///
/// If the system does not allow as many threads.
pub fn serving_threads(configured: Option<usize>) -> Result<usize, TooFewThreads> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let serving = configured.unwrap_or(processors);
    let needed = serving + hashing_threads(processors) + OTHER_THREADS_MAX;
    match start_and_end(needed) {
        Ok(()) => Ok(serving),
        Err((started, error)) => Err(TooFewThreads { started, needed, serving, error }),
    }
}

/// Starts so many threads at the same time and ends them. Fails with the number that were started and the
/// error.
fn start_and_end(count: usize) -> Result<(), (usize, io::Error)> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let mut threads = Vec::with_capacity(count);
    let mut result = Ok(());
    while threads.len() < count && result.is_ok() {
        let gate = gate.clone();
        match thread::Builder::new().spawn(move || drop(gate.lock())) {
            Ok(thread) => threads.push(thread),
            Err(error) => result = Err((threads.len(), error)),
        }
    }
    drop(closed);
    for thread in threads {
        // The thread only waits for the gate and does not panic.
        let _ = thread.join();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_divided_between_served_and_refused_connections() {
        for (allowed, configured, expected) in [
            (64, (10_000, 256), (14, 2)),
            (128, (10_000, 256), (70, 10)),
            (1_024, (10_000, 256), (854, 122)),
            (10_000, (10_000, 256), (9_696, 256)),
            (10_304, (10_000, 256), (10_000, 256)),
            (u64::MAX, (10_000, 256), (10_000, 256)),
            (128, (3, 256), (3, 77)),
        ] {
            let available = usize::try_from(allowed - OPEN_FILES_RESERVED).expect("64 bits");
            let (served, refused) = divide(available, configured.0, configured.1);
            assert_eq!((served, refused), expected, "{allowed} open files for {configured:?}");
            assert!(served + refused <= available);
        }
    }
}
