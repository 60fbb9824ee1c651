//! Changes that cannot be told, and those that no watcher is told of.

use bookline_protocol::TicketStatus;
use bookline_protocol::reply::ChangeKind;

use super::super::{
    Change, EntryFreed, EventAfter, HoldExtendedUncounted, HoldKept, HoldsEndedUncounted, HoldsForgotten,
    KeyUsed, KeysForgotten, TellError, TicketCheckedInUncounted, TicketsBooked, TicketsIssued, TicketsKept,
    UsedKey,
};
use super::entries::new_year;
use super::{AT, HOLD, HOLD_TEXT, MICROS, TICKET, TICKET_TEXT, Told, dumped, tell, told};
use crate::codec::Sequence;
use crate::domain::hold::{EndedHold, Hold, HoldEnd, HoldState};
use crate::domain::{EntryNumber, EventKey, EventNumber, TicketState};

const KEY: EventKey = EventKey { tag: 7, number: EventNumber(12) };

const EVENT: EventAfter<'static> = EventAfter { key: KEY, id: "jazz", total: 10, issued: 3, held: 2 };

/// The changes of earlier versions that lack something, the kind that each would be, and what `dump` shows.
fn incomplete() -> Vec<(Change<'static>, ChangeKind, String)> {
    let counts = r#""available_tickets":5,"held_tickets":2"#;
    let ended = |end| HoldsEndedUncounted { event: EVENT, end, holds: &[HOLD] }.into();
    vec![
        (
            TicketsIssued { event: KEY, tickets: &[TICKET] }.into(),
            ChangeKind::TicketsBooked,
            format!(
                r#"{{"kind":"earlier_tickets_booked",{AT},"event":12,"count":1,"tickets":["{TICKET_TEXT}"]}}"#
            ),
        ),
        (
            EntryFreed { slot: new_year(), entry: EntryNumber::first_of(Sequence(9)) }.into(),
            ChangeKind::EntryDeleted,
            format!(
                r#"{{"kind":"earlier_entry_deleted",{AT},"entry":"9-0","date":"01-01-2027","time":"00:00","hours":1}}"#
            ),
        ),
        (
            HoldExtendedUncounted { event: KEY, id: "jazz", hold: HOLD, deadline: MICROS }.into(),
            ChangeKind::HoldExtended,
            format!(
                r#"{{"kind":"earlier_hold_extended",{AT},"event_id":"jazz",{},"hold":"{HOLD_TEXT}"}}"#,
                AT.replace("at", "expires_at")
            ),
        ),
        (
            ended(HoldEnd::Released),
            ChangeKind::HoldReleased,
            format!(
                r#"{{"kind":"earlier_hold_released",{AT},"event_id":"jazz",{counts},"holds":["{HOLD_TEXT}"]}}"#
            ),
        ),
        (
            ended(HoldEnd::Expired),
            ChangeKind::HoldExpired,
            format!(
                r#"{{"kind":"earlier_hold_expired",{AT},"event_id":"jazz",{counts},"holds":["{HOLD_TEXT}"]}}"#
            ),
        ),
        (
            TicketCheckedInUncounted { event: KEY, id: "jazz", ticket: TICKET, undone: true, at: None }
                .into(),
            ChangeKind::TicketCheckedIn,
            format!(
                r#"{{"kind":"earlier_ticket_checked_in",{AT},"event_id":"jazz","undo":true,"ticket":"{TICKET_TEXT}"}}"#
            ),
        ),
    ]
}

#[test]
fn incomplete_changes_are_refused_and_dumped() {
    for (change, kind, line) in incomplete() {
        let booked = TicketsBooked { event: EVENT, attendee: "", tickets: &[TICKET] }.into();
        let mut heard = Told::default();
        assert_eq!(tell(&[booked, change, booked], &mut heard), Err(TellError::Incomplete { kind }));
        assert_eq!(heard.lines.len(), 1, "only what is before it is told");
        let shown = dumped(&[booked, change, booked]);
        assert_eq!(shown.lines.len(), 3);
        assert_eq!(shown.objects()[1], line);
    }
}

#[test]
fn keys_and_what_snapshots_hold_are_internal() {
    let used = UsedKey { identity: "", key: "0123456789abcdef", request: [7; 16], reply: b"OK {}\n" };
    let ended = HoldState::Ended(EndedHold { end: HoldEnd::Expired, at: MICROS });
    let hold = Hold { tickets: 2, created: MICROS, deadline: MICROS, state: ended };
    let states = [TicketState::new(TicketStatus::CheckedIn, Some(MICROS)).to_bytes()];
    let changes = [
        KeysForgotten { through: Sequence(3) }.into(),
        KeyUsed(used).into(),
        HoldsForgotten { event: KEY, holds: &[HOLD] }.into(),
        HoldKept { event: KEY, id: HOLD, hold, attendee: "" }.into(),
        TicketsKept { event: KEY, attendee: "Ann", tickets: &[TICKET], states: &states }.into(),
    ];
    assert_eq!(told(&changes).objects(), [""; 0]);
    let moment = r#""2026-11-26T09:57:53.123456Z""#;
    assert_eq!(
        dumped(&changes).objects(),
        [
            format!(r#"{{"kind":"keys_forgotten",{AT},"through":3}}"#),
            format!(r#"{{"kind":"key_used",{AT},"reply_bytes":6}}"#),
            format!(r#"{{"kind":"holds_forgotten",{AT},"event":12,"holds":["{HOLD_TEXT}"]}}"#),
            format!(
                r#"{{"kind":"hold_kept",{AT},"event":12,"count":2,"created_at":{moment},"expires_at":{moment},"status":"expired","ended_at":{moment},"hold":"{HOLD_TEXT}"}}"#
            ),
            format!(
                r#"{{"kind":"tickets_kept",{AT},"event":12,"count":1,"statuses":["checked_in"],"changed_at":[{moment}],"tickets":["{TICKET_TEXT}"],"for":"Ann"}}"#
            ),
        ]
    );
}
