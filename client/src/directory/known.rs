//! What is known of a server.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bookline_protocol::commands::help::HelpRow;
use bookline_protocol::reply::EventReply;
use bookline_protocol::{Date, Id, needs_escape};

/// Events of the listing that are known. More than these are found by their whole id alone.
pub const EVENTS_MAX: usize = 1_000;

/// Answers about single events that are kept.
const ANSWERS_MAX: usize = 100;

/// How long an answer is as good as a new one: numbers of tickets change all the time.
const AGE_MAX: Duration = Duration::from_secs(2);

/// A question to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The commands.
    Help,
    /// The first events of the listing.
    Events,
    /// The event with this id.
    Event(String),
}

impl Question {
    /// `None` if the text is not an id.
    pub fn event(id: &str) -> Option<Self> {
        Id::new(id).is_ok().then(|| Self::Event(id.to_owned()))
    }
}

/// One form of a command, as HELP shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpForm {
    pub command: String,
    pub usage: String,
}

impl HelpForm {
    /// The form in a row of HELP. `None` if the row is of no use, or cannot be shown on a terminal.
    pub fn parse(row: &str) -> Option<Self> {
        let HelpRow { command, usage, .. } = serde_json::from_str(row).ok()?;
        let is_shown =
            !command.is_empty() && !command.contains(needs_escape) && !usage.contains(needs_escape);
        is_shown.then(|| Self { command: command.into_owned(), usage: usage.into_owned() })
    }
}

/// An event, as a list of completions shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSummary {
    pub id: String,
    /// Not made safe for a terminal.
    pub name: String,
    pub date: Date,
    pub available_tickets: u32,
}

impl EventSummary {
    /// The event of a reply. `None` if the reply is of no use.
    pub fn parse(body: &str) -> Option<Self> {
        let event: EventReply<'_> = serde_json::from_str(body).ok()?;
        Id::new(&*event.id).ok()?;
        let (id, name) = (event.id.into_owned(), event.name.into_owned());
        Some(Self { id, name, date: event.date, available_tickets: event.available_tickets })
    }
}

/// What is known of the server.
#[derive(Debug)]
pub struct Known {
    /// The commands of the server to which the directory was last connected.
    pub help: Option<Arc<[HelpForm]>>,
    pub events: Arc<[EventSummary]>,
    events_at: Option<Instant>,
    /// Answers about single events, the newest last.
    answers: VecDeque<Answer>,
}

#[derive(Debug)]
struct Answer {
    id: String,
    /// `None` if there is no such event.
    event: Option<EventSummary>,
    at: Instant,
}

impl Default for Known {
    fn default() -> Self {
        Self { help: None, events: Arc::new([]), events_at: None, answers: VecDeque::new() }
    }
}

impl Known {
    /// Whether the answer is known and not too old.
    pub fn answers(&self, question: &Question) -> bool {
        match question {
            Question::Help => self.help.is_some(),
            Question::Events => self.events_at.is_some_and(|at| at.elapsed() < AGE_MAX),
            Question::Event(id) => {
                self.answers.iter().any(|answer| answer.id == *id && answer.at.elapsed() < AGE_MAX)
            }
        }
    }

    /// The event with this id, from the newest answer that has it.
    pub fn event(&self, id: &str) -> Option<EventSummary> {
        let answers = self.answers.iter().rev();
        let single = answers.filter_map(|answer| answer.event.as_ref()).find(|event| event.id == id);
        single.or_else(|| self.events.iter().find(|event| event.id == id)).cloned()
    }

    pub fn set_events(&mut self, events: Vec<EventSummary>) {
        self.events = events.into();
        self.events_at = Some(Instant::now());
    }

    pub fn add_answer(&mut self, id: String, event: Option<EventSummary>) {
        self.answers.retain(|answer| answer.id != id);
        self.answers.push_back(Answer { id, event, at: Instant::now() });
        if self.answers.len() > ANSWERS_MAX {
            self.answers.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, available_tickets: u32) -> EventSummary {
        let body = serde_json::json!({"id": id, "name": "Jazz", "date": "2026-12-31", "total_tickets": 9,
            "available_tickets": available_tickets});
        EventSummary::parse(&body.to_string()).unwrap()
    }

    #[test]
    fn text_that_is_no_id_is_no_question() {
        assert_eq!(Question::event("jazz"), Some(Question::Event("jazz".to_owned())));
        for text in ["", "a b", "a\nQUIT", "\"a\"", "é"] {
            assert_eq!(Question::event(text), None, "{text:?}");
        }
    }

    #[test]
    fn row_that_cannot_be_shown_is_passed_over() {
        let row = |usage: &str| format!(r#"{{"command":"X","usage":"{usage}","help":"","later":1}}"#);
        assert_eq!(HelpForm::parse(&row("X <a>")).unwrap().usage, "X <a>");
        assert_eq!(HelpForm::parse(&row("X \\u001b[2J")), None);
        assert_eq!(HelpForm::parse("{\"command\":1}"), None);
        assert_eq!(EventSummary::parse(r#"{"id":"a b","name":"x","date":"2026-12-31"}"#), None);
    }

    #[test]
    fn event_is_that_of_the_newest_answer_or_of_the_listing() {
        let mut known = Known::default();
        assert!(!known.answers(&Question::Events));
        known.set_events(vec![event("jazz", 5)]);
        assert!(known.answers(&Question::Events));
        assert_eq!(known.event("jazz"), Some(event("jazz", 5)));
        known.add_answer("jazz".to_owned(), Some(event("jazz", 4)));
        known.add_answer("rock".to_owned(), None);
        assert_eq!((known.event("jazz"), known.event("rock")), (Some(event("jazz", 4)), None));
        assert!(known.answers(&Question::Event("rock".to_owned())));
    }

    #[test]
    fn oldest_answer_is_forgotten() {
        let mut known = Known::default();
        (0..=ANSWERS_MAX).for_each(|number| known.add_answer(format!("e{number}"), None));
        assert_eq!(known.answers.len(), ANSWERS_MAX);
        assert!(!known.answers(&Question::Event("e0".to_owned())));
    }
}
