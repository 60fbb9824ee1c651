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

use bookline_protocol::Verb;
pub use known::{EVENTS_MAX, EventSummary, HelpForm};

use known::Question;
use state::{Shared, State};

use crate::login::Login;
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

    /// Asks as this account from now on, over another connection. What the account may do has other commands.
    pub fn use_login(&self, login: Option<Login>) {
        let mut state = self.0.state();
        state.target.login = login;
        state.is_stale = true;
        state.known.help = None;
        state.failed_at = None;
        state.is_refused = false;
    }

    /// The forms of the server's commands, as far as they are known by the deadline.
    pub fn help(&self, deadline: Instant) -> Option<Arc<[HelpForm]>> {
        self.ask(Question::Help, deadline).known.help.clone()
    }

    /// Whether the server has a command of this verb. Until its HELP is known, it has those of this version.
    pub fn has_command(&self, word: &str) -> bool {
        let listed =
            |forms: Arc<[HelpForm]>| forms.iter().any(|form| form.command.eq_ignore_ascii_case(word));
        Verb::from_word(word).is_some() || self.help(Instant::now()).is_some_and(listed)
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    /// A wait that no answer takes.
    const LONG: Duration = Duration::from_secs(60);

    const HELLO: &str = concat!(
        r#"OK {"server":"bookline","version":"9.8.7","protocol":1,"welcome":"","max_line":65536,"#,
        r#""time_zone":"Europe/Prague","now":"2026-11-22T12:00:00+01:00"}"#,
        "\n"
    );

    const JAZZ: &str = concat!(
        r#"{"id":"jazz","name":"Jazz","date":"2026-12-31","total_tickets":9,"#,
        r#""available_tickets":5}"#
    );

    fn directory_of(listener: &TcpListener) -> Directory {
        let address = listener.local_addr().unwrap().to_string().parse().unwrap();
        Directory::open(&Target::new(address, LONG))
    }

    /// Accepts a connection, and answers its first lines with these replies.
    fn serve(listener: &TcpListener, replies: &[&str]) -> TcpStream {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        for reply in replies {
            lines.next().unwrap().unwrap();
            stream.write_all(reply.as_bytes()).unwrap();
        }
        stream
    }

    fn by(wait: Duration) -> Instant {
        Instant::now() + wait
    }

    #[test]
    fn lost_connection_is_opened_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let directory = directory_of(&listener);
        let server = thread::spawn(move || {
            let help = "ROW {\"command\":\"X\",\"usage\":\"X <a>\",\"help\":\"\"}\nOK {}\n";
            serve(&listener, &[HELLO, help]);
            serve(&listener, &[HELLO, "OK {}\n", &format!("OK {JAZZ}\n")])
        });
        assert_eq!(directory.help(by(LONG)).unwrap()[0].usage, "X <a>");
        assert_eq!(directory.event_by("jazz", by(LONG)).unwrap().name, "Jazz");
        assert!(directory.help(by(LONG)).unwrap().is_empty(), "another server has other commands");
        // What is known is not asked for.
        assert_eq!(directory.event("jazz").unwrap().available_tickets, 5);
        server.join().unwrap();
    }

    /// Each AUTH that is refused is a guess at a secret, of which a server allows few.
    #[test]
    fn server_that_refuses_the_account_is_not_asked_until_there_is_another() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let directory = directory_of(&listener);
        directory.use_login(Some(Login::new("anna", "wrong")));
        let server = thread::spawn(move || {
            serve(&listener, &[HELLO, "ERR UNAUTHENTICATED {\"message\":\"m\",\"retry\":false}\n"])
        });
        assert_eq!(directory.help(by(LONG)), None);
        server.join().unwrap();
        directory.0.state().failed_at = None;
        assert!(!directory.0.state().may_ask());
        directory.use_login(Some(Login::new("anna", "correct")));
        assert!(directory.0.state().may_ask());
    }

    #[test]
    fn server_that_does_not_answer_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let directory = directory_of(&listener);
        let asked = Instant::now();
        assert_eq!(directory.event("jazz"), None);
        assert!(directory.events(by(Duration::ZERO)).is_empty());
        assert_eq!(directory.help(by(Duration::ZERO)), None);
        // A busy machine needs more than the wait itself.
        assert!(asked.elapsed() < 25 * WAIT_MAX, "it took {:?}", asked.elapsed());
    }

    #[test]
    fn server_that_refuses_is_not_tried_again_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let directory = directory_of(&listener);
        let server = thread::spawn(move || {
            serve(&listener, &["ERR BUSY {\"message\":\"m\",\"retry\":true}\n"]);
            listener
        });
        assert!(directory.events(by(LONG)).is_empty(), "the refusal ends the wait");
        let listener = server.join().unwrap();
        listener.set_nonblocking(true).unwrap();
        // As if it had failed just now, however slow the test is.
        directory.0.state().failed_at = Some(Instant::now() + LONG);
        assert!(directory.events(by(LONG)).is_empty(), "there is no wait");
        assert!(listener.accept().is_err());
    }

    #[test]
    fn text_that_is_no_id_is_not_asked_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(directory_of(&listener).event("a\nQUIT"), None);
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err());
    }
}
