//! The whole state as text, read as requests read it. Two states are equal if their texts are.

use std::fmt::Write;

use bookline_protocol::{Date, TicketId};
use bookline_server::state::{Context, Store};

/// A few people, so that their meetings conflict.
pub const PEOPLE: [&str; 6] = ["F1", "F2", "F3", "F4", "F5", "F10"];

/// Two days that share a shard (of 64), and one that does not.
pub fn days() -> [Date; 3] {
    [739_000, 739_064, 739_001].map(|number| Date::from_day_number(number).expect("a day of 2024"))
}

/// Every event, those of `tickets` that were issued, every day of every person, and the totals.
pub fn state_text(store: &Store, tickets: &[TicketId]) -> String {
    let (mut text, mut context) = (String::new(), Context::default());
    for place in store.page(&mut context, None, usize::MAX) {
        let line = store.event(&mut context, &place.id, |event| format!("{} {:?}\n", event.json, event.sale));
        text += &line.expect("a listed event");
    }
    for &ticket in tickets {
        if let Some(event) = store.ticket(&mut context, ticket, |event| event.id.clone()) {
            writeln!(text, "{ticket} {event}").expect("write to a string");
        }
    }
    for date in days() {
        for who in PEOPLE {
            for entry in store.day(&mut context, who, date) {
                writeln!(text, "{who} {entry:?}").expect("write to a string");
            }
        }
    }
    writeln!(text, "{:?}", store.totals(&mut context)).expect("write to a string");
    text
}
