//! What is looked up for the user who types: the commands of the server and its events.
//!
//! A thread of its own asks, over a connection of its own, so that a slow server never stops the user.
//! Nothing that it sends changes the server, and nothing that goes wrong is reported: the client works
//! without it.

mod known;
mod link;
mod lookup;
mod state;

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use known::{EventSummary, HelpForm};

use known::Question;
use state::{Shared, State};

use crate::target::Target;

/// The longest that a user waits for an answer: a pause that is hardly noticed.
pub const WAIT_MAX: Duration = Duration::from_millis(200);

/// A handle. Its clones share the thread, which starts at the first question and ends with the process.
#[derive(Clone, Debug)]
pub struct Directory(Arc<Shared>);

impl Directory {
    /// A directory of this server. It connects at the first question.
    pub fn open(target: &Target) -> Self {
        Self(Arc::new(Shared::of(target)))
    }

    /// The forms of the server's commands, as far as they are known by the deadline.
    pub fn help(&self, deadline: Instant) -> Option<Arc<[HelpForm]>> {
        self.ask(Question::Help, deadline).known.help.clone()
    }

    /// The first events of the server's listing, as far as they are known by the deadline.
    pub fn events(&self, deadline: Instant) -> Arc<[EventSummary]> {
        self.ask(Question::Events, deadline).known.events.clone()
    }

    /// The event with this id, if it is known or the server tells within [`WAIT_MAX`].
    pub fn event(&self, id: &str) -> Option<EventSummary> {
        self.event_by(id, Instant::now() + WAIT_MAX)
    }

    /// The event with this id, if it is known by the deadline.
    pub fn event_by(&self, id: &str, deadline: Instant) -> Option<EventSummary> {
        if let Some(event) = self.0.state().known.event(id) {
            return Some(event);
        }
        let question = Question::event(id)?;
        self.ask(question, deadline).known.event(id)
    }

    /// Asks the server, unless the answer is known or cannot be had now. Returns what is known at the
    /// deadline, or as soon as there is an answer.
    fn ask(&self, question: Question, deadline: Instant) -> MutexGuard<'_, State> {
        let mut state = self.0.state();
        if state.known.answers(&question) || !state.may_ask() || !lookup::start(&self.0, &mut state) {
            return state;
        }
        state.want(question.clone());
        self.0.changed.notify_all();
        while state.is_open(&question) && !state.known.answers(&question) {
            let remaining = deadline.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                break;
            }
            let waited = self.0.changed.wait_timeout(state, remaining);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }
}
