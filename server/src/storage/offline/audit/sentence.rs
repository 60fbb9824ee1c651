//! What happened, in a sentence of which the account is the subject.

use std::fmt::Write;

use bookline_protocol::reply::{ChangeBody, Members};
use bookline_protocol::{Date, Hour, Sales, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::escaped::Shown;

/// People who are named. A meeting may have a thousand.
const PEOPLE_SHOWN_MAX: usize = 6;

/// The sentence for the object of a line, which is open at its end. It is on one line and has no control
/// characters.
pub(super) fn sentence(object: &[u8]) -> String {
    let text = String::from_utf8_lossy(object) + "}";
    let known = serde_json::from_str::<ChangeBody<'_>>(&text).ok().and_then(|change| of_change(&change));
    known.or_else(|| of_account(&text)).unwrap_or_else(|| of_other(&text))
}

/// A moment to the second: `2026-11-27T05:48:00Z`.
pub(super) fn in_seconds(moment: Timestamp) -> String {
    let text = moment.to_string();
    let seconds = text.split_once('.').map_or(&*text, |(seconds, _)| seconds);
    format!("{seconds}Z")
}

/// `None` for a change that is about something else, or lacks a field.
fn of_change(change: &ChangeBody<'_>) -> Option<String> {
    match &change.event_id {
        Some(event) => of_event(change, event),
        None => of_entry(change),
    }
}

fn of_event(change: &ChangeBody<'_>, event: &str) -> Option<String> {
    let tickets = || Some(format!("{} of {event}", counted(change.count?, "ticket")));
    let left = || Some(format!("({} left)", change.available_tickets?));
    let until = || Some(format!("until {}", in_seconds(change.expires_at?)));
    Some(match &*change.kind {
        "event_created" => format!("created event {event}: {}", values(change)?),
        "event_updated" => format!("updated event {event}: {}", values(change)?),
        "event_deleted" => format!("deleted event {event}"),
        "tickets_booked" => format!("booked {} {}", tickets()?, left()?),
        "tickets_cancelled" => format!("cancelled {} {}", tickets()?, left()?),
        "ticket_checked_in" if change.undo? => format!("undid the check-in of {}", tickets()?),
        "ticket_checked_in" => format!("checked in {}", tickets()?),
        "hold_made" => format!("held {} {} {}", tickets()?, until()?, left()?),
        "hold_extended" => format!("extended the hold of {} {} {}", tickets()?, until()?, left()?),
        "hold_confirmed" => format!("booked {} from a hold {}", tickets()?, left()?),
        "hold_released" => format!("released the hold of {} {}", tickets()?, left()?),
        // Whoever needs the tickets ends it, or the server.
        "hold_expired" => format!("ended the expired hold of {} {}", tickets()?, left()?),
        _ => return None,
    })
}

/// The values of an event: `"Rust Conf" on 2026-12-31, 96 of 100 tickets left`.
fn values(change: &ChangeBody<'_>) -> Option<String> {
    let (left, total) = (change.available_tickets?, change.total_tickets?);
    let name = Shown(change.name.as_ref()?);
    let mut text =
        format!("{name} on {}, {left} of {} left", change.date.as_ref()?, counted(total, "ticket"));
    if change.sales == Some(Sales::Closed) {
        text.push_str(", not on sale");
    }
    if let Some(tickets) = change.max_per_booking {
        let _ = write!(text, ", at most {tickets} per booking");
    }
    Some(text)
}

fn of_entry(change: &ChangeBody<'_>) -> Option<String> {
    let place = place(change.date.as_deref()?, change.time?);
    let mut what = match &change.title {
        Some(title) => format!("the meeting {}", Shown(title)),
        None => "a block".to_owned(),
    };
    let _ = write!(what, " of {}", people(change.people.as_ref()?));
    let mut rest = String::new();
    if let Some(hours) = change.hours.filter(|hours| hours.get() > 1) {
        let _ = write!(rest, " for {hours} hours");
    }
    if let Some(host) = &change.host {
        let _ = write!(rest, ", host {host}");
    }
    if let Some(series) = change.series {
        let _ = write!(rest, ", in series {series}");
    }
    Some(match &*change.kind {
        "block_made" | "meeting_made" => format!("made {what} on {place}{rest}"),
        "entry_deleted" => format!("deleted {what} on {place}{rest}"),
        "entry_moved" => {
            let old = self::place(change.old_date.as_deref()?, change.old_time?);
            if let Some(removed) = change.removed.as_ref().filter(|removed| !removed.is_empty()) {
                let _ = write!(rest, ", no longer in it: {}", people(removed));
            }
            format!("moved {what} from {old} to {place}{rest}")
        }
        _ => return None,
    })
}

/// The first hour of an entry: `2026-11-26 at 09:00`.
fn place(date: &str, time: Hour) -> String {
    let date = Date::parse(date).map_or_else(|| date.to_owned(), |date| date.iso().to_string());
    format!("{date} at {time}")
}

/// Names of people, and how many others there are.
fn people(members: &Members<'_>) -> String {
    let count = members.iter().count();
    let mut text = members.iter().take(PEOPLE_SHOWN_MAX).collect::<Vec<_>>().join(", ");
    if let Some(others @ 1..) = count.checked_sub(PEOPLE_SHOWN_MAX) {
        let _ = write!(text, " and {others} more");
    }
    text
}

/// What is told of a change of an account.
#[derive(Deserialize)]
struct AccountBody {
    kind: String,
    account: String,
    role: Option<String>,
    person: Option<String>,
    secret: Option<String>,
}

fn of_account(object: &str) -> Option<String> {
    let change: AccountBody = serde_json::from_str(object).ok()?;
    let account = &change.account;
    let values = || {
        let person = change.person.as_ref().map(|person| format!(", person {person}")).unwrap_or_default();
        Some(format!("role {}{person}, with a {}", change.role.as_ref()?, change.secret.as_ref()?))
    };
    Some(match &*change.kind {
        "account_added" => format!("added account {account}: {}", values()?),
        "account_set" => format!("changed account {account}: {}", values()?),
        "account_dropped" => format!("dropped account {account}"),
        _ => return None,
    })
}

/// A change of an earlier version, which lacks what is told today: its kind, and its fields with their names.
fn of_other(object: &str) -> String {
    let fields: Map<String, Value> = serde_json::from_str(object).unwrap_or_default();
    let kind = fields.get("kind").and_then(Value::as_str).unwrap_or("change").replace('_', " ");
    let shown = fields.iter().filter(|(name, _)| !["kind", "at"].contains(&name.as_str()));
    shown.fold(kind, |text, (name, value)| format!("{text}, {name}={value}"))
}

fn counted(count: u32, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentence for a line with these fields.
    fn of(kind: &str, fields: &str) -> String {
        sentence(format!(r#"{{"kind":"{kind}","at":"2026-11-26T09:31:07.999999Z",{fields}"#).as_bytes())
    }

    #[test]
    fn each_change_of_an_event_has_its_sentence() {
        let counts = r#""event_id":"jazz","count":2,"available_tickets":96,"held_tickets":3"#;
        let hold = format!(r#"{counts},"expires_at":"2026-11-26T09:46:07.999999Z""#);
        let terms = r#""event_id":"jazz","name":"Jazz\n\u001b","date":"2026-12-31","total_tickets":100"#;
        for (kind, fields, told) in [
            ("tickets_booked", counts, "booked 2 tickets of jazz (96 left)"),
            ("tickets_cancelled", counts, "cancelled 2 tickets of jazz (96 left)"),
            ("ticket_checked_in", &format!("{counts},\"undo\":false"), "checked in 2 tickets of jazz"),
            (
                "ticket_checked_in",
                &format!("{counts},\"undo\":true"),
                "undid the check-in of 2 tickets of jazz",
            ),
            ("hold_made", &hold, "held 2 tickets of jazz until 2026-11-26T09:46:07Z (96 left)"),
            (
                "hold_extended",
                &hold,
                "extended the hold of 2 tickets of jazz until 2026-11-26T09:46:07Z (96 left)",
            ),
            ("hold_confirmed", counts, "booked 2 tickets of jazz from a hold (96 left)"),
            ("hold_released", counts, "released the hold of 2 tickets of jazz (96 left)"),
            ("hold_expired", counts, "ended the expired hold of 2 tickets of jazz (96 left)"),
            ("event_deleted", r#""event_id":"jazz""#, "deleted event jazz"),
            (
                "event_created",
                &format!(r#"{terms},"available_tickets":100,"held_tickets":0,"sales":"open""#),
                r#"created event jazz: "Jazz\n\u{1b}" on 2026-12-31, 100 of 100 tickets left"#,
            ),
            (
                "event_updated",
                &format!(
                    r#"{terms},"available_tickets":7,"held_tickets":0,"sales":"closed","max_per_booking":4"#
                ),
                "updated event jazz: \"Jazz\\n\\u{1b}\" on 2026-12-31, 7 of 100 tickets left, not on sale, at most \
                 4 per booking",
            ),
        ] {
            assert_eq!(of(kind, fields), told);
        }
    }

    #[test]
    fn each_change_of_an_entry_has_its_sentence() {
        let block = r#""entry":"7-0","people":["F1"],"date":"27-11-2026","time":"09:00","hours":1"#;
        let meeting = r#""entry":"7-0","people":["F1","F2"],"date":"27-11-2026","time":"09:00","hours":2,
            "title":"talk","group":["F2"],"host":"F1""#;
        let series = format!(r#"{meeting},"series":"5f3a9c1e77d20b46""#);
        let moved = format!(r#"{meeting},"old_date":"26-11-2026","old_time":"14:00","removed":["F3"]"#);
        for (kind, fields, told) in [
            ("block_made", block, "made a block of F1 on 2026-11-27 at 09:00"),
            (
                "meeting_made",
                &series,
                "made the meeting \"talk\" of F1, F2 on 2026-11-27 at 09:00 for 2 hours, host F1, in series \
                 5f3a9c1e77d20b46",
            ),
            ("entry_deleted", block, "deleted a block of F1 on 2026-11-27 at 09:00"),
            (
                "entry_moved",
                &moved,
                "moved the meeting \"talk\" of F1, F2 from 2026-11-26 at 14:00 to 2026-11-27 at 09:00 for 2 \
                 hours, host F1, no longer in it: F3",
            ),
        ] {
            assert_eq!(of(kind, fields), told);
        }
        let many: Vec<_> = (1..=9).map(|number| format!("\"F{number}\"")).collect();
        let crowd = of("block_made", &block.replace("\"F1\"", &many.join(",")));
        assert!(crowd.contains(" of F1, F2, F3, F4, F5, F6 and 3 more on "), "{crowd}");
    }

    #[test]
    fn each_change_of_an_account_has_its_sentence() {
        let door = r#""account":"dora","role":"door","secret":"token""#;
        let person = r#""account":"dora","role":"seller","person":"F1","secret":"password""#;
        for (kind, fields, told) in [
            ("account_added", door, "added account dora: role door, with a token"),
            ("account_set", person, "changed account dora: role seller, person F1, with a password"),
            ("account_dropped", r#""account":"dora""#, "dropped account dora"),
        ] {
            assert_eq!(of(kind, fields), told);
        }
    }

    #[test]
    fn change_of_an_earlier_version_is_shown_by_its_fields() {
        assert_eq!(of("tickets_booked", r#""event":7,"count":2"#), "tickets booked, event=7, count=2");
        assert_eq!(of("entry_deleted", r#""entry":"7-0""#), r#"entry deleted, entry="7-0""#);
    }
}
