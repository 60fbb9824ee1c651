//! How far the clients are, for the one who makes the faults.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use bookline_testkit::HANG_TIMEOUT;

use super::follower::Shared;

#[derive(Debug, Default)]
pub struct Progress {
    pub shared: Arc<Shared>,
    is_stopped: AtomicBool,
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Each change that was granted.
    granted: Vec<Granted>,
    /// The requests without a reply.
    given_up: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
struct Granted {
    client: usize,
    /// When the attempt was sent that got the reply.
    sent: Instant,
    received: Instant,
}

impl Progress {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, ..Self::default() }
    }

    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// Lets the clients end, each after its request.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Lets the clients end at once, because the test has failed.
    pub fn abort(&self) {
        self.shared.is_aborted.store(true, Ordering::Relaxed);
        self.stop();
    }

    pub fn granted(&self, client: usize, sent: Instant, received: Instant) {
        self.state.lock().expect("no panic under the lock").granted.push(Granted { client, sent, received });
        self.more.notify_all();
    }

    pub fn gave_up(&self, line: &str) {
        self.state.lock().expect("no panic under the lock").given_up.push(line.to_owned());
        self.more.notify_all();
    }

    /// Whether a client has stopped to wait for a reply since then.
    pub fn has_timed_out_since(&self, since: Instant) -> bool {
        self.shared.last_timeout.lock().expect("no panic under the lock").is_some_and(|last| last > since)
    }

    /// Waits for a change that is granted to an attempt sent after `fault`. Returns when its reply was
    /// received.
    #[track_caller]
    pub fn change_after(&self, fault: Instant) -> Instant {
        self.wait("a change", |state| {
            let after = state.granted.iter().filter(|granted| granted.sent > fault);
            after.map(|granted| granted.received).min()
        })
    }

    /// Waits until each of so many clients has been granted a change that was sent after `fault`. Returns
    /// when the reply to the last of them was received.
    #[track_caller]
    pub fn change_of_each_after(&self, clients: usize, fault: Instant) -> Instant {
        self.wait("a change of each client", |state| {
            let mut seen = BTreeSet::new();
            let mut after: Vec<_> = state.granted.iter().filter(|granted| granted.sent > fault).collect();
            after.sort_by_key(|granted| granted.received);
            let last = after.into_iter().find(|granted| seen.insert(granted.client) && seen.len() == clients);
            last.map(|granted| granted.received)
        })
    }

    #[track_caller]
    fn wait<T>(&self, what: &str, found: impl Fn(&State) -> Option<T>) -> T {
        let deadline = Instant::now() + HANG_TIMEOUT;
        let mut state = self.state.lock().expect("no panic under the lock");
        loop {
            assert!(state.given_up.is_empty(), "no server has replied in time to {:?}", state.given_up);
            if let Some(found) = found(&state) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !self.is_stopped(), "there was not {what} within {HANG_TIMEOUT:?}");
            state = self.more.wait_timeout(state, left).expect("no panic under the lock").0;
        }
    }
}
