//! What the directory's thread and its users share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::directory::known::{Known, Question};
use crate::target::Target;

/// How long the server is left alone after it did not answer.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Shared {
    state: Mutex<State>,
    /// The state has changed.
    pub changed: Condvar,
}

#[derive(Debug)]
pub struct State {
    /// The server, and the account that asks it.
    pub target: Target,
    /// Whether the connection is that of another account.
    pub is_stale: bool,
    pub is_started: bool,
    pub known: Known,
    /// What the thread is to ask next, each kind of question once.
    pub wanted: Vec<Question>,
    /// What the thread is asking.
    pub asking: Option<Question>,
    /// When the server last failed to answer.
    pub failed_at: Option<Instant>,
    /// Whether the server refuses the account. Each further try would count as a guess at its secret.
    pub is_refused: bool,
}

impl Shared {
    pub fn of(target: &Target) -> Self {
        let (is_started, is_stale, known, wanted, asking, failed_at, is_refused) = Default::default();
        let target = target.clone();
        let state = State { target, is_stale, is_started, known, wanted, asking, failed_at, is_refused };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether the server takes the account, and has not just failed: it is tried once a second.
    pub fn may_ask(&self) -> bool {
        !self.is_refused && self.failed_at.is_none_or(|at| at.elapsed() >= PAUSE_AFTER_FAILURE)
    }

    /// Adds a question, in the place of an older one of its kind.
    pub fn want(&mut self, question: Question) {
        if self.asking.as_ref() == Some(&question) {
            return;
        }
        let is_same_kind =
            |other: &Question| std::mem::discriminant(other) == std::mem::discriminant(&question);
        self.wanted.retain(|other| !is_same_kind(other));
        self.wanted.push(question);
    }

    /// Whether the question waits for its answer.
    pub fn is_open(&self, question: &Question) -> bool {
        self.asking.as_ref() == Some(question) || self.wanted.contains(question)
    }
}
