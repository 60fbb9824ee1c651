//! What changes are applied to.

use bookline_protocol::Period;
use compact_str::CompactString;

use super::used_key::UsedKey;
use crate::codec::Sequence;
use crate::domain::account::{AccountNumber, AccountValues};
use crate::domain::calendar::Entry;
use crate::domain::hold::{EndedHold, Hold};
use crate::domain::sale::Sale;
use crate::domain::{Contradiction, EntryNumber, EventKey, EventNumber, EventValues};

/// The state, as changes modify it. Every method fails with a [`Contradiction`] if the modification does not
/// fit. Those that return an id and a sale return those of the event after it. Times are in microseconds
/// since 1970 (UTC).
pub trait Target {
    fn create_event(&mut self, number: EventNumber, event: &EventValues<'_>) -> Result<(), Contradiction>;

    /// Sets the values of an event, except its id and its issued tickets, which must be those of the event.
    fn update_event(
        &mut self,
        event: EventKey,
        values: &EventValues<'_>,
    ) -> Result<(&str, Sale), Contradiction>;

    /// Deletes an event with its tickets and holds. Returns its id and its sale before that.
    fn delete_event(&mut self, event: EventKey) -> Result<(CompactString, Sale), Contradiction>;

    /// Issues tickets of an event. `at` is not known in a snapshot of version 0.1.0.
    fn issue_tickets(
        &mut self,
        event: EventKey,
        attendee: &str,
        tickets: &[[u8; 16]],
        at: Option<i64>,
    ) -> Result<(&str, Sale), Contradiction>;

    /// Adds tickets of an event in these states, which [`TicketState`] has encoded. Those that are not
    /// cancelled count as issued.
    ///
    /// [`TicketState`]: crate::domain::TicketState
    fn keep_tickets(
        &mut self,
        event: EventKey,
        attendee: &str,
        tickets: &[[u8; 16]],
        states: &[[u8; 8]],
    ) -> Result<(), Contradiction>;

    /// Returns tickets of an event to sale.
    fn cancel_tickets(
        &mut self,
        event: EventKey,
        tickets: &[[u8; 16]],
        at: i64,
    ) -> Result<(&str, Sale), Contradiction>;

    /// Checks a ticket in, or undoes that.
    fn check_in_ticket(
        &mut self,
        event: EventKey,
        ticket: &[u8; 16],
        undone: bool,
        at: i64,
    ) -> Result<(&str, Sale), Contradiction>;

    /// Adds a hold. An active one puts its tickets aside.
    fn create_hold(
        &mut self,
        event: EventKey,
        id: &[u8; 16],
        hold: Hold,
        attendee: &str,
    ) -> Result<(&str, Sale), Contradiction>;

    /// Ends a hold as confirmed: issues tickets, and returns the others to sale.
    fn confirm_hold(
        &mut self,
        event: EventKey,
        id: &[u8; 16],
        attendee: &str,
        tickets: &[[u8; 16]],
        at: i64,
    ) -> Result<(&str, Sale), Contradiction>;

    /// Sets the deadline of a hold. Also returns its tickets.
    fn extend_hold(
        &mut self,
        event: EventKey,
        id: &[u8; 16],
        deadline: i64,
    ) -> Result<((&str, Sale), u32), Contradiction>;

    /// Ends holds of an event, and returns their tickets to sale. Also returns how many these are.
    fn end_holds(
        &mut self,
        event: EventKey,
        ids: &[[u8; 16]],
        ended: EndedHold,
    ) -> Result<((&str, Sale), u32), Contradiction>;

    /// Forgets ended holds of an event.
    fn forget_holds(&mut self, event: EventKey, ids: &[[u8; 16]]) -> Result<(), Contradiction>;

    /// Creates an entry, or begins one again that has ended. It fills the hours of its period.
    fn create_entry(&mut self, number: EntryNumber, entry: Entry) -> Result<(), Contradiction>;

    /// Ends an entry of this period, and returns it.
    fn end_entry(&mut self, number: EntryNumber, period: Period) -> Result<Entry, Contradiction>;

    /// Adds a key with its reply. `at` is the time of its use.
    fn use_key(&mut self, used: &UsedKey<'_>, at: i64) -> Result<(), Contradiction>;

    /// Forgets the keys that were used in commits up to this one.
    fn forget_keys(&mut self, through: Sequence) -> Result<(), Contradiction>;

    /// Adds an account, whose name no other has.
    fn add_account(
        &mut self,
        account: AccountNumber,
        values: &AccountValues<'_>,
    ) -> Result<(), Contradiction>;

    /// Sets the values of an account, except its name, which must be that of the account.
    fn set_account(
        &mut self,
        account: AccountNumber,
        values: &AccountValues<'_>,
    ) -> Result<(), Contradiction>;

    /// Drops an account, which must have this name.
    fn drop_account(&mut self, account: AccountNumber, name: &str) -> Result<(), Contradiction>;
}
