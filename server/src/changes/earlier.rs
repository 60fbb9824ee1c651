//! What a change makes of what earlier changes have created.

use crate::codec::Sequence;
use crate::domain::account::{AccountNumber, AccountValues};
use crate::domain::hold::EndedHold;
use crate::domain::{EntryNumber, EventNumber, EventValues, TicketState};

/// What earlier changes have created, as a later change modifies it. Compaction collects it, and writes the
/// events, tickets, holds, entries, keys and accounts as they are after the last change.
pub trait Earlier {
    fn end_entry(&mut self, entry: EntryNumber);

    /// Begins an entry again that the same commit has ended.
    fn move_entry(&mut self, entry: EntryNumber);

    /// Sets the values of an event, except its id and its issued tickets.
    fn update_event(&mut self, event: EventNumber, values: &EventValues<'_>);

    /// Deletes an event with its tickets and holds.
    fn delete_event(&mut self, event: EventNumber);

    fn set_tickets(&mut self, event: EventNumber, tickets: &[[u8; 16]], state: TicketState);

    /// `deadline` is in microseconds since 1970 (UTC).
    fn extend_hold(&mut self, event: EventNumber, hold: &[u8; 16], deadline: i64);

    fn end_holds(&mut self, event: EventNumber, holds: &[[u8; 16]], ended: EndedHold);

    fn forget_holds(&mut self, event: EventNumber, holds: &[[u8; 16]]);

    /// Forgets the keys that were used in commits up to this one.
    fn forget_keys(&mut self, through: Sequence);

    /// Sets the values of an account, except its name.
    fn set_account(&mut self, account: AccountNumber, values: &AccountValues<'_>);

    fn drop_account(&mut self, account: AccountNumber);
}
