//! What changes are applied to.

use bookline_protocol::Slot;

use crate::domain::calendar::Entry;
use crate::domain::sale::Sale;
use crate::domain::{Contradiction, EntryNumber, EventKey, EventNumber, EventValues};

/// The state, as changes modify it. Every method fails with a [`Contradiction`] if the modification does not
/// fit.
pub trait Target {
    fn create_event(&mut self, number: EventNumber, event: &EventValues<'_>) -> Result<(), Contradiction>;

    /// Sets the values of an event, except its id and its issued tickets, which must be those of the event.
    fn update_event(&mut self, event: EventKey, values: &EventValues<'_>) -> Result<(), Contradiction>;

    /// Issues tickets of an event. Returns the event's id and its sale after that.
    fn issue_tickets(&mut self, event: EventKey, tickets: &[[u8; 16]])
    -> Result<(&str, Sale), Contradiction>;

    fn create_entry(&mut self, number: EntryNumber, slot: Slot, entry: Entry) -> Result<(), Contradiction>;

    /// Ends an entry, and returns it.
    fn end_entry(&mut self, number: EntryNumber, slot: Slot) -> Result<Entry, Contradiction>;
}
