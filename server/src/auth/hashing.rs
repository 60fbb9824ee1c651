//! Threads that hash passwords, which takes some ten milliseconds and 19 MiB: not on the threads that serve
//! connections, and below their priority.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::sync::oneshot;

use super::PasswordHasher;

/// Passwords that wait for a thread. With one thread the last of them waits for some two seconds.
const QUEUED_MAX: usize = 64;

/// The nice value of the threads, the lowest priority.
const NICE: i32 = 19;

/// What is to be done with a password.
pub enum Work {
    /// Hash it for an account.
    Hash { password: String },
    /// Compare it with the hash of an account. Without a hash it takes the same time.
    Verify { password: String, stored: Option<Arc<str>> },
}

/// What was done with a password.
pub enum Hashed {
    Hash(String),
    /// Whether it belongs to this hash.
    Verified {
        stored: Option<Arc<str>>,
        matches: bool,
    },
}

/// Without the hash.
impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hash(_) => "Hash(…)",
            Self::Verified { matches: true, .. } => "Verified(true)",
            Self::Verified { matches: false, .. } => "Verified(false)",
        })
    }
}

struct Job {
    work: Work,
    done: oneshot::Sender<Hashed>,
}

/// A password that waits for a thread.
#[derive(Debug)]
pub struct Hashing(oneshot::Receiver<Hashed>);

/// As many passwords wait as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull;

/// The queue of the threads. They end when it is dropped.
#[derive(Debug)]
pub struct HashingPool {
    queue: SyncSender<Job>,
}

/// Threads that hash passwords, of so many processors: half of them, at least one.
pub fn hashing_threads(processors: usize) -> usize {
    (processors / 2).max(1)
}

impl HashingPool {
    /// Starts threads on half of so many processors, at least one.
    ///
    /// # Errors
    ///
    /// A thread cannot be started.
    pub fn start(processors: usize) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUED_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..hashing_threads(processors) {
            let jobs = jobs.clone();
            thread::Builder::new().name("hash".into()).spawn(move || run(&jobs))?;
        }
        Ok(Self { queue })
    }

    /// Adds a password to the queue.
    ///
    /// # Errors
    ///
    /// [`QueueFull`]
    pub fn submit(&self, work: Work) -> Result<Hashing, QueueFull> {
        let (done, hashing) = oneshot::channel();
        self.queue.try_send(Job { work, done }).map_err(|_| QueueFull)?;
        Ok(Hashing(hashing))
    }
}

impl Hashing {
    /// Waits until it is done.
    pub async fn done(self) -> Hashed {
        // A thread ends only with its queue, which the service holds.
        self.0.await.unwrap_or_else(|_| crate::fatal("a thread that hashes passwords panicked"))
    }
}

fn run(jobs: &Mutex<Receiver<Job>>) {
    // Without the right to change it, the threads have the priority of the others.
    let _ = rustix::process::nice(NICE);
    let mut hasher = PasswordHasher::new();
    // One idle thread waits for a job, and the others for the lock.
    while let Ok(Job { work, done }) = { jobs.lock().unwrap_or_else(|e| e.into_inner()).recv() } {
        if done.is_closed() {
            // Its connection is gone.
            continue;
        }
        let hashed = match work {
            Work::Hash { password } => Hashed::Hash(hasher.hash(&password)),
            Work::Verify { password, stored } => {
                let matches = hasher.verify(&password, stored.as_deref());
                Hashed::Verified { stored, matches }
            }
        };
        let _ = done.send(hashed);
    }
}
