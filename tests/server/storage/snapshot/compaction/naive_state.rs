//! A naive state: what changes are applied to, in plain collections. Two states are equal if all that they
//! contain is.

use std::collections::BTreeMap;

use bookline_protocol::{Date, Period, Role, SaleTerms, TicketStatus, event_tag};
use bookline_server::changes::commit::Commit;
use bookline_server::changes::{Change, Origin, Target, UsedKey};
use bookline_server::codec::Sequence;
use bookline_server::domain::account::{AccountNumber, AccountValues, StoredSecret};
use bookline_server::domain::calendar::Entry;
use bookline_server::domain::hold::{EndedHold, Hold, HoldEnd, HoldState};
use bookline_server::domain::sale::Sale;
use bookline_server::domain::{Contradiction, EntryNumber, EventKey, EventNumber, EventValues, TicketState};
use bookline_server::storage::replay::Replay;
use compact_str::CompactString;

use crate::storage::journal::owned_change::Uuid;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct NaiveState {
    pub events: BTreeMap<u64, NaiveEvent>,
    pub entries: BTreeMap<EntryNumber, Entry>,
    /// By the sequence number of the commit that used them.
    pub keys: BTreeMap<u64, NaiveKey>,
    pub accounts: BTreeMap<AccountNumber, NaiveAccount>,
    /// The sequence number of the change that is applied at the moment.
    applied: Sequence,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NaiveEvent {
    pub number: EventNumber,
    pub id: String,
    pub name: String,
    pub date: Date,
    pub total: u32,
    pub terms: SaleTerms,
    /// Tickets that another system issued.
    pub issued_elsewhere: u32,
    /// In the order of issue.
    pub tickets: Vec<NaiveTicket>,
    pub holds: BTreeMap<Uuid, NaiveHold>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NaiveTicket {
    pub id: Uuid,
    pub attendee: String,
    pub state: TicketState,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NaiveHold {
    pub hold: Hold,
    /// Empty once the hold has ended.
    pub attendee: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NaiveKey {
    pub identity: String,
    pub key: String,
    pub request: [u8; 16],
    pub reply: Vec<u8>,
    pub at: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NaiveAccount {
    pub name: String,
    pub role: Role,
    pub person: String,
    pub secret: StoredSecret,
}

impl NaiveAccount {
    fn of(values: &AccountValues<'_>) -> Self {
        let AccountValues { name, role, person, secret } = *values;
        Self { name: name.to_owned(), role, person: person.to_owned(), secret: secret.to_stored() }
    }
}

impl NaiveEvent {
    pub fn key(&self) -> EventKey {
        EventKey { tag: event_tag(&self.id), number: self.number }
    }

    pub fn sale(&self) -> Sale {
        let cancelled = |ticket: &&NaiveTicket| ticket.state.status() == TicketStatus::Cancelled;
        let valid = self.tickets.len() - self.tickets.iter().filter(cancelled).count();
        let active = self.holds.values().filter(|held| held.hold.state == HoldState::Active);
        Sale {
            number: self.number,
            total: self.total,
            issued: self.issued_elsewhere + u32::try_from(valid).expect("a few tickets"),
            held: active.map(|held| held.hold.tickets).sum(),
            terms: self.terms,
        }
    }

    /// Its id and its sale, if that is possible.
    fn after(&self) -> Result<(&str, Sale), Contradiction> {
        let sale = self.sale();
        require(sale.issued + sale.held <= sale.total, "more tickets are issued and held than there are")?;
        Ok((&self.id, sale))
    }

    fn add_ticket(&mut self, id: Uuid, attendee: &str, state: TicketState) -> Result<(), Contradiction> {
        require(self.tickets.iter().all(|ticket| ticket.id != id), "a ticket is issued twice")?;
        self.tickets.push(NaiveTicket { id, attendee: attendee.to_owned(), state });
        Ok(())
    }

    fn set_ticket(
        &mut self,
        id: &Uuid,
        from: TicketStatus,
        to: TicketStatus,
        at: i64,
    ) -> Result<(), Contradiction> {
        let ticket = self.tickets.iter_mut().find(|ticket| ticket.id == *id).ok_or_else(unknown)?;
        require(ticket.state.status() == from, "a ticket has another status")?;
        ticket.state = TicketState::new(to, Some(at));
        Ok(())
    }

    /// Ends a hold, and returns its tickets.
    fn end_hold(&mut self, id: &Uuid, ended: EndedHold) -> Result<u32, Contradiction> {
        let held = self.holds.get_mut(id).ok_or_else(unknown)?;
        require(held.hold.state == HoldState::Active, "a hold ends twice")?;
        held.hold.state = HoldState::Ended(ended);
        held.attendee.clear();
        Ok(held.hold.tickets)
    }
}

impl NaiveState {
    /// Applies a change.
    pub fn apply(&mut self, origin: Origin, change: &Change<'_>) -> Result<(), Contradiction> {
        self.applied = origin.sequence;
        let applied = change.apply(origin, self);
        self.applied = Sequence(0);
        applied
    }

    /// Applies the changes of a commit.
    pub fn commit(&mut self, origin: Origin, changes: &[Change<'_>]) -> Result<(), Contradiction> {
        for change in changes {
            change.check_in_commit(origin.sequence.0)?;
            self.apply(origin, change)?;
        }
        Ok(())
    }

    fn event(&mut self, key: EventKey) -> Result<&mut NaiveEvent, Contradiction> {
        let event = self.events.get_mut(&key.number.0).ok_or_else(unknown)?;
        require(event.key() == key, "a change has another tag")?;
        Ok(event)
    }
}

fn unknown() -> Contradiction {
    Contradiction("a change is about what does not exist".to_owned())
}

fn require(holds: bool, otherwise: &str) -> Result<(), Contradiction> {
    if holds { Ok(()) } else { Err(Contradiction(otherwise.to_owned())) }
}

impl Target for NaiveState {
    fn create_event(&mut self, number: EventNumber, event: &EventValues<'_>) -> Result<(), Contradiction> {
        let EventValues { id, name, date, total, issued, terms } = *event;
        require(self.events.values().all(|event| event.id != id), "an event is created twice")?;
        let (id, name, tickets, holds) = (id.to_owned(), name.to_owned(), Vec::new(), BTreeMap::new());
        let event =
            NaiveEvent { number, id, name, date, total, terms, issued_elsewhere: issued, tickets, holds };
        event.after()?;
        self.events.insert(number.0, event);
        Ok(())
    }

    fn update_event(
        &mut self,
        event: EventKey,
        values: &EventValues<'_>,
    ) -> Result<(&str, Sale), Contradiction> {
        let event = self.event(event)?;
        let EventValues { name, date, total, terms, .. } = *values;
        (event.name, event.date, event.total, event.terms) = (name.to_owned(), date, total, terms);
        event.after()
    }

    fn delete_event(&mut self, event: EventKey) -> Result<(CompactString, Sale), Contradiction> {
        let (id, sale) = self.event(event)?.after()?;
        let id = id.into();
        self.events.remove(&event.number.0);
        Ok((id, sale))
    }

    fn issue_tickets(
        &mut self,
        event: EventKey,
        attendee: &str,
        tickets: &[Uuid],
        at: Option<i64>,
    ) -> Result<(&str, Sale), Contradiction> {
        let event = self.event(event)?;
        for ticket in tickets {
            event.add_ticket(*ticket, attendee, TicketState::new(TicketStatus::Booked, at))?;
        }
        event.after()
    }

    fn keep_tickets(
        &mut self,
        event: EventKey,
        attendee: &str,
        tickets: &[Uuid],
        states: &[[u8; 8]],
    ) -> Result<(), Contradiction> {
        let event = self.event(event)?;
        for (ticket, state) in tickets.iter().zip(states) {
            let state = TicketState::from_bytes(*state).ok_or_else(unknown)?;
            event.add_ticket(*ticket, attendee, state)?;
        }
        event.after().map(|_| ())
    }

    fn cancel_tickets(
        &mut self,
        event: EventKey,
        tickets: &[Uuid],
        at: i64,
    ) -> Result<(&str, Sale), Contradiction> {
        let event = self.event(event)?;
        for ticket in tickets {
            event.set_ticket(ticket, TicketStatus::Booked, TicketStatus::Cancelled, at)?;
        }
        event.after()
    }

    fn check_in_ticket(
        &mut self,
        event: EventKey,
        ticket: &Uuid,
        undone: bool,
        at: i64,
    ) -> Result<(&str, Sale), Contradiction> {
        let (from, to) = match undone {
            false => (TicketStatus::Booked, TicketStatus::CheckedIn),
            true => (TicketStatus::CheckedIn, TicketStatus::Booked),
        };
        let event = self.event(event)?;
        event.set_ticket(ticket, from, to, at)?;
        event.after()
    }

    fn create_hold(
        &mut self,
        event: EventKey,
        id: &Uuid,
        hold: Hold,
        attendee: &str,
    ) -> Result<(&str, Sale), Contradiction> {
        let event = self.event(event)?;
        let before = event.holds.insert(*id, NaiveHold { hold, attendee: attendee.to_owned() });
        require(before.is_none(), "a hold is created twice")?;
        event.after()
    }

    fn confirm_hold(
        &mut self,
        event: EventKey,
        id: &Uuid,
        attendee: &str,
        tickets: &[Uuid],
        at: i64,
    ) -> Result<(&str, Sale), Contradiction> {
        self.event(event)?.end_hold(id, EndedHold { end: HoldEnd::Confirmed, at })?;
        self.issue_tickets(event, attendee, tickets, Some(at))
    }

    fn extend_hold(
        &mut self,
        event: EventKey,
        id: &Uuid,
        deadline: i64,
    ) -> Result<((&str, Sale), u32), Contradiction> {
        let event = self.event(event)?;
        let held = event.holds.get_mut(id).ok_or_else(unknown)?;
        require(held.hold.state == HoldState::Active, "an ended hold is extended")?;
        held.hold.deadline = deadline;
        let tickets = held.hold.tickets;
        Ok((event.after()?, tickets))
    }

    fn end_holds(
        &mut self,
        event: EventKey,
        ids: &[Uuid],
        ended: EndedHold,
    ) -> Result<((&str, Sale), u32), Contradiction> {
        let event = self.event(event)?;
        let mut tickets = 0;
        for id in ids {
            tickets += event.end_hold(id, ended)?;
        }
        Ok((event.after()?, tickets))
    }

    fn forget_holds(&mut self, event: EventKey, ids: &[Uuid]) -> Result<(), Contradiction> {
        let event = self.event(event)?;
        for id in ids {
            let forgotten = event.holds.remove(id).ok_or_else(unknown)?;
            require(forgotten.hold.state != HoldState::Active, "an active hold is forgotten")?;
        }
        Ok(())
    }

    fn create_entry(&mut self, number: EntryNumber, entry: Entry) -> Result<(), Contradiction> {
        let before = self.entries.insert(number, entry);
        require(before.is_none(), "an entry is created twice")
    }

    fn end_entry(&mut self, number: EntryNumber, period: Period) -> Result<Entry, Contradiction> {
        let entry = self.entries.remove(&number).ok_or_else(unknown)?;
        require(entry.period == period, "an entry ends with another period")?;
        Ok(entry)
    }

    fn use_key(&mut self, used: &UsedKey<'_>, at: i64) -> Result<(), Contradiction> {
        let UsedKey { identity, key, request, reply } = *used;
        let is_new = self.keys.values().all(|known| (&*known.identity, &*known.key) != (identity, key));
        require(is_new, "a key is used twice")?;
        let (identity, key, reply) = (identity.to_owned(), key.to_owned(), reply.to_owned());
        let before = self.keys.insert(self.applied.0, NaiveKey { identity, key, request, reply, at });
        require(before.is_none(), "a commit uses two keys")
    }

    fn forget_keys(&mut self, through: Sequence) -> Result<(), Contradiction> {
        self.keys.retain(|number, _| *number > through.0);
        Ok(())
    }

    fn add_account(
        &mut self,
        account: AccountNumber,
        values: &AccountValues<'_>,
    ) -> Result<(), Contradiction> {
        require(self.accounts.values().all(|known| known.name != values.name), "a name is taken")?;
        let before = self.accounts.insert(account, NaiveAccount::of(values));
        require(before.is_none(), "an account is added twice")
    }

    fn set_account(
        &mut self,
        account: AccountNumber,
        values: &AccountValues<'_>,
    ) -> Result<(), Contradiction> {
        let known = self.accounts.get_mut(&account).ok_or_else(unknown)?;
        require(known.name == values.name, "an account is set under another name")?;
        *known = NaiveAccount::of(values);
        Ok(())
    }

    fn drop_account(&mut self, account: AccountNumber, name: &str) -> Result<(), Contradiction> {
        let known = self.accounts.remove(&account).ok_or_else(unknown)?;
        require(known.name == name, "an account is dropped under another name")
    }
}

impl Replay for NaiveState {
    fn restore(&mut self, number: Sequence, change: &Change<'_>) -> Result<(), Contradiction> {
        self.apply(Origin { sequence: number, micros: None }, change)
    }

    fn replay(&mut self, commit: Commit<'_>) -> Result<(), Contradiction> {
        commit.check()?;
        let changes: Result<Vec<_>, _> = commit.changes().collect();
        let changes = changes.map_err(|unreadable| Contradiction(unreadable.to_string()))?;
        self.commit(commit.origin(), &changes)
    }
}
