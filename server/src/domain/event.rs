//! Events.

use bookline_protocol::Date;

/// All values of an event.
#[derive(Debug, Clone, Copy)]
pub struct EventValues<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub date: Date,
    /// All tickets of the event, including those issued.
    pub total: u32,
    /// Tickets that are issued. Those of an event to create are another system's.
    pub issued: u32,
}
