//! Events.

use bookline_protocol::{Date, MaxPerBooking, SaleTerms, Sales};

/// All values of an event: of one to create, or as an update sets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventValues<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub date: Date,
    /// All tickets of the event, including those issued.
    pub total: u32,
    /// Tickets that are issued. Those of an event to create are another system's.
    pub issued: u32,
    pub terms: SaleTerms,
}

/// The values of an event to set. The others stay.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventUpdate<'a> {
    pub name: Option<&'a str>,
    pub date: Option<Date>,
    /// All tickets of the event, including those issued.
    pub total: Option<u32>,
    pub sales: Option<Sales>,
    pub max_per_booking: Option<MaxPerBooking>,
}
