//! Random commits.

use bookline_protocol::{Date, MaxPerBooking, SaleTerms, Sales, Slot, TicketStatus};
use bookline_server::changes::commit;
use bookline_server::changes::{
    BlockTaken, Change, EntryEnded, EntryFreed, EventAdded, EventAfter, EventCreated, EventDeleted,
    EventUpdated, HoldConfirmed, HoldCreated, HoldExtended, HoldKept, HoldsEnded, HoldsForgotten,
    MeetingTaken, TicketCheckedIn, TicketsBooked, TicketsCancelled, TicketsIssued, TicketsKept,
};
use bookline_server::domain::hold::{EndedHold, Hold, HoldEnd, HoldState};
use bookline_server::domain::{EntryNumber, EventKey, EventNumber, EventValues, TicketState};
use bookline_testkit::Rng;

/// The last hour of the year 9999.
const LAST_SLOT: u64 = 3_652_059 * 24 + 23;

/// The first hour of the year 1.
const FIRST_SLOT: u64 = 24;

const LETTERS: [&str; 8] = ["a", "Z", "7", " ", "ß", "会", "🎫", "\n"];

/// A random commit, which owns its strings.
#[derive(Debug, Clone)]
pub struct RandomCommit {
    pub micros: i64,
    changes: Vec<OwnedChange>,
}

#[derive(Debug, Clone)]
enum OwnedChange {
    Created { tag: u16, id: String, name: String, date: Date, total: u32, issued: u32 },
    Added { tag: u16, values: OwnedValues },
    Updated { event: EventKey, held: u32, values: OwnedValues },
    Deleted { event: OwnedEvent },
    Issued { event: EventKey, tickets: Vec<Uuid> },
    Booked { event: OwnedEvent, attendee: String, tickets: Vec<Uuid> },
    Kept { event: EventKey, attendee: String, tickets: Vec<Uuid>, states: Vec<[u8; 8]> },
    Cancelled { event: OwnedEvent, tickets: Vec<Uuid> },
    CheckedIn { event: EventKey, id: String, ticket: Uuid, undone: bool },
    Held { event: OwnedEvent, hold: Uuid, tickets: u32, deadline: i64, attendee: String },
    HoldKept { event: EventKey, id: Uuid, hold: Hold, attendee: String },
    Confirmed { event: OwnedEvent, hold: Uuid, attendee: String, tickets: Vec<Uuid> },
    Extended { event: EventKey, id: String, hold: Uuid, deadline: i64 },
    EndedHolds { event: OwnedEvent, end: HoldEnd, holds: Vec<Uuid> },
    Forgotten { event: EventKey, holds: Vec<Uuid> },
    Block { slot: Slot, who: String },
    Meeting { slot: Slot, who: String, title: String, group: String, host: String },
    Freed { slot: Slot, entry: EntryNumber },
    Ended { slot: Slot, entry: EntryNumber, who: String, title: String, group: String, host: String },
}

/// The id of a ticket or hold.
type Uuid = [u8; 16];

#[derive(Debug, Clone)]
struct OwnedEvent {
    key: EventKey,
    id: String,
    total: u32,
    issued: u32,
    held: u32,
}

impl OwnedEvent {
    fn any(rng: &mut Rng) -> Self {
        Self {
            key: event(rng),
            id: text(rng, 20),
            total: rng.next() as u32,
            issued: rng.next() as u32,
            held: rng.next() as u32,
        }
    }

    fn borrowed(&self) -> EventAfter<'_> {
        let Self { key, ref id, total, issued, held } = *self;
        EventAfter { key, id, total, issued, held }
    }
}

#[derive(Debug, Clone)]
struct OwnedValues {
    id: String,
    name: String,
    date: Date,
    total: u32,
    issued: u32,
    terms: SaleTerms,
}

impl OwnedValues {
    fn any(rng: &mut Rng) -> Self {
        Self {
            id: text(rng, 20),
            name: text(rng, 60),
            date: slot(rng).date,
            total: rng.next() as u32,
            issued: rng.next() as u32,
            terms: terms(rng),
        }
    }

