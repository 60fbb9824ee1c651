//! The whole state as text, read the way everybody reads it: two states are equal when they look the same.

use std::fmt::Write;

use bookline_protocol::{Date, TicketId};

use crate::state::{DependsOn, Store};

/// A few people, so that they meet.
pub const PEOPLE: [&str; 6] = ["F1", "F2", "F3", "F4", "F5", "F10"];

/// Two days that share a shard (of 64), and one that does not.
pub fn days() -> [Date; 3] {
    [739_000, 739_064, 739_001].map(|number| Date::from_day_number(number).expect("a day of 2024"))
}

/// Every event, every ticket of `tickets` that was issued, every day of everybody, and the totals.
pub fn shown(store: &Store, tickets: &[TicketId]) -> String {
    let (mut text, mut seen) = (String::new(), DependsOn::default());
    for place in store.page(None, usize::MAX, &mut seen) {
        let line = store.event(&place.id, &mut seen, |event| format!("{} {:?}\n", event.json, event.sale));
        text += &line.expect("an event that is listed is there");
    }
    for &ticket in tickets {
        if let Some(event) = store.ticket(ticket, &mut seen, |event| event.id.clone()) {
            writeln!(text, "{ticket} {event}").expect("a string takes everything");
        }
    }
    for date in days() {
        for who in PEOPLE {
            for entry in store.day(who, date, &mut seen) {
                writeln!(text, "{who} {entry:?}").expect("a string takes everything");
            }
        }
    }
    writeln!(text, "{:?}", store.totals(&mut seen)).expect("a string takes everything");
    text
}
