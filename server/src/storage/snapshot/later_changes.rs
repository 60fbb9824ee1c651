//! The changes of the journal that affect what earlier changes have created.

use std::collections::{HashMap, HashSet};

use bookline_protocol::{Date, Role, SaleTerms};

use crate::changes::commit::Commit;
use crate::changes::{
    AccountAdded, Change, Compaction, Earlier, EncodedEntry, EncodedOccurrence, EntriesCreated, EntriesMoved,
    EventAdded, HoldKept, KeyKept, Origin, TicketStates, TicketsKept, decode_entry, decode_occurrence,
};
use crate::codec::{DecodeError, Sequence};
use crate::domain::account::{AccountNumber, AccountValues, StoredSecret};
use crate::domain::hold::{EndedHold, Hold, HoldState};
use crate::domain::{EntryNumber, EventKey, EventNumber, EventValues, TicketState};

/// What the journal makes of the events, tickets, holds, entries, keys and accounts that are created in it or
/// before it.
#[derive(Debug, Default)]
pub(super) struct LaterChanges {
    /// The entries that ended, and were not moved by the commit that ended them.
    ended_entries: HashSet<EntryNumber>,
    /// The last commit that moved each entry that has not ended since then.
    moved_entries: HashMap<EntryNumber, Sequence>,
    events: HashMap<EventNumber, LaterEvent>,
    /// The keys that were used up to this commit are forgotten.
    keys_forgotten_through: Sequence,
    accounts: HashMap<AccountNumber, LaterAccount>,
    /// The commit that is being added.
    commit: Sequence,
}

/// What [`LaterChanges::kept`] borrows from, kept from one change to the next.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    states: Vec<[u8; 8]>,
    occurrences: Vec<EncodedOccurrence>,
    entries: Vec<EncodedEntry>,
}

/// What becomes of an event.
#[derive(Debug)]
enum LaterEvent {
    Changed(ChangedEvent),
    /// With its tickets and holds.
    Deleted,
}

#[derive(Debug, Default)]
struct ChangedEvent {
    update: Option<LastUpdate>,
    /// The last state of each ticket that was cancelled or checked in.
    tickets: HashMap<[u8; 16], TicketState>,
    holds: HashMap<[u8; 16], LaterHold>,
}

/// The values that the last update of an event sets, some hundred bytes.
#[derive(Debug)]
struct LastUpdate {
    name: Box<str>,
    date: Date,
    total: u32,
    terms: SaleTerms,
}

/// What becomes of an account.
#[derive(Debug)]
enum LaterAccount {
    /// The values that its last change sets.
    Set {
        role: Role,
        person: Box<str>,
        secret: StoredSecret,
    },
    Dropped,
}

/// What becomes of a hold.
#[derive(Debug)]
enum LaterHold {
    Changed { deadline: Option<i64>, ended: Option<EndedHold> },
    Forgotten,
}

impl LaterChanges {
    /// Adds what the next commit makes of what was created before.
    pub(super) fn add(&mut self, commit: &Commit<'_>) -> Result<(), DecodeError> {
        self.commit = commit.sequence;
        for change in commit.changes() {
            change?.supersede(commit.micros, self);
        }
        Ok(())
    }

