//! The ids of this session, typed or seen in replies, which completion offers again.
//!
//! The id of a ticket or a hold is its only proof. They are kept in memory alone, and never shown but to the
//! user who asks for their completion.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bookline_protocol::reply::ReplyLine;
use bookline_protocol::{HoldId, Id, TicketId};
use serde_json::Value;

/// Ids of a kind that are kept: more than a list of completions shows.
const IDS_MAX: usize = 100;

/// The longest line of a reply that is searched: some hundred tickets, or a day of some hundred meetings.
const REPLY_BYTES_MAX: usize = 64 * 1024;

/// What an id is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    Person,
    Hold,
    Ticket,
}

/// The ids. Clones share them.
#[derive(Clone, Default)]
pub struct SessionIds(Arc<Mutex<Ids>>);

#[derive(Default)]
struct Ids {
    people: Recent,
    holds: Recent,
    tickets: Recent,
}

/// Ids without duplicates, the newest first.
#[derive(Default)]
struct Recent(VecDeque<String>);

impl SessionIds {
    /// Adds an id that was typed. A text that is not such an id is none.
    pub fn add(&self, kind: IdKind, id: &str) {
        self.ids().add(kind, id);
    }

    /// Adds the ids in a line of a reply.
    pub fn add_reply(&self, line: &[u8]) {
        if line.len() > REPLY_BYTES_MAX || line.starts_with(b"ERR") {
            return;
        }
        // A listing may have millions of rows, and only those of calendars have people.
        if line.starts_with(b"ROW") && memchr::memmem::find(line, b"\"host\":").is_none() {
            return;
        }
        let parsed = std::str::from_utf8(line).ok().and_then(|line| ReplyLine::parse(line).ok());
        if let Some(ReplyLine::Ok(body) | ReplyLine::Row(body)) = parsed
            && let Ok(value) = serde_json::from_str(body)
        {
            self.ids().add_value(&value);
        }
    }

    /// The ids of a kind, the newest first.
    pub fn newest(&self, kind: IdKind) -> Vec<String> {
        self.ids().of(kind).0.iter().cloned().collect()
    }

    fn ids(&self) -> MutexGuard<'_, Ids> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the ids, some of which are secrets.
impl fmt::Debug for SessionIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionIds")
    }
}

impl Ids {
    fn of(&mut self, kind: IdKind) -> &mut Recent {
        match kind {
            IdKind::Person => &mut self.people,
            IdKind::Hold => &mut self.holds,
            IdKind::Ticket => &mut self.tickets,
        }
    }

    fn add(&mut self, kind: IdKind, id: &str) {
        let is_id = match kind {
            IdKind::Person => Id::new(id).is_ok(),
            IdKind::Hold => id.parse::<HoldId>().is_ok(),
            IdKind::Ticket => id.parse::<TicketId>().is_ok(),
        };
        if is_id {
            self.of(kind).add(id);
        }
    }

    /// Adds the ids in an object of a reply, whatever command it is of. Only calendars have a host or a
    /// schedule, and beside them the name is that of a person.
    fn add_value(&mut self, value: &Value) {
        let texts = |name: &str| match value.get(name) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => vec![text.as_str()],
            _ => Vec::new(),
        };
        let of_calendar = value.get("host").is_some() || value.get("schedule").is_some();
        let people = if of_calendar { &["host", "group", "name"][..] } else { &[] };
        let fields = people.iter().map(|name| (*name, IdKind::Person));
        let secrets = [("hold_id", IdKind::Hold), ("ticket", IdKind::Ticket), ("tickets", IdKind::Ticket)];
        for (name, kind) in fields.chain(secrets) {
            texts(name).into_iter().for_each(|id| self.add(kind, id));
        }
        for name in ["schedule", "meetings", "bookings", "meet"] {
            match value.get(name) {
                Some(Value::Array(items)) => items.iter().for_each(|item| self.add_value(item)),
                Some(item @ Value::Object(_)) => self.add_value(item),
                _ => {}
            }
        }
    }
}

impl Recent {
    fn add(&mut self, id: &str) {
        self.0.retain(|known| known != id);
        self.0.push_front(id.to_owned());
        self.0.truncate(IDS_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";

    fn after(lines: &[&str], kind: IdKind) -> Vec<String> {
        let ids = SessionIds::default();
        lines.iter().for_each(|line| ids.add_reply(line.as_bytes()));
        ids.newest(kind)
    }

    #[test]
    fn ids_are_taken_from_replies() {
        let hold = format!(r#"OK {{"hold_id":"{UUID}","event_id":"jazz","tickets":2}}"#);
        assert_eq!(after(&[&hold], IdKind::Hold), [UUID]);
        assert_eq!(after(&[&hold], IdKind::Ticket), [""; 0]);
        let bookings = format!(r#"OK {{"bookings":[{{"event_id":"jazz","tickets":["{UUID}"]}}]}}"#);
        assert_eq!(after(&[&bookings], IdKind::Ticket), [UUID]);
        let day = r#"ROW {"name":"F1","date":"21-11-2026","schedule":[{"time":"09:00","#.to_owned()
            + r#""meet":{"title":"x","group":["F2","F3"],"host":"F4"}}]}"#;
        assert_eq!(after(&[&day], IdKind::Person), ["F3", "F2", "F4", "F1"]);
        let hod = r#"ROW {"date":"21-11-2026","meetings":[{"title":"x","group":["F2"],"host":"F1"}]}"#;
        assert_eq!(after(&[hod], IdKind::Person), ["F2", "F1"]);
    }

    #[test]
    fn name_of_an_event_and_a_text_that_is_no_id_are_not_taken() {
        let event = r#"OK {"id":"jazz","name":"Jazz","date":"2026-12-31","total_tickets":5}"#;
        let hostile = "OK {\"host\":\"\u{1b}[2J\",\"hold_id\":\"x\",\"ticket\":[7,{}]}";
        for kind in [IdKind::Person, IdKind::Hold, IdKind::Ticket] {
            assert_eq!(after(&[event, hostile, "OK", "ROW x", "ERR X {\"host\":\"F1\"}"], kind), [""; 0]);
        }
    }

    #[test]
    fn newest_ids_are_kept() {
        let ids = SessionIds::default();
        (0..=IDS_MAX).for_each(|number| ids.add(IdKind::Person, &format!("p{number}")));
        ids.add(IdKind::Person, "p50");
        let newest = ids.newest(IdKind::Person);
        assert_eq!((newest.len(), newest[0].as_str(), newest[1].as_str()), (IDS_MAX, "p50", "p100"));
        assert!(!newest.contains(&"p0".to_owned()));
    }

    #[test]
    fn ids_are_not_written_for_debugging() {
        let ids = SessionIds::default();
        ids.add(IdKind::Hold, UUID);
        assert_eq!(format!("{ids:?}"), "SessionIds");
    }
}
