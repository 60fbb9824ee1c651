//! A change that owns its strings and ids.

use bookline_protocol::{Date, Role, SaleTerms, SeriesId, Slot};
use bookline_server::changes::{
    AccountAdded, AccountDropped, AccountSet, BlockTaken, Change, EncodedEntry, EncodedOccurrence,
    EntriesCreated, EntriesEnded, EntriesMoved, EntryEnded, EntryFreed, EntryTexts, EventAdded, EventAfter,
    EventCreated, EventDeleted, EventUpdated, HoldConfirmed, HoldCreated, HoldExtended,
    HoldExtendedUncounted, HoldKept, HoldsEnded, HoldsEndedUncounted, HoldsForgotten, KeyKept, KeyUsed,
    KeysForgotten, MeetingTaken, TicketCheckedIn, TicketCheckedInUncounted, TicketsBooked, TicketsCancelled,
    TicketsIssued, TicketsKept, UsedKey,
};
use bookline_server::codec::Sequence;
use bookline_server::domain::account::{AccountNumber, AccountValues, StoredSecret};
use bookline_server::domain::hold::{Hold, HoldEnd};
use bookline_server::domain::{EntryNumber, EventKey, EventValues};

/// The id of a ticket or hold.
pub type Uuid = [u8; 16];

#[derive(Debug, Clone)]
pub enum OwnedChange {
    Created { tag: u16, id: String, name: String, date: Date, total: u32, issued: u32 },
    Added { tag: u16, values: OwnedValues },
    Updated { event: EventKey, held: u32, values: OwnedValues },
    Deleted { event: OwnedEvent },
    Issued { event: EventKey, tickets: Vec<Uuid> },
    Booked { event: OwnedEvent, attendee: String, tickets: Vec<Uuid> },
    Kept { event: EventKey, attendee: String, tickets: Vec<Uuid>, states: Vec<[u8; 8]> },
    Cancelled { event: OwnedEvent, tickets: Vec<Uuid> },
    CheckedIn { event: OwnedEvent, ticket: Uuid, undone: bool, at: i64 },
    CheckedInUncounted { event: EventKey, id: String, ticket: Uuid, undone: bool, at: Option<i64> },
    Held { event: OwnedEvent, hold: Uuid, tickets: u32, deadline: i64, attendee: String },
    HoldKept { event: EventKey, id: Uuid, hold: Hold, attendee: String },
    Confirmed { event: OwnedEvent, hold: Uuid, attendee: String, tickets: Vec<Uuid> },
    Extended { event: OwnedEvent, hold: Uuid, tickets: u32, deadline: i64 },
    ExtendedUncounted { event: EventKey, id: String, hold: Uuid, deadline: i64 },
    EndedHolds { event: OwnedEvent, end: HoldEnd, tickets: u32, holds: Vec<Uuid> },
    EndedHoldsUncounted { event: OwnedEvent, end: HoldEnd, holds: Vec<Uuid> },
    Forgotten { event: EventKey, holds: Vec<Uuid> },
    Block { slot: Slot, who: String },
    Meeting { slot: Slot, who: String, title: String, group: String, host: String },
    Freed { slot: Slot, entry: EntryNumber },
    Ended { slot: Slot, entry: EntryNumber, texts: OwnedTexts },
    Entries { series: Option<SeriesId>, texts: OwnedTexts, occurrences: Vec<EncodedOccurrence> },
    EndedEntries { series: Option<SeriesId>, texts: OwnedTexts, entries: Vec<EncodedEntry> },
    MovedEntries { series: Option<SeriesId>, texts: OwnedTexts, entries: Vec<EncodedEntry> },
    KeyUsed(OwnedKey),
    KeyKept { used: OwnedKey, at: i64 },
    KeysForgotten { through: Sequence },
    AccountAdded(OwnedAccount),
    AccountSet { account: AccountNumber, values: OwnedAccount },
    AccountDropped { account: AccountNumber, name: String },
}

#[derive(Debug, Clone)]
pub struct OwnedEvent {
    pub key: EventKey,
    pub id: String,
    pub total: u32,
    pub issued: u32,
    pub held: u32,
}

#[derive(Debug, Clone)]
pub struct OwnedValues {
    pub id: String,
    pub name: String,
    pub date: Date,
    pub total: u32,
    pub issued: u32,
    pub terms: SaleTerms,
}

#[derive(Debug, Clone)]
pub struct OwnedTexts {
    pub who: String,
    pub title: String,
    pub group: String,
    pub host: String,
}

#[derive(Debug, Clone)]
pub struct OwnedKey {
    pub identity: String,
    pub key: String,
    pub request: [u8; 16],
    pub reply: Vec<u8>,
}

#[derive(Debug, Clone)]
pub struct OwnedAccount {
    pub name: String,
    pub role: Role,
    pub person: String,
    pub secret: StoredSecret,
}

impl OwnedEvent {
    pub fn borrowed(&self) -> EventAfter<'_> {
        let Self { key, ref id, total, issued, held } = *self;
        EventAfter { key, id, total, issued, held }
    }
}