    /// A change as a snapshot has it after these changes, or `None` if the snapshot has none.
    pub(super) fn kept<'a>(
        &'a self,
        change: &Change<'a>,
        origin: Origin,
        buffers: &'a mut Buffers,
    ) -> Option<Change<'a>> {
        match change.compaction(origin) {
            Compaction::Event { tag, values } => {
                let values = self.values(EventNumber(origin.sequence.0), values)?;
                Some(EventAdded { tag, values }.into())
            }
            Compaction::Entry => {
                let number = EntryNumber::first_of(origin.sequence);
                self.is_kept(number, origin.sequence).then_some(*change)
            }
            Compaction::Entries { series, texts, occurrences } => {
                let occurrences = self.occurrences(origin.sequence, occurrences, &mut buffers.occurrences);
                (!occurrences.is_empty()).then(|| EntriesCreated { series, texts, occurrences }.into())
            }
            Compaction::MovedEntries { series, texts, entries } => {
                let entries = self.entries(origin.sequence, entries, &mut buffers.entries);
                (!entries.is_empty()).then(|| EntriesMoved { series, texts, entries }.into())
            }
            Compaction::Tickets { event, attendee, tickets, states: before } => {
                let states = self.states(event, tickets, before, &mut buffers.states)?;
                Some(TicketsKept { event, attendee, tickets, states }.into())
            }
            Compaction::Hold { event, id, hold, attendee } => {
                let hold = self.hold(event, &id, hold)?;
                let attendee = if hold.state == HoldState::Active { attendee } else { "" };
                Some(HoldKept { event, id, hold, attendee }.into())
            }
            Compaction::Key { used, at } => {
                let is_forgotten = origin.sequence <= self.keys_forgotten_through;
                (!is_forgotten).then(|| KeyKept { used, at }.into())
            }
            Compaction::Account(values) => {
                let values = self.account(AccountNumber(origin.sequence.0), values)?;
                Some(AccountAdded(values).into())
            }
            Compaction::Omitted => None,
        }
    }

    /// The values of an account after its last change, or `None` if it is dropped.
    fn account<'a>(&'a self, account: AccountNumber, values: AccountValues<'a>) -> Option<AccountValues<'a>> {
        match self.accounts.get(&account) {
            Some(LaterAccount::Dropped) => None,
            Some(LaterAccount::Set { role, person, secret }) => {
                Some(AccountValues { role: *role, person, secret: secret.as_hash(), ..values })
            }
            None => Some(values),
        }
    }

    /// The values of an event after its last update, or `None` if it is deleted. The number of issued tickets
    /// stays that of the creation, because the tickets follow.
    fn values<'a>(&'a self, event: EventNumber, values: EventValues<'a>) -> Option<EventValues<'a>> {
        match self.events.get(&event) {
            Some(LaterEvent::Deleted) => None,
            Some(LaterEvent::Changed(ChangedEvent { update: Some(update), .. })) => {
                let LastUpdate { ref name, date, total, terms } = *update;
                Some(EventValues { name, date, total, terms, ..values })
            }
            Some(LaterEvent::Changed(ChangedEvent { update: None, .. })) | None => Some(values),
        }
    }

    /// Whether an entry is still where this commit has created it or moved it to.
    fn is_kept(&self, entry: EntryNumber, commit: Sequence) -> bool {
        let is_last = |moved: &Sequence| *moved == commit;
        !self.ended_entries.contains(&entry) && self.moved_entries.get(&entry).is_none_or(is_last)
    }

    /// The occurrences that have neither ended nor been moved.
    fn occurrences<'a>(
        &self,
        commit: Sequence,
        created: &'a [EncodedOccurrence],
        buffer: &'a mut Vec<EncodedOccurrence>,
    ) -> &'a [EncodedOccurrence] {
        retained(created, buffer, |occurrence| {
            let number =
                decode_occurrence(*occurrence).and_then(|(index, _)| EntryNumber::new(commit, index));
            number.is_none_or(|number| self.is_kept(number, commit))
        })
    }

    /// The entries that this commit was the last to move, and that have not ended.
    fn entries<'a>(
        &self,
        commit: Sequence,
        moved: &'a [EncodedEntry],
        buffer: &'a mut Vec<EncodedEntry>,
    ) -> &'a [EncodedEntry] {
        retained(moved, buffer, |entry| {
            decode_entry(entry).is_none_or(|(number, _)| self.is_kept(number, commit))
        })
    }

    /// The last states of tickets, or `None` if their event is deleted. Only tickets of an event some of
    /// whose tickets changed are looked up.
    fn states<'a>(
        &self,
        event: EventKey,
        tickets: &[[u8; 16]],
        before: TicketStates<'a>,
        buffer: &'a mut Vec<[u8; 8]>,
    ) -> Option<&'a [[u8; 8]]> {
        let changed = match self.events.get(&event.number) {
            Some(LaterEvent::Deleted) => return None,
            Some(LaterEvent::Changed(changed)) if !changed.tickets.is_empty() => Some(&changed.tickets),
            Some(LaterEvent::Changed(_)) | None => None,
        };
        match (before, changed) {
            (TicketStates::Each(states), None) => return Some(states),
            (TicketStates::Same(state), None) => {
                buffer.clear();
                buffer.resize(tickets.len(), state.to_bytes());
            }
            (_, Some(changed)) => {
                let last = |(index, ticket)| match changed.get(ticket) {
                    Some(state) => state.to_bytes(),
                    None => before.at(index),
                };
                buffer.clear();
                buffer.extend(tickets.iter().enumerate().map(last));
            }
        }
        Some(buffer)
    }

    /// The last state of a hold, or `None` if it is forgotten or its event is deleted.
    fn hold(&self, event: EventKey, id: &[u8; 16], hold: Hold) -> Option<Hold> {
        let changed = match self.events.get(&event.number) {
            Some(LaterEvent::Deleted) => return None,
            Some(LaterEvent::Changed(changed)) => changed.holds.get(id),
            None => None,
        };
        match changed {
            Some(LaterHold::Forgotten) => None,
            Some(&LaterHold::Changed { deadline, ended }) => Some(Hold {
                deadline: deadline.unwrap_or(hold.deadline),
                state: ended.map_or(hold.state, HoldState::Ended),
                ..hold
            }),
            None => Some(hold),
        }
    }

    /// An event that is not deleted.
    fn changed(&mut self, event: EventNumber) -> Option<&mut ChangedEvent> {
        let later = self.events.entry(event).or_insert_with(|| LaterEvent::Changed(ChangedEvent::default()));
        match later {
            LaterEvent::Changed(changed) => Some(changed),
            LaterEvent::Deleted => None,
        }
    }

    /// A hold of an event that is not deleted.
    fn hold_mut(&mut self, event: EventNumber, id: &[u8; 16]) -> Option<&mut LaterHold> {
        let unchanged = || LaterHold::Changed { deadline: None, ended: None };
        Some(self.changed(event)?.holds.entry(*id).or_insert_with(unchanged))
    }
}

