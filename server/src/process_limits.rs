//! What the system allows a process: open files and threads.

use std::io;
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

use crate::config::Config;

/// Descriptors that no connection gets. Without one the journal could not begin its next segment, which ends
/// the process.
const RESERVED_FILES: u64 = 48;

/// The fewest that the server starts with: what is reserved, and some for connections.
const OPEN_FILES_MIN: u64 = 64;

/// What the server itself has open at the most.
const OWN_FILES: [(&str, u64); 9] = [
    ("standard input, output and error", 3),
    ("standard error once more, for the log", 1),
    ("the runtime's epoll, twice, and what wakes it", 3),
    ("a pair of sockets by which signals reach the runtime, one end twice", 3),
    ("the listener", 1),
    ("the data directory, journal/ and snapshots/, once for the lock and once for what is done there", 6),
    ("the lock file, twice when it is written again", 2),
    ("segments: the one that is written, the next, and the one behind it that is being made", 3),
    ("for a snapshot: the one before, the new one, the segment that is read, a directory's names", 4),
];

/// What whoever started the server may have left open.
const INHERITED_FILES: u64 = 16;

const _: () = {
    let (mut own, mut each) = (0, 0);
    while each < OWN_FILES.len() {
        own += OWN_FILES[each].1;
        each += 1;
    }
    assert!(own + INHERITED_FILES <= RESERVED_FILES);
    assert!(OPEN_FILES_MIN >= RESERVED_FILES + 2 * REFUSALS_MIN as u64);
};

/// Where descriptors are few, connections that are refused get one in so many.
const REFUSED_PART: usize = 8;

/// Connections that are refused at a time, at the least: one that is accepted, and one whose client reads
/// why.
const REFUSALS_MIN: usize = 2;

/// Threads beside those that serve connections: two of the journal, one that makes snapshots, one that
/// watches the data directory, one that announces the address; and two more, as a thread that has ended may
/// count for a moment longer.
const OTHER_THREADS: usize = 7;

/// The system does not allow the open files that are needed.
#[derive(Debug, Error)]
#[error(
    "the system allows {allowed} open files, and {OPEN_FILES_MIN} are needed at the least: raise the limit (ulimit -n, \
     LimitNOFILE of a unit)"
)]
pub struct TooFewFiles {
    allowed: u64,
}

/// Raises the limit of open files to what the connections need, or lowers their number to what the limit
/// allows.
pub fn fit_open_files(config: &mut Config) -> Result<(), TooFewFiles> {
    let Config { max_connections, refusals, .. } = config;
    let wanted = (max_connections.saturating_add(*refusals) as u64).saturating_add(RESERVED_FILES);
    let allowed = raise_open_files(wanted);
    if allowed < OPEN_FILES_MIN {
        return Err(TooFewFiles { allowed });
    }
    let room = usize::try_from(allowed - RESERVED_FILES).unwrap_or(usize::MAX);
    let (served, refused) = share(room, *max_connections, *refusals);
    if served < *max_connections {
        tracing::warn!(
            "--max-connections {max_connections} is lowered to {served}: the system allows {allowed} open files \
             (ulimit -n)"
        );
    }
    (*max_connections, *refusals) = (served, refused);
    Ok(())
}

/// The soft limit of open files, raised to what is wanted as far as the hard limit allows.
fn raise_open_files(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(current) = current.filter(|&current| current < wanted) else {
        return current.unwrap_or(u64::MAX);
    };
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
        Ok(()) => raised,
        Err(_) => current,
    }
}

/// Of so many connections in all, those that are served and those that are refused at a time, each at most as
/// wanted.
fn share(room: usize, served: usize, refused: usize) -> (usize, usize) {
    let kept = (room / REFUSED_PART).max(REFUSALS_MIN).min(refused);
    let served = served.min(room - kept);
    (served, refused.min(room - served))
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

/// The number of threads that serve connections, once it is known that they and the others can be started.
/// Where they cannot, the runtime would panic, or go on with fewer and hang in the end.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_and_refusals_share_what_there_is() {
        for (allowed, wanted, shared) in [
            (64, (10_000, 256), (14, 2)),
            (128, (10_000, 256), (70, 10)),
            (1_024, (10_000, 256), (854, 122)),
            (10_000, (10_000, 256), (9_696, 256)),
            (10_304, (10_000, 256), (10_000, 256)),
            (u64::MAX, (10_000, 256), (10_000, 256)),
            (128, (3, 256), (3, 77)),
        ] {
            let room = usize::try_from(allowed - RESERVED_FILES).expect("64 bits");
            let (served, refused) = share(room, wanted.0, wanted.1);
            assert_eq!((served, refused), shared, "{allowed} open files for {wanted:?}");
            assert!(served + refused <= room);
        }
    }
}
