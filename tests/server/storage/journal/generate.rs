//! Random commits.

use bookline_protocol::{Date, MaxPerBooking, SaleTerms, Sales, Slot};
use bookline_server::changes::commit;
use bookline_server::changes::{
    BlockTaken, Change, EntryEnded, EntryFreed, EventAdded, EventCreated, EventUpdated, MeetingTaken,
    TicketsBooked, TicketsIssued,
};
use bookline_server::domain::{EntryNumber, EventKey, EventNumber, EventValues};
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
    Updated { event: EventKey, values: OwnedValues },
    Issued { event: EventKey, tickets: Vec<[u8; 16]> },
    Block { slot: Slot, who: String },
    Meeting { slot: Slot, who: String, title: String, group: String, host: String },
    Freed { slot: Slot, entry: EntryNumber },
    Booked { event: EventKey, id: String, total: u32, issued: u32, tickets: Vec<[u8; 16]> },
    Ended { slot: Slot, entry: EntryNumber, who: String, title: String, group: String, host: String },
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
        let tickets = (0..count).map(|_| ticket(rng)).collect();
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
        match rng.below(9) {
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
                Self::Issued { event: event(rng), tickets: (0..count).map(|_| ticket(rng)).collect() }
            }
            2 => Self::Block { slot: slot(rng), who: text(rng, 20) },
            3 => Self::Meeting {
                slot: slot(rng),
                who: text(rng, 20),
                title: text(rng, 60),
                group: text(rng, 80),
                host: text(rng, 20),
            },
            4 => Self::Booked {
                event: event(rng),
                id: text(rng, 20),
                total: rng.next() as u32,
                issued: rng.next() as u32,
                tickets: (0..rng.below(4)).map(|_| ticket(rng)).collect(),
            },
            5 => Self::Ended {
                slot: slot(rng),
                entry: EntryNumber(rng.next()),
                who: text(rng, 20),
                title: text(rng, 60),
                group: text(rng, 80),
                host: text(rng, 20),
            },
            6 => Self::Added { tag: rng.next() as u16, values: OwnedValues::any(rng) },
            7 => Self::Updated { event: event(rng), values: OwnedValues::any(rng) },
            _ => Self::Freed { slot: slot(rng), entry: EntryNumber(rng.next()) },
        }
    }

    fn change(&self) -> Change<'_> {
        match *self {
            Self::Created { tag, ref id, ref name, date, total, issued } => {
                EventCreated { tag, id, name, date, total, issued }.into()
            }
            Self::Added { tag, ref values } => EventAdded { tag, values: values.borrowed() }.into(),
            Self::Updated { event, ref values } => EventUpdated { event, values: values.borrowed() }.into(),
            Self::Issued { event, ref tickets } => TicketsIssued { event, tickets }.into(),
            Self::Block { slot, ref who } => BlockTaken { slot, who }.into(),
            Self::Meeting { slot, ref who, ref title, ref group, ref host } => {
                MeetingTaken { slot, who, title, group, host }.into()
            }
            Self::Booked { event, ref id, total, issued, ref tickets } => {
                TicketsBooked { event, id, total, issued, tickets }.into()
            }
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

fn ticket(rng: &mut Rng) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&rng.next().to_le_bytes());
    id[8..].copy_from_slice(&rng.next().to_le_bytes());
    id
}

fn text(rng: &mut Rng, most: usize) -> String {
    (0..rng.below(most)).map(|_| LETTERS[rng.below(LETTERS.len())]).collect()
}
