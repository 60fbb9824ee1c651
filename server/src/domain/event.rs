//! Events.

use bookline_protocol::Date;

/// An event to create.
#[derive(Debug, Clone, Copy)]
pub struct NewEvent<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub date: Date,
    /// All tickets of the event, including those issued.
    pub total: u32,
    /// Tickets that another system issued before an import.
    pub issued: u32,
}
