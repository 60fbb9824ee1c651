//! The thread that asks the server.

use std::io;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Instant;

use crate::directory::known::{EVENTS_MAX, EventSummary, Question};
use crate::directory::link::Link;
use crate::directory::state::{Shared, State};
use crate::error::Error;

/// Starts the thread, unless it runs. Returns whether it does.
pub fn start(shared: &Arc<Shared>, state: &mut State) -> bool {
    if !state.is_started {
        let shared = shared.clone();
        let spawned = thread::Builder::new().name("directory".to_owned()).spawn(move || run(&shared));
        state.is_started = spawned.is_ok();
    }
    state.is_started
}

fn run(shared: &Shared) {
    let mut link = None;
    loop {
        let question = next_question(shared);
        let answered = answer(&mut link, shared, &question);
        let mut state = shared.state();
        state.asking = None;
        match answered {
            Ok(answer) => answer.store(&mut state),
            Err(error) => {
                link = None;
                // Another account may have been chosen meanwhile.
                state.is_refused = !state.is_stale && is_account_refused(&error);
                state.failed_at = Some(Instant::now());
                state.wanted.clear();
            }
        }
        shared.changed.notify_all();
    }
}

fn is_account_refused(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(error, Some(Error::AuthRefused { .. }))
}

/// Waits for the next question.
fn next_question(shared: &Shared) -> Question {
    let mut state = shared.state();
    while state.wanted.is_empty() {
        state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    let question = state.wanted.remove(0);
    state.asking = Some(question.clone());
    question
}

/// An answer of the server.
enum Answer {
    /// What is known since the connection was opened.
    Help,
    Events(Vec<EventSummary>),
    Event(String, Option<EventSummary>),
}

impl Answer {
    fn store(self, state: &mut State) {
        match self {
            Self::Help => {}
            Self::Events(events) => state.known.set_events(events),
            Self::Event(id, event) => state.known.add_answer(id, event),
        }
    }
}

/// Asks over the connection that there is, or else over a new one: the server may have closed it since.
fn answer(link: &mut Option<Link>, shared: &Shared, question: &Question) -> io::Result<Answer> {
    let target = {
        let mut state = shared.state();
        if std::mem::take(&mut state.is_stale) {
            *link = None;
        }
        state.target.clone()
    };
    if let Some(open) = link
        && let Ok(answer) = ask(open, question)
    {
        return Ok(answer);
    }
    let (opened, forms) = Link::open(&target)?;
    // The commands are of use before the events.
    shared.state().known.help = Some(forms.into());
    shared.changed.notify_all();
    ask(link.insert(opened), question)
}

fn ask(link: &mut Link, question: &Question) -> io::Result<Answer> {
    Ok(match question {
        Question::Help => Answer::Help,
        Question::Events => {
            let reply = link.request(&format!("GET limit={EVENTS_MAX}"), EVENTS_MAX)?;
            Answer::Events(reply.rows.iter().filter_map(|row| EventSummary::parse(row)).collect())
        }
        Question::Event(id) => {
            let reply = link.request(&format!("GET {id}"), 0)?;
            let event = reply.granted.as_deref().and_then(EventSummary::parse);
            Answer::Event(id.clone(), event.filter(|event| event.id == *id))
        }
    })
}
