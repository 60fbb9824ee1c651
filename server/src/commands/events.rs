//! The reply that shows an event.

use bookline_protocol::reply::{EventSale, LineKind, write_event_reply};

use crate::state::Event;

/// Writes an event as a line.
pub fn write_event(out: &mut Vec<u8>, event: &Event, kind: LineKind) {
    let sale = &event.sale;
    let shown = EventSale { available_tickets: sale.available(), held_tickets: sale.held, terms: sale.terms };
    write_event_reply(out, &event.json, shown, kind);
}
