//! Holds as sentences.

use bookline_protocol::HoldStatus;
use bookline_protocol::commands::hold::{HoldReply, HoldStatusReply};
use bookline_protocol::commands::release::ReleaseReply;

use crate::render::text::printable;
use crate::render::ticket::tickets;
use crate::render::time;

/// What can be done with a hold.
const NEXT: &str = "CONFIRM <hold-id> buys, EXTEND <hold-id> <seconds> moves the deadline, RELEASE <hold-id> \
                    gives back.";

/// The reply to `HOLD <event-id> <n>` and to EXTEND.
pub fn held(held: &HoldReply<'_>) -> String {
    let HoldReply { hold_id, event_id, tickets: count, expires_at, available_tickets } = held;
    format!(
        "{} for {} held until {}, {available_tickets} left:\n{hold_id}\n{NEXT}",
        tickets(*count),
        printable(event_id),
        time::second(*expires_at),
    )
}

/// The reply to `HOLD <hold-id>`.
pub fn hold(hold: &HoldStatusReply<'_>) -> String {
    let HoldStatusReply { hold_id, event_id, tickets: count, expires_at, status } = hold;
    let (held, deadline) = (tickets(*count), time::second(*expires_at));
    let what = format!("Hold {hold_id} of {held} for {}", printable(event_id));
    match status {
        HoldStatus::Held => format!("{what} expires at {deadline}.\n{NEXT}"),
        HoldStatus::Confirmed => format!("{what} is confirmed."),
        HoldStatus::Released => format!("{what} is released."),
        HoldStatus::Expired => format!("{what} expired at {deadline}."),
    }
}

/// The reply to RELEASE.
pub fn released(released: &ReleaseReply<'_>) -> String {
    let ReleaseReply { hold_id, event_id, released, available_tickets } = released;
    format!(
        "Hold {hold_id} is released: {} for {} given back, {available_tickets} left.",
        tickets(*released),
        printable(event_id),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";

    /// The object of a reply about a hold, with these fields at the end.
    fn body(fields: &str) -> String {
        format!(r#"{{"hold_id":"{ID}","event_id":"e",{fields}}}"#)
    }

    fn status(tickets: u32, status: &str) -> String {
        let deadline = r#""expires_at":"2026-11-26T09:57:53.123456Z""#;
        let body = body(&format!(r#""tickets":{tickets},{deadline},"status":"{status}""#));
        hold(&serde_json::from_str(&body).unwrap())
    }

    #[test]
    fn hold_shows_its_deadline_and_what_can_be_done_with_it() {
        let deadline = r#""expires_at":"2026-11-26T09:57:53.123456Z""#;
        let body = body(&format!(r#""tickets":1,{deadline},"available_tickets":9"#));
        let shown = held(&serde_json::from_str(&body).unwrap());
        assert_eq!(
            shown,
            format!("1 ticket for e held until 2026-11-26 09:57:53 UTC, 9 left:\n{ID}\n{NEXT}")
        );
        let shown = format!("Hold {ID} of 2 tickets for e expires at 2026-11-26 09:57:53 UTC.\n{NEXT}");
        assert_eq!(status(2, "held"), shown);
    }

    #[test]
    fn ended_hold_shows_how_it_ended() {
        for (word, end) in [
            ("confirmed", "is confirmed."),
            ("released", "is released."),
            ("expired", "expired at 2026-11-26 09:57:53 UTC."),
        ] {
            assert_eq!(status(1, word), format!("Hold {ID} of 1 ticket for e {end}"));
        }
    }

    #[test]
    fn release_counts_what_is_given_back() {
        let body = body(r#""released":3,"available_tickets":12"#);
        let shown = released(&serde_json::from_str(&body).unwrap());
        assert_eq!(shown, format!("Hold {ID} is released: 3 tickets for e given back, 12 left."));
    }
}