/// Those of the elements that `is_kept` accepts, in `buffer` if it does not accept all.
fn retained<'a, T: Copy>(all: &'a [T], buffer: &'a mut Vec<T>, is_kept: impl Fn(&T) -> bool) -> &'a [T] {
    if all.iter().all(&is_kept) {
        return all;
    }
    buffer.clear();
    buffer.extend(all.iter().filter(|element| is_kept(element)));
    buffer
}

impl Earlier for LaterChanges {
    fn end_entry(&mut self, entry: EntryNumber) {
        self.moved_entries.remove(&entry);
        self.ended_entries.insert(entry);
    }

    fn move_entry(&mut self, entry: EntryNumber) {
        self.ended_entries.remove(&entry);
        self.moved_entries.insert(entry, self.commit);
    }

    fn update_event(&mut self, event: EventNumber, values: &EventValues<'_>) {
        let EventValues { name, date, total, terms, .. } = *values;
        if let Some(changed) = self.changed(event) {
            changed.update = Some(LastUpdate { name: name.into(), date, total, terms });
        }
    }

    fn delete_event(&mut self, event: EventNumber) {
        self.events.insert(event, LaterEvent::Deleted);
    }

    fn set_tickets(&mut self, event: EventNumber, tickets: &[[u8; 16]], state: TicketState) {
        if let Some(changed) = self.changed(event) {
            changed.tickets.extend(tickets.iter().map(|ticket| (*ticket, state)));
        }
    }

    fn extend_hold(&mut self, event: EventNumber, hold: &[u8; 16], new_deadline: i64) {
        if let Some(LaterHold::Changed { deadline, .. }) = self.hold_mut(event, hold) {
            *deadline = Some(new_deadline);
        }
    }

    fn end_holds(&mut self, event: EventNumber, holds: &[[u8; 16]], now_ended: EndedHold) {
        for hold in holds {
            if let Some(LaterHold::Changed { ended, .. }) = self.hold_mut(event, hold) {
                *ended = Some(now_ended);
            }
        }
    }

    fn forget_holds(&mut self, event: EventNumber, holds: &[[u8; 16]]) {
        if let Some(changed) = self.changed(event) {
            changed.holds.extend(holds.iter().map(|hold| (*hold, LaterHold::Forgotten)));
        }
    }

    fn forget_keys(&mut self, through: Sequence) {
        self.keys_forgotten_through = self.keys_forgotten_through.max(through);
    }

    fn set_account(&mut self, account: AccountNumber, values: &AccountValues<'_>) {
        let AccountValues { role, person, secret, .. } = *values;
        let set = LaterAccount::Set { role, person: person.into(), secret: secret.to_stored() };
        self.accounts.insert(account, set);
    }

    fn drop_account(&mut self, account: AccountNumber) {
        self.accounts.insert(account, LaterAccount::Dropped);
    }
}
