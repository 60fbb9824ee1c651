//! Changes as people read them: what a change is about, and what happened to it.

use std::fmt::Write;

use bookline_protocol::reply::{ChangeBody, Members};
use bookline_protocol::{Date, Hour, Sales};
use chrono::NaiveDateTime;
use serde_json::{Map, Value};

use crate::render::number::counted;
use crate::render::server_time::ServerZone;
use crate::render::text::{printable, quoted, words_of};
use crate::screen::{Role, Screen};

/// People who are named on one line. A meeting may have a thousand.
const PEOPLE_SHOWN_MAX: usize = 6;

/// Fields that are not shown of a kind that this version does not know, because others are shown for them.
const UNSHOWN_FIELDS: [&str; 4] = ["kind", "at", "event_id", "end"];

/// A change in words, which are printable and on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeWords {
    /// When it was made, in the server's time.
    pub at: Option<NaiveDateTime>,
    /// The event, or the people.
    subject: String,
    /// What happened.
    what: String,
    role: Option<Role>,
    /// What follows from it.
    rest: String,
}

impl ChangeWords {
    /// The words for the object of a `CHANGE` line. `None` for what is about the watcher itself.
    pub fn of(body: &str, zone: ServerZone) -> Option<Self> {
        let known = serde_json::from_str::<ChangeBody<'_>>(body).ok();
        if known.as_ref().is_some_and(|change| matches!(&*change.kind, "progress" | "gap")) {
            return None;
        }
        let known = known.and_then(|change| Self::of_known(&change, zone));
        Some(known.unwrap_or_else(|| Self::of_other(body, zone)))
    }

    fn of_known(change: &ChangeBody<'_>, zone: ServerZone) -> Option<Self> {
        let (subject, told) = match &change.event_id {
            Some(event) => (one_line(event), of_event(change, zone)?),
            None => (people(change.people.as_ref()?), of_entry(change)?),
        };
        let (what, role, rest) = told;
        let at = change.at.map(|at| zone.local(at));
        Some(Self { at, subject, what, role, rest: rest + &secrets(change) + &by(change) })
    }

    /// A change of a later version: its kind, and its fields with their names.
    fn of_other(body: &str, zone: ServerZone) -> Self {
        let Ok(fields) = serde_json::from_str::<Map<String, Value>>(body) else {
            let (at, role, rest, subject) = Default::default();
            return Self { at, subject, what: one_line(body), role, rest };
        };
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let at = text("at").and_then(|at| at.parse().ok()).map(|at| zone.local(at));
        let subject = text("event_id").map(one_line).unwrap_or_default();
        let what = one_line(&words_of(text("kind").unwrap_or("change")));
        let shown = fields.iter().filter(|(name, _)| !UNSHOWN_FIELDS.contains(&name.as_str()));
        let rest =
            shown.map(|(name, value)| format!(", {}={}", one_line(name), one_line(&value.to_string())));
        Self { at, subject, what, role: None, rest: rest.collect() }
    }

    /// The change on a line, behind the time of its day: `10:31:07 rustconf: 2 sold, 96 left`.
    pub fn with_time(&self, screen: Screen) -> String {
        self.line("%H:%M:%S", screen)
    }

    /// The change on a line that needs no other, behind its date and time.
    pub fn with_date(&self, screen: Screen) -> String {
        self.line("%Y-%m-%d %H:%M:%S", screen)
    }

    fn line(&self, format: &str, screen: Screen) -> String {
        let at = self.at.map(|at| at.format(format).to_string()).unwrap_or_default();
        let mut line = screen.paint(Role::Muted, &at).into_owned();
        if !at.is_empty() {
            line.push(' ');
        }
        if !self.subject.is_empty() {
            let _ = write!(line, "{}: ", self.subject);
        }
        match self.role {
            Some(role) => line.push_str(&screen.paint(role, &self.what)),
            None => line.push_str(&self.what),
        }
        line.push_str(&self.rest);
        line
    }
}

/// What happened, its color, and what follows from it.
type Told = (String, Option<Role>, String);