impl OwnedValues {
    pub fn borrowed(&self) -> EventValues<'_> {
        let Self { ref id, ref name, date, total, issued, terms } = *self;
        EventValues { id, name, date, total, issued, terms }
    }
}

impl OwnedTexts {
    pub fn borrowed(&self) -> EntryTexts<'_> {
        let Self { who, title, group, host } = self;
        EntryTexts { who, title, group, host }
    }
}

impl OwnedKey {
    pub fn borrowed(&self) -> UsedKey<'_> {
        let Self { ref identity, ref key, request, ref reply } = *self;
        UsedKey { identity, key, request, reply }
    }
}

impl OwnedAccount {
    pub fn borrowed(&self) -> AccountValues<'_> {
        let Self { name, role, person, secret } = self;
        AccountValues { name, role: *role, person, secret: secret.as_hash() }
    }
}

impl OwnedChange {
    pub fn change(&self) -> Change<'_> {
        match *self {
            Self::Created { tag, ref id, ref name, date, total, issued } => {
                EventCreated { tag, id, name, date, total, issued }.into()
            }
            Self::Added { tag, ref values } => EventAdded { tag, values: values.borrowed() }.into(),
            Self::Updated { event, held, ref values } => {
                EventUpdated { event, held, values: values.borrowed() }.into()
            }
            Self::Deleted { ref event } => EventDeleted { event: event.borrowed() }.into(),
            Self::Issued { event, ref tickets } => TicketsIssued { event, tickets }.into(),
            Self::Block { slot, ref who } => BlockTaken { slot, who }.into(),
            Self::Meeting { slot, ref who, ref title, ref group, ref host } => {
                MeetingTaken { slot, who, title, group, host }.into()
            }
            Self::Booked { ref event, ref attendee, ref tickets } => {
                TicketsBooked { event: event.borrowed(), attendee, tickets }.into()
            }
            Self::Kept { event, ref attendee, ref tickets, ref states } => {
                TicketsKept { event, attendee, tickets, states }.into()
            }
            Self::Cancelled { ref event, ref tickets } => {
                TicketsCancelled { event: event.borrowed(), tickets }.into()
            }
            Self::CheckedIn { ref event, ticket, undone, at } => {
                TicketCheckedIn { event: event.borrowed(), ticket, undone, at }.into()
            }
            Self::CheckedInUncounted { event, ref id, ticket, undone, at } => {
                TicketCheckedInUncounted { event, id, ticket, undone, at }.into()
            }
            Self::Held { ref event, hold, tickets, deadline, ref attendee } => {
                HoldCreated { event: event.borrowed(), hold, tickets, deadline, attendee }.into()
            }
            Self::HoldKept { event, id, hold, ref attendee } => HoldKept { event, id, hold, attendee }.into(),
            Self::Confirmed { ref event, hold, ref attendee, ref tickets } => {
                HoldConfirmed { event: event.borrowed(), hold, attendee, tickets }.into()
            }
            Self::Extended { ref event, hold, tickets, deadline } => {
                HoldExtended { event: event.borrowed(), hold, tickets, deadline }.into()
            }
            Self::ExtendedUncounted { event, ref id, hold, deadline } => {
                HoldExtendedUncounted { event, id, hold, deadline }.into()
            }
            Self::EndedHolds { ref event, end, tickets, ref holds } => {
                HoldsEnded { event: event.borrowed(), end, tickets, holds }.into()
            }
            Self::EndedHoldsUncounted { ref event, end, ref holds } => {
                HoldsEndedUncounted { event: event.borrowed(), end, holds }.into()
            }
            Self::Forgotten { event, ref holds } => HoldsForgotten { event, holds }.into(),
            Self::Ended { slot, entry, ref texts } => {
                EntryEnded { slot, entry, texts: texts.borrowed() }.into()
            }
            Self::Entries { series, ref texts, ref occurrences } => {
                EntriesCreated { series, texts: texts.borrowed(), occurrences }.into()
            }
            Self::EndedEntries { series, ref texts, ref entries } => {
                EntriesEnded { series, texts: texts.borrowed(), entries }.into()
            }
            Self::MovedEntries { series, ref texts, ref entries } => {
                EntriesMoved { series, texts: texts.borrowed(), entries }.into()
            }
            Self::Freed { slot, entry } => EntryFreed { slot, entry }.into(),
            Self::KeyUsed(ref used) => KeyUsed(used.borrowed()).into(),
            Self::KeyKept { ref used, at } => KeyKept { used: used.borrowed(), at }.into(),
            Self::KeysForgotten { through } => KeysForgotten { through }.into(),
            Self::AccountAdded(ref account) => AccountAdded(account.borrowed()).into(),
            Self::AccountSet { account, ref values } => {
                AccountSet { account, values: values.borrowed() }.into()
            }
            Self::AccountDropped { account, ref name } => AccountDropped { account, name }.into(),
        }
    }
}
