//! The reply that shows an event.

use bookline_protocol::reply::{EventSale, LineKind, write_event_reply};

use crate::domain::sale::Sale;
use crate::state::Event;

/// Writes an event as a line.
pub fn write_event(out: &mut Vec<u8>, event: &Event, kind: LineKind) {
    write_event_reply(out, &event.json, event_sale(&event.sale), kind);
}

/// A sale, as replies show it.
pub fn event_sale(sale: &Sale) -> EventSale {
    EventSale { available_tickets: sale.available(), held_tickets: sale.held, terms: sale.terms }
}
