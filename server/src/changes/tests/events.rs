//! Lines about events, tickets and holds.

use bookline_protocol::{Date, MaxPerBooking, SaleTerms, Sales};

use super::super::{
    EventAdded, EventAfter, EventCreated, EventDeleted, EventUpdated, HoldConfirmed, HoldCreated,
    HoldExtended, HoldsEnded, TicketCheckedIn, TicketsBooked, TicketsCancelled,
};
use super::{AT, HOLD, HOLD_TEXT, TICKET, TICKET_TEXT, told};
use crate::domain::hold::HoldEnd;
use crate::domain::{EventKey, EventNumber, EventValues};

const KEY: EventKey = EventKey { tag: 7, number: EventNumber(12) };

/// The event jazz with ten tickets, of which three are issued and two are held.
fn after() -> EventAfter<'static> {
    EventAfter { key: KEY, id: "jazz", total: 10, issued: 3, held: 2 }
}

fn values(terms: SaleTerms) -> EventValues<'static> {
    let date = Date::parse("2026-12-31").unwrap();
    EventValues { id: "jazz", name: "Jazz \"Night\"\u{202e}", date, total: 10, issued: 3, terms }
}

/// A public part up to the counts, which every change of tickets has.
fn counted(kind: &str, count: u32) -> String {
    format!(
        r#"{{"kind":"{kind}",{AT},"event_id":"jazz","count":{count},"available_tickets":5,"held_tickets":2"#
    )
}

#[test]
fn events_are_told_with_the_fields_of_their_objects() {
    let limited = SaleTerms { sales: Sales::Closed, max_per_booking: MaxPerBooking::new(4).unwrap() };
    let created = EventAdded { tag: 7, values: EventValues { issued: 0, ..values(SaleTerms::default()) } };
    let earlier = {
        let EventValues { id, date, total, issued, .. } = values(limited);
        EventCreated { tag: 7, id, name: "Jazz", date, total, issued }
    };
    let updated = EventUpdated { event: KEY, held: 2, values: values(limited) };
    let lines =
        told(&[created.into(), earlier.into(), updated.into(), EventDeleted { event: after() }.into()]);
    let name = r#""event_id":"jazz","name":"Jazz \"Night\"\u202e","date":"2026-12-31","total_tickets":10"#;
    assert_eq!(
        lines.objects(),
        [
            format!(
                r#"{{"kind":"event_created",{AT},{name},"available_tickets":10,"held_tickets":0,"sales":"open"}}"#
            ),
            format!(
                r#"{{"kind":"event_created",{AT},"event_id":"jazz","name":"Jazz","date":"2026-12-31","total_tickets":10,"available_tickets":7,"held_tickets":0,"sales":"open"}}"#
            ),
            format!(
                r#"{{"kind":"event_updated",{AT},{name},"available_tickets":5,"held_tickets":2,"sales":"closed","max_per_booking":4}}"#
            ),
            format!(r#"{{"kind":"event_deleted",{AT},"event_id":"jazz"}}"#),
        ]
    );
    assert_eq!(lines.subjects(), ["event jazz"; 4]);
}

#[test]
fn ids_and_names_of_tickets_are_in_the_secret_part() {
    let event = after();
    let tickets = &[TICKET, TICKET];
    let lines = told(&[
        TicketsBooked { event, attendee: "Ann \"A\"", tickets }.into(),
        TicketsBooked { event, attendee: "", tickets: &tickets[..1] }.into(),
        TicketsCancelled { event, tickets }.into(),
        TicketCheckedIn { event, ticket: TICKET, undone: false, at: 5 }.into(),
        TicketCheckedIn { event, ticket: TICKET, undone: true, at: 5 }.into(),
    ]);
    let ids = format!(r#","tickets":["{TICKET_TEXT}","{TICKET_TEXT}"]"#);
    let expected = [
        (counted("tickets_booked", 2), format!(r#"{ids},"for":"Ann \"A\"""#)),
        (counted("tickets_booked", 1), format!(r#","tickets":["{TICKET_TEXT}"]"#)),
        (counted("tickets_cancelled", 2), ids),
        (
            format!(r#"{},"undo":false"#, counted("ticket_checked_in", 1)),
            format!(r#","ticket":"{TICKET_TEXT}""#),
        ),
        (
            format!(r#"{},"undo":true"#, counted("ticket_checked_in", 1)),
            format!(r#","ticket":"{TICKET_TEXT}""#),
        ),
    ];
    let parts: Vec<_> = lines.lines.into_iter().map(|(_, public, secret)| (public, secret)).collect();
    assert_eq!(parts, expected);
}

#[test]
fn holds_are_told_with_their_tickets_and_deadlines() {
    let (event, hold, deadline) = (after(), HOLD, super::MICROS + 300_000_000);
    let lines = told(&[
        HoldCreated { event, hold, tickets: 2, deadline, attendee: "Bob" }.into(),
        HoldExtended { event, hold, tickets: 2, deadline }.into(),
        HoldConfirmed { event, hold, attendee: "Bob", tickets: &[TICKET] }.into(),
        HoldsEnded { event, end: HoldEnd::Released, tickets: 4, holds: &[HOLD] }.into(),
        HoldsEnded { event, end: HoldEnd::Expired, tickets: 4, holds: &[HOLD] }.into(),
    ]);
    let expires = r#","expires_at":"2026-11-26T10:02:53.123456Z""#;
    let id = format!(r#","hold":"{HOLD_TEXT}""#);
    let expected = [
        (format!("{}{expires}", counted("hold_made", 2)), format!(r#"{id},"for":"Bob""#)),
        (format!("{}{expires}", counted("hold_extended", 2)), id.clone()),
        (counted("hold_confirmed", 1), format!(r#"{id},"tickets":["{TICKET_TEXT}"],"for":"Bob""#)),
        (counted("hold_released", 4), id),
        (counted("hold_expired", 4), format!(r#","holds":["{HOLD_TEXT}"]"#)),
    ];
    let parts: Vec<_> = lines.lines.into_iter().map(|(_, public, secret)| (public, secret)).collect();
    assert_eq!(parts, expected);
}

#[test]
fn changes_of_a_commit_are_told_in_order_each_of_its_event() {
    let jazz = after();
    let other = EventAfter { id: "rustconf", issued: 10, held: 0, ..jazz };
    let lines = told(&[
        HoldsEnded { event: jazz, end: HoldEnd::Expired, tickets: 1, holds: &[HOLD] }.into(),
        TicketsBooked { event: jazz, attendee: "", tickets: &[TICKET] }.into(),
        TicketsBooked { event: other, attendee: "", tickets: &[TICKET] }.into(),
    ]);
    assert_eq!(lines.subjects(), ["event jazz", "event jazz", "event rustconf"]);
    let kinds: Vec<_> = lines.lines.iter().map(|(_, public, _)| public.split('"').nth(3).unwrap()).collect();
    assert_eq!(kinds, ["hold_expired", "tickets_booked", "tickets_booked"]);
    assert!(lines.lines[2].1.contains(r#""available_tickets":0"#), "{:?}", lines.lines[2]);
}