    fn borrowed(&self) -> EventValues<'_> {
        let Self { ref id, ref name, date, total, issued, terms } = *self;
        EventValues { id, name, date, total, issued, terms }
    }
}

impl RandomCommit {
    /// A commit of one to three changes of any type, of a few bytes to a few hundred.
    pub fn any(rng: &mut Rng) -> Self {
        let changes = (0..rng.within(1..4)).map(|_| OwnedChange::any(rng)).collect();
        Self { micros: 0, changes }
    }

    /// A commit of the smallest size, a frame of 80 bytes.
    pub fn small(rng: &mut Rng) -> Self {
        let entry = EntryNumber(rng.next());
        Self { micros: 0, changes: vec![OwnedChange::Freed { slot: slot(rng), entry }] }
    }

    /// A booking of this many tickets.
    pub fn tickets(rng: &mut Rng, count: usize) -> Self {
        let tickets = (0..count).map(|_| uuid(rng)).collect();
        Self { micros: 0, changes: vec![OwnedChange::Issued { event: event(rng), tickets }] }
    }

    pub fn changes(&self) -> Vec<Change<'_>> {
        self.changes.iter().map(OwnedChange::change).collect()
    }

    /// Its encoding.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        commit::encode(&mut bytes, self.micros, &self.changes());
        bytes
    }
}

impl OwnedChange {
    fn any(rng: &mut Rng) -> Self {
        match rng.below(19) {
            0 => Self::Created {
                tag: rng.next() as u16,
                id: text(rng, 20),
                name: text(rng, 60),
                date: slot(rng).date,
                total: rng.next() as u32,
                issued: rng.next() as u32,
            },
            1 => {
                let count = if rng.one_in(20) { rng.below(60) } else { rng.below(4) };
                Self::Issued { event: event(rng), tickets: (0..count).map(|_| uuid(rng)).collect() }
            }
            2 => Self::Block { slot: slot(rng), who: text(rng, 20) },
            3 => Self::Meeting {
                slot: slot(rng),
                who: text(rng, 20),
                title: text(rng, 60),
                group: text(rng, 80),
                host: text(rng, 20),
            },
            4 => Self::Booked { event: OwnedEvent::any(rng), attendee: text(rng, 20), tickets: uuids(rng) },
            5 => Self::Ended {
                slot: slot(rng),
                entry: EntryNumber(rng.next()),
                who: text(rng, 20),
                title: text(rng, 60),
                group: text(rng, 80),
                host: text(rng, 20),
            },
            6 => Self::Added { tag: rng.next() as u16, values: OwnedValues::any(rng) },
            7 => Self::Updated { event: event(rng), held: rng.next() as u32, values: OwnedValues::any(rng) },
            8 => {
                let tickets = uuids(rng);
                let states = tickets.iter().map(|_| ticket_state(rng).to_bytes()).collect();
                Self::Kept { event: event(rng), attendee: text(rng, 20), tickets, states }
            }
            9 => Self::Cancelled { event: OwnedEvent::any(rng), tickets: uuids(rng) },
            10 => {
                let (id, undone) = (text(rng, 20), rng.one_in(2));
                Self::CheckedIn { event: event(rng), id, ticket: uuid(rng), undone }
            }
            11 => Self::Held {
                event: OwnedEvent::any(rng),
                hold: uuid(rng),
                tickets: rng.next() as u32,
                deadline: rng.next().cast_signed(),
                attendee: text(rng, 20),
            },
            12 => {
                Self::HoldKept { event: event(rng), id: uuid(rng), hold: hold(rng), attendee: text(rng, 20) }
            }
            13 => Self::Confirmed {
                event: OwnedEvent::any(rng),
                hold: uuid(rng),
                attendee: text(rng, 20),
                tickets: uuids(rng),
            },
            14 => {
                let (id, deadline) = (text(rng, 20), rng.next().cast_signed());
                Self::Extended { event: event(rng), id, hold: uuid(rng), deadline }
            }
            15 => Self::EndedHolds { event: OwnedEvent::any(rng), end: hold_end(rng), holds: uuids(rng) },
            16 => Self::Forgotten { event: event(rng), holds: uuids(rng) },
            17 => Self::Deleted { event: OwnedEvent::any(rng) },
            _ => Self::Freed { slot: slot(rng), entry: EntryNumber(rng.next()) },
        }
    }

