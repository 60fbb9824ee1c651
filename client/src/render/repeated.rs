//! What the reply to a request that was sent again says, in a sentence before the reply.

use bookline_protocol::commands::book::{BookReply, BookingsReply};
use bookline_protocol::commands::hold::HoldReply;
use bookline_protocol::{ParsedLine, Request};
use serde::Deserialize;

use crate::render::ticket::tickets;

/// The beginning of every sentence, and the sentence where there is nothing to add.
pub const ASKED_AGAIN: &str = "the connection was lost; asked again:";

/// The request of this line was granted, now or before the connection was lost. `body` is the object of its
/// `OK`.
pub fn granted(line: &[u8], body: &str) -> String {
    match with_request(line, |request| granted_change(request, body)) {
        Some(change) => format!("{ASKED_AGAIN} {change}:"),
        None => ASKED_AGAIN.to_owned(),
    }
}

/// The request of this line was refused, and was not granted before.
pub fn denied(line: &[u8]) -> String {
    match with_request(line, denied_change) {
        Some(change) => format!("{ASKED_AGAIN} {change}:"),
        None => ASKED_AGAIN.to_owned(),
    }
}

/// Calls `describe` with the request if it changes something.
fn with_request(line: &[u8], describe: impl FnOnce(&Request<'_>) -> Option<String>) -> Option<String> {
    match bookline_protocol::parse(line, &mut Vec::new()) {
        ParsedLine::Keyed(keyed) => describe(&keyed.request),
        _ => None,
    }
}

fn granted_change(request: &Request<'_>, body: &str) -> Option<String> {
    let (count, what) = match request {
        // A BookReply is a ConfirmReply without its first field.
        Request::Book(_) | Request::Confirm(_) => (sold(body)?, "sold"),
        Request::Hold(_) => (parse::<HoldReply<'_>>(body)?.tickets, "held"),
        _ => return Some("the change was made".to_owned()),
    };
    let were = if count == 1 { "was" } else { "were" };
    Some(format!("{} {were} {what}", tickets(count)))
}

fn denied_change(request: &Request<'_>) -> Option<String> {
    let what = match request {
        Request::Book(_) | Request::Confirm(_) => "nothing was sold",
        Request::Hold(_) => "nothing was held",
        _ => "nothing was changed",
    };
    Some(what.to_owned())
}

/// How many tickets a BOOK or a CONFIRM has sold.
fn sold(body: &str) -> Option<u32> {
    let ids = match parse::<BookReply<'_>>(body) {
        Some(booked) => booked.tickets.len(),
        None => parse::<BookingsReply<'_>>(body)?.bookings.iter().map(|booked| booked.tickets.len()).sum(),
    };
    u32::try_from(ids).ok()
}

fn parse<'a, T: Deserialize<'a>>(body: &'a str) -> Option<T> {
    serde_json::from_str(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "key=0123456789abcdef";
    const ID: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";

    #[track_caller]
    fn assert_granted(command: &str, body: &str, expected: &str) {
        let line = format!("{command} {KEY}");
        assert_eq!(granted(line.as_bytes(), body), format!("{ASKED_AGAIN}{expected}"));
    }

    #[test]
    fn granted_change_counts_its_tickets() {
        let booked = |ids: &[&str]| {
            let ids = ids.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(",");
            format!(r#"{{"event_id":"e","tickets":[{ids}],"available_tickets":9}}"#)
        };
        let (one, two) = (booked(&[ID]), booked(&[ID, ID]));
        assert_granted("BOOK e 1", &one, " 1 ticket was sold:");
        assert_granted("BOOK e 2", &two, " 2 tickets were sold:");
        let both = format!(r#"{{"bookings":[{one},{two}]}}"#);
        assert_granted("BOOK e 1 f 2", &both, " 3 tickets were sold:");
        let confirmed = two.replace('{', &format!(r#"{{"hold_id":"{ID}","#));
        assert_granted(&format!("CONFIRM {ID}"), &confirmed, " 2 tickets were sold:");
        let held = format!(
            r#"{{"hold_id":"{ID}","event_id":"e","tickets":3,"expires_at":"2026-11-26T09:57:53.123456Z",
            "available_tickets":9}}"#
        );
        assert_granted("HOLD e 3", &held, " 3 tickets were held:");
    }

    #[test]
    fn other_replies_are_introduced_without_a_count() {
        assert_granted("BLOCK F1 21-11-2026 09:00", "{}", " the change was made:");
        assert_granted("BOOK e 2", "{}", "");
        assert_eq!(granted(b"GET e", "{}"), ASKED_AGAIN);
    }

    #[test]
    fn refused_change_was_not_made() {
        for (command, what) in [
            ("BOOK e 2", " nothing was sold:"),
            ("HOLD e 2", " nothing was held:"),
            ("BLOCK F1 21-11-2026 09:00", " nothing was changed:"),
        ] {
            assert_eq!(denied(format!("{command} {KEY}").as_bytes()), format!("{ASKED_AGAIN}{what}"));
        }
        assert_eq!(denied(b"GET e"), ASKED_AGAIN);
    }
}
