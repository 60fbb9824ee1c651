//! The lines of commits, as watchers and `dump` see them.

mod accounts;
mod entries;
mod events;
mod incomplete;
mod moves;
mod property;

use bookline_protocol::reply::{ChangeBody, ChangeKind};

use super::{Change, EntryPeople, Line, Listener, TellError, commit};
use crate::codec::Sequence;

/// 2026-11-26 09:57:53.123456 UTC.
const MICROS: i64 = 1_795_687_073_123_456;

const AT: &str = r#""at":"2026-11-26T09:57:53.123456Z""#;

const TICKET: [u8; 16] = [0x11; 16];

const HOLD: [u8; 16] = [0x22; 16];

const TICKET_TEXT: &str = "11111111-1111-1111-1111-111111111111";

const HOLD_TEXT: &str = "22222222-2222-2222-2222-222222222222";

/// A listener that wants everything. A line is what it is about, its public part and its secret part.
#[derive(Debug, Default)]
struct Told {
    lines: Vec<(String, String, String)>,
    /// Written again and again, as a feed does it.
    line: Line,
}

impl Told {
    fn write(&mut self, about: String, write: &dyn Fn(&mut Line)) {
        write(&mut self.line);
        let [public, secret] =
            [&self.line.public, &self.line.secret].map(|bytes| String::from_utf8(bytes.clone()).unwrap());
        assert!(secret.is_empty() || secret.starts_with(','), "{secret}");
        self.lines.push((about, public, secret));
    }

    /// The lines with their secret parts.
    fn objects(&self) -> Vec<String> {
        self.lines.iter().map(|(_, public, secret)| format!("{public}{secret}}}")).collect()
    }

    /// What each line is about.
    fn subjects(&self) -> Vec<&str> {
        self.lines.iter().map(|(about, _, _)| &**about).collect()
    }
}

impl Listener for Told {
    fn event(&mut self, id: &str, write: &dyn Fn(&mut Line)) {
        self.write(format!("event {id}"), write);
    }

    fn entry(&mut self, people: EntryPeople<'_>, write: &dyn Fn(&mut Line)) {
        let ids = people.iter().collect::<Vec<_>>().join(",");
        let again = if people.are_as_before() { " again" } else { "" };
        self.write(format!("people {ids}{again}"), write);
    }
}

/// Hears nothing, and never has a line written.
#[derive(Debug, Default)]
struct Nobody {
    offered: usize,
}

impl Listener for Nobody {
    fn event(&mut self, _id: &str, _write: &dyn Fn(&mut Line)) {
        self.offered += 1;
    }

    fn entry(&mut self, _people: EntryPeople<'_>, _write: &dyn Fn(&mut Line)) {
        self.offered += 1;
    }
}

/// What `dump` shows: also internal lines, and those of earlier versions.
#[derive(Debug, Default)]
struct Dumped(Told);

impl Listener for Dumped {
    fn event(&mut self, id: &str, write: &dyn Fn(&mut Line)) {
        self.0.event(id, write);
    }

    fn entry(&mut self, people: EntryPeople<'_>, write: &dyn Fn(&mut Line)) {
        self.0.entry(people, write);
    }

    fn account(&mut self, name: &str, write: &dyn Fn(&mut Line)) {
        self.0.write(format!("account {name}"), write);
    }

    fn internal(&mut self, write: &dyn Fn(&mut Line)) {
        self.0.write("internal".to_owned(), write);
    }

    fn incomplete(&mut self, kind: ChangeKind, write: &dyn Fn(&mut Line)) -> Result<(), TellError> {
        self.0.write(format!("incomplete {kind}"), write);
        Ok(())
    }
}

/// Lets `listener` hear the commit of these changes, which is number 4711.
fn tell(changes: &[Change<'_>], listener: &mut impl Listener) -> Result<(), TellError> {
    let mut payload = Vec::new();
    commit::encode(&mut payload, MICROS, None, changes);
    let mut commits = commit::decode(&payload, Sequence(4711));
    commits.next().expect("a commit").expect("what was encoded").tell(listener)
}

/// The commit of these changes, as somebody hears it who wants everything.
fn told(changes: &[Change<'_>]) -> Told {
    let (mut told, mut nobody) = (Told::default(), Nobody::default());
    tell(changes, &mut told).expect("the changes can be told");
    tell(changes, &mut nobody).expect("the changes can be told");
    assert_eq!(nobody.offered, told.lines.len(), "lines do not depend on who wants them");
    told.objects().iter().for_each(|object| assert_is_change_body(object));
    told
}

fn dumped(changes: &[Change<'_>]) -> Told {
    let mut dumped = Dumped::default();
    tell(changes, &mut dumped).expect("dump shows everything");
    dumped.0
}

/// Asserts that a line has the fields of the protocol, in their order.
fn assert_is_change_body(object: &str) {
    let body: ChangeBody<'_> = serde_json::from_str(object).unwrap_or_else(|e| panic!("{e}: {object}"));
    assert!(body.kind.parse::<ChangeKind>().is_ok(), "{object}");
    let mut written = Vec::new();
    bookline_protocol::json::write_value(&mut written, &body);
    assert_eq!(String::from_utf8(written).unwrap(), object);
}