    fn change(&self) -> Change<'_> {
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
            Self::CheckedIn { event, ref id, ticket, undone } => {
                TicketCheckedIn { event, id, ticket, undone }.into()
            }
            Self::Held { ref event, hold, tickets, deadline, ref attendee } => {
                HoldCreated { event: event.borrowed(), hold, tickets, deadline, attendee }.into()
            }
            Self::HoldKept { event, id, hold, ref attendee } => HoldKept { event, id, hold, attendee }.into(),
            Self::Confirmed { ref event, hold, ref attendee, ref tickets } => {
                HoldConfirmed { event: event.borrowed(), hold, attendee, tickets }.into()
            }
            Self::Extended { event, ref id, hold, deadline } => {
                HoldExtended { event, id, hold, deadline }.into()
            }
            Self::EndedHolds { ref event, end, ref holds } => {
                HoldsEnded { event: event.borrowed(), end, holds }.into()
            }
            Self::Forgotten { event, ref holds } => HoldsForgotten { event, holds }.into(),
            Self::Ended { slot, entry, ref who, ref title, ref group, ref host } => {
                EntryEnded { slot, entry, who, title, group, host }.into()
            }
            Self::Freed { slot, entry } => EntryFreed { slot, entry }.into(),
        }
    }
}

fn terms(rng: &mut Rng) -> SaleTerms {
    let sales = if rng.one_in(2) { Sales::Open } else { Sales::Closed };
    let tickets = u32::try_from(rng.below(10_001)).expect("a small number");
    SaleTerms { sales, max_per_booking: MaxPerBooking::new(tickets).unwrap_or_default() }
}

fn event(rng: &mut Rng) -> EventKey {
    EventKey { tag: rng.next() as u16, number: EventNumber(rng.next()) }
}

fn slot(rng: &mut Rng) -> Slot {
    let index = rng.within(FIRST_SLOT..LAST_SLOT + 1);
    Slot::from_index(u32::try_from(index).expect("hours of 9999 years")).expect("a slot of the calendar")
}

fn ticket_state(rng: &mut Rng) -> TicketState {
    let status = [TicketStatus::Booked, TicketStatus::CheckedIn, TicketStatus::Cancelled][rng.below(3)];
    TicketState::new(status, rng.one_in(2).then(|| i64::from(rng.next() as u32)))
}

fn hold(rng: &mut Rng) -> Hold {
    let ended = EndedHold { end: hold_end(rng), at: rng.next().cast_signed() };
    Hold {
        tickets: rng.next() as u32,
        created: rng.next().cast_signed(),
        deadline: rng.next().cast_signed(),
        state: if rng.one_in(2) { HoldState::Active } else { HoldState::Ended(ended) },
    }
}

fn hold_end(rng: &mut Rng) -> HoldEnd {
    [HoldEnd::Confirmed, HoldEnd::Released, HoldEnd::Expired][rng.below(3)]
}

fn uuids(rng: &mut Rng) -> Vec<Uuid> {
    (0..rng.below(4)).map(|_| uuid(rng)).collect()
}

fn uuid(rng: &mut Rng) -> Uuid {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&rng.next().to_le_bytes());
    id[8..].copy_from_slice(&rng.next().to_le_bytes());
    id
}

fn text(rng: &mut Rng, most: usize) -> String {
    (0..rng.below(most)).map(|_| LETTERS[rng.below(LETTERS.len())]).collect()
}
