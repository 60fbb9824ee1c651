//! WATCH.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use super::watched_words::parse_watched;
use crate::json;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::watched::Watched;

/// Asks for `CHANGE` lines on this connection, beside what it watches already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch<'a> {
    /// At least one and at most [`crate::limits::WATCHED_MAX`], each once.
    pub watched: Vec<Watched<'a>>,
    /// Changes of commits after this one are sent, those of the past too. Otherwise only later ones.
    pub since: Option<u64>,
    /// Whether the lines have the ids of tickets and holds, and for whom they are.
    pub tickets: bool,
}

impl<'a> Command<'a> for Watch<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "WATCH <what> [<what>]… [since=<sequence>] [tickets=yes]",
        help: "sends a CHANGE line for every change of events, calendars, all, event:<event-id> or \
               person:<person-id>, from now on or since a sequence number",
        topic: Topic::Server,
        needs: Needs::Role(Role::Viewer),
        example: "WATCH event:rustconf person:F1",
    }];

    fn needs(&self) -> Needs {
        needs_of_watching(&self.watched, self.tickets)
    }

    fn is_own_of(&self, person: &str) -> bool {
        is_own_calendar_of(&self.watched, person)
    }

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let watched = parse_watched(args)?;
        if watched.is_empty() {
            return Err(Refusal::bad_request(format!("<what> is missing: write {}", args.usage())));
        }
        Ok(Self {
            watched,
            since: args.option_sequence("since")?,
            tickets: args.option_flag("tickets", "yes")?,
        })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        for watched in &self.watched {
            line.argument(watched);
        }
        line.option("since", self.since.as_ref());
        line.option_flag("tickets", "yes", self.tickets);
    }
}

/// What a connection needs that watches these, `with_tickets` also the ids of tickets and holds.
pub fn needs_of_watching(watched: &[Watched<'_>], with_tickets: bool) -> Needs {
    let is_of_everyone = |watched: &Watched<'_>| matches!(watched, Watched::Calendars | Watched::All);
    if with_tickets || watched.iter().any(is_of_everyone) {
        Needs::Role(Role::Organizer)
    } else if watched.iter().any(|watched| matches!(watched, Watched::Person(_))) {
        Needs::Calendar
    } else {
        Needs::Role(Role::Viewer)
    }
}

/// Whether the calendars among these are this person's own. Everybody may watch events.
pub fn is_own_calendar_of(watched: &[Watched<'_>], person: &str) -> bool {
    watched.iter().all(|watched| match watched {
        Watched::Event(_) | Watched::Events => true,
        Watched::Person(id) => id.as_str() == person,
        Watched::Calendars | Watched::All => false,
    })
}

/// The reply to WATCH.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchReply<'a> {
    /// All matching changes of commits after this one follow as `CHANGE` lines.
    pub sequence: u64,
    /// All that the connection watches now, in the order in which it was first named.
    #[serde(borrow)]
    pub watching: Vec<Cow<'a, str>>,
}

/// Appends a [`WatchReply`] as an `OK` line.
pub fn write_watch_reply<'a, 'b: 'a>(
    out: &mut Vec<u8>,
    sequence: u64,
    watching: impl Iterator<Item = &'a Watched<'b>>,
) {
    out.extend_from_slice(b"OK {\"sequence\":");
    json::write_number(out, sequence);
    out.extend_from_slice(b",\"watching\":");
    write_watching(out, watching);
    out.extend_from_slice(b"}\n");
}

/// Appends the words of what is watched as an array. They have no characters to escape.
pub(super) fn write_watching<'a, 'b: 'a>(out: &mut Vec<u8>, watching: impl Iterator<Item = &'a Watched<'b>>) {
    out.push(b'[');
    for (index, watched) in watching.enumerate() {
        out.extend_from_slice(if index > 0 { b",\"" } else { b"\"" });
        watched.write(out);
        out.push(b'"');
    }
    out.push(b']');
}