/// The words for a change of an event. `None` if this version does not know it, or a field is missing.
fn of_event(change: &ChangeBody<'_>, zone: ServerZone) -> Option<Told> {
    let count = || change.count;
    let left = || Some(format!(", {} left", change.available_tickets?));
    let until = || {
        let until = zone.local(change.expires_at?);
        let is_today = change.at.is_some_and(|at| zone.local(at).date() == until.date());
        Some(format!(" until {}", until.format(if is_today { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" })))
    };
    Some(match &*change.kind {
        "event_created" => ("created".to_owned(), Some(Role::Good), event(change)?),
        "event_updated" => ("updated".to_owned(), None, event(change)?),
        "event_deleted" => ("deleted".to_owned(), Some(Role::Warning), String::new()),
        "tickets_booked" => (format!("{} sold", count()?), Some(Role::Good), left()?),
        "tickets_cancelled" => (format!("{} cancelled", count()?), Some(Role::Warning), left()?),
        "ticket_checked_in" if change.undo == Some(true) => {
            (format!("{} undone", counted(count()?, "check-in")), Some(Role::Warning), String::new())
        }
        "ticket_checked_in" => (format!("{} checked in", count()?), Some(Role::Good), String::new()),
        "hold_made" => (format!("{} held", count()?), None, until().unwrap_or_default() + &left()?),
        "hold_extended" => {
            (format!("{} held longer", count()?), None, until().unwrap_or_default() + &left()?)
        }
        "hold_confirmed" => {
            (format!("{} sold", count()?), Some(Role::Good), format!(" from a hold{}", left()?))
        }
        "hold_released" => (format!("{} no longer held", count()?), None, left()?),
        "hold_expired" => {
            (format!("{} no longer held", count()?), Some(Role::Warning), format!(" (expired){}", left()?))
        }
        _ => return None,
    })
}

/// The fields of an event: `, "Rust Conf" on 2026-12-31, 96 of 100 left`.
fn event(change: &ChangeBody<'_>) -> Option<String> {
    let mut text = format!(", {} on {}", quoted(change.name.as_ref()?), iso(change.date.as_ref()?));
    let (left, total) = (change.available_tickets?, change.total_tickets?);
    let _ = if left == total {
        write!(text, ", {}", counted(total, "ticket"))
    } else {
        write!(text, ", {left} of {total} left")
    };
    if change.sales == Some(Sales::Closed) {
        text.push_str(", not on sale");
    }
    if let Some(tickets) = change.max_per_booking {
        let _ = write!(text, ", at most {tickets} per booking");
    }
    Some(text)
}

/// The words for a change of an entry.
fn of_entry(change: &ChangeBody<'_>) -> Option<Told> {
    let place = || Some(place(change.date.as_deref()?, change.time?));
    let title = change.title.as_deref().filter(|title| !title.is_empty());
    let is_block = title.is_none() && change.group.as_ref().is_none_or(Members::is_empty);
    let what = || if is_block { "block".to_owned() } else { quoted(title.unwrap_or_default()) };
    let role = Some(if is_block { Role::Block } else { Role::Meeting });
    let hours = change.hours.filter(|hours| hours.get() > 1).map(|hours| format!(" for {hours} hours"));
    let mut rest = hours.unwrap_or_default();
    if change.series.is_some() {
        rest.push_str(" (in a series)");
    }
    if let Some(host) = change.host.as_deref().filter(|_| !is_block) {
        let _ = write!(rest, ", host {}", one_line(host));
    }
    Some(match &*change.kind {
        "block_made" => ("blocked".to_owned(), role, format!(" on {}{rest}", place()?)),
        "meeting_made" => (what(), role, format!(" on {}{rest}", place()?)),
        "entry_deleted" => {
            (format!("{} deleted", what()), Some(Role::Warning), format!(" on {}{rest}", place()?))
        }
        "entry_moved" => {
            let old = self::place(change.old_date.as_deref()?, change.old_time?);
            let mut moved = format!(" from {old} to {}{rest}", place()?);
            if let Some(removed) = change.removed.as_ref().filter(|removed| !removed.is_empty()) {
                let _ = write!(moved, ", no longer in it: {}", people(removed));
            }
            (format!("{} moved", what()), role, moved)
        }
        _ => return None,
    })
}

/// The first hour of an entry: `2026-11-26 at 09:00`.
fn place(date: &str, time: Hour) -> String {
    format!("{} at {time}", iso(date))
}

/// Names of people, and how many others there are.
fn people(members: &Members<'_>) -> String {
    let count = members.iter().count();
    let shown: Vec<_> = members.iter().take(PEOPLE_SHOWN_MAX).map(one_line).collect();
    let mut text = shown.join(", ");
    if count > PEOPLE_SHOWN_MAX {
        let _ = write!(text, " and {}", counted((count - PEOPLE_SHOWN_MAX) as u32, "other"));
    }
    text
}

/// What only a watcher that asks for tickets is told.
fn secrets(change: &ChangeBody<'_>) -> String {
    let mut text = String::new();
    if let Some(attendee) = &change.attendee {
        let _ = write!(text, ", for {}", quoted(attendee));
    }
    let holds = change.hold.iter().chain(change.holds.iter().flatten());
    for hold in holds {
        let _ = write!(text, ", hold {hold}");
    }
    for ticket in change.ticket.iter().chain(change.tickets.iter().flatten()) {
        let _ = write!(text, ", ticket {ticket}");
    }
    text
}

/// Who did it, if the watcher is told.
fn by(change: &ChangeBody<'_>) -> String {
    change.by.as_deref().map(|by| format!(", by {}", one_line(by))).unwrap_or_default()
}

/// A date as elsewhere on the screen.
fn iso(date: &str) -> String {
    Date::parse(date).map_or_else(|| one_line(date), |date| date.iso().to_string())
}

fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";

    fn shown(kind: &str, fields: &str) -> String {
        let zone = ServerZone::of("Europe/Prague", "").unwrap();
        let body = format!(r#"{{"kind":"{kind}","at":"2026-11-26T09:31:07.999999Z",{fields}"end":true}}"#);
        ChangeWords::of(&body, zone).map(|words| words.with_time(Screen::PLAIN)).unwrap_or_default()
    }

    #[test]
    fn each_change_of_an_event_has_its_words() {
        let counts = r#""event_id":"jazz","count":2,"available_tickets":96,"held_tickets":3,"#;
        let hold =
            r#""event_id":"jazz","count":2,"expires_at":"2026-11-26T09:46:07Z","available_tickets":9,"#;
        let terms = r#""event_id":"jazz","name":"Jazz\n\u001b","date":"2026-12-31","total_tickets":100,"#;
        for (kind, fields, words) in [
            ("tickets_booked", counts, "jazz: 2 sold, 96 left"),
            ("tickets_cancelled", counts, "jazz: 2 cancelled, 96 left"),
            ("ticket_checked_in", counts, "jazz: 2 checked in"),
            ("ticket_checked_in", &format!("{counts}\"undo\":true,"), "jazz: 2 check-ins undone"),
            ("hold_made", hold, "jazz: 2 held until 10:46:07, 9 left"),
            ("hold_extended", hold, "jazz: 2 held longer until 10:46:07, 9 left"),
            ("hold_made", &hold.replace("26T09", "26T23"), "jazz: 2 held until 2026-11-27 00:46:07, 9 left"),
            ("hold_confirmed", counts, "jazz: 2 sold from a hold, 96 left"),
            ("hold_released", counts, "jazz: 2 no longer held, 96 left"),
            ("hold_expired", counts, "jazz: 2 no longer held (expired), 96 left"),
            ("event_deleted", r#""event_id":"jazz","#, "jazz: deleted"),
            (
                "event_created",
                &format!(r#"{terms}"available_tickets":100,"sales":"open","#),
                r#"jazz: created, "Jazz\n\u{1b}" on 2026-12-31, 100 tickets"#,
            ),
            (
                "event_updated",
                &format!(r#"{terms}"available_tickets":7,"sales":"closed","max_per_booking":4,"#),
                "jazz: updated, \"Jazz\\n\\u{1b}\" on 2026-12-31, 7 of 100 left, not on sale, at most 4 per \
                 booking",
            ),
        ] {
            assert_eq!(shown(kind, fields), format!("10:31:07 {words}"));
        }
    }

    #[test]
    fn each_change_of_an_entry_has_its_words() {
        let block = r#""entry":"7-0","people":["F1"],"date":"27-11-2026","time":"09:00","#;
        let meeting = r#""entry":"7-0","people":["F1","F2"],"date":"27-11-2026","time":"09:00","hours":2,
            "title":"talk","group":["F2"],"host":"F1","#;
        let moved = format!(r#"{meeting}"old_date":"26-11-2026","old_time":"14:00","removed":["F3"],"#);
        for (kind, fields, words) in [
            ("block_made", block, "F1: blocked on 2026-11-27 at 09:00"),
            ("meeting_made", meeting, "F1, F2: \"talk\" on 2026-11-27 at 09:00 for 2 hours, host F1"),
            ("entry_deleted", block, "F1: block deleted on 2026-11-27 at 09:00"),
            (
                "entry_deleted",
                meeting,
                "F1, F2: \"talk\" deleted on 2026-11-27 at 09:00 for 2 hours, host F1",
            ),
            (
                "entry_moved",
                &moved,
                "F1, F2: \"talk\" moved from 2026-11-26 at 14:00 to 2026-11-27 at 09:00 for 2 hours, host F1, \
                 no longer in it: F3",
            ),
        ] {
            assert_eq!(shown(kind, fields), format!("10:31:07 {words}"));
        }
        let many: Vec<_> = (1..=9).map(|number| format!("\"F{number}\"")).collect();
        let crowd = block.replace("\"F1\"", &many.join(","));
        assert!(shown("block_made", &crowd).contains("F5, F6 and 3 others: blocked"));
    }

    #[test]
    fn ids_are_shown_to_who_asks_for_them() {
        let booked = format!(
            r#""event_id":"jazz","count":1,"available_tickets":0,"tickets":["{TICKET}"],"for":"Ada \"A\"","#
        );
        let words = format!(r#"10:31:07 jazz: 1 sold, 0 left, for "Ada "A"", ticket {TICKET}"#);
        assert_eq!(shown("tickets_booked", &booked), words);
        let held = format!(r#""event_id":"jazz","count":1,"available_tickets":0,"holds":["{TICKET}"],"#);
        assert!(shown("hold_expired", &held).ends_with(&format!(", hold {TICKET}")));
    }

    #[test]
    fn organizer_is_shown_who_did_it() {
        let booked = r#""event_id":"jazz","count":2,"available_tickets":96,"by":"anna","#;
        assert_eq!(shown("tickets_booked", booked), "10:31:07 jazz: 2 sold, 96 left, by anna");
        let block = r#""entry":"7-0","people":["F1"],"date":"27-11-2026","time":"09:00","by":"ben\u001b","#;
        assert_eq!(shown("block_made", block), "10:31:07 F1: blocked on 2026-11-27 at 09:00, by ben\\u{1b}");
        let unknown = r#""event_id":"jazz","by":"anna","#;
        assert_eq!(shown("seat_taken", unknown), "10:31:07 jazz: seat taken, by=\"anna\"");
    }

    #[test]
    fn change_of_a_later_version_is_shown_by_its_fields() {
        let fields = r#""event_id":"jazz\u001b","seat":{"row":"A"},"note":"a\nb","#;
        assert_eq!(
            shown("seat_taken", fields),
            r#"10:31:07 jazz\u{1b}: seat taken, seat={"row":"A"}, note="a\nb""#
        );
        assert_eq!(
            shown("tickets_booked", r#""event_id":"jazz","count":-1,"#),
            "10:31:07 jazz: tickets booked, count=-1"
        );
        assert_eq!(ChangeWords::of("[\u{1b}", ServerZone::UTC).unwrap().with_time(Screen::PLAIN), "[\\u{1b}");
    }

    #[test]
    fn what_is_about_the_watcher_has_no_words() {
        assert_eq!((shown("progress", ""), shown("gap", "")), (String::new(), String::new()));
    }

    #[test]
    fn line_has_its_colors_and_can_have_its_date() {
        let body = r#"{"kind":"tickets_booked","at":"2026-11-26T09:31:07Z","event_id":"e","count":1,
            "available_tickets":2}"#;
        let words = ChangeWords::of(body, ServerZone::UTC).unwrap();
        assert_eq!(words.with_date(Screen::PLAIN), "2026-11-26 09:31:07 e: 1 sold, 2 left");
        let color = Screen { has_color: true, ..Screen::PLAIN };
        assert_eq!(words.with_time(color), "\u{1b}[2m09:31:07\u{1b}[0m e: \u{1b}[32m1 sold\u{1b}[0m, 2 left");
    }
}
