//! Random commits.

use std::num::NonZeroU64;

use bookline_protocol::{Hours, MaxPerBooking, Period, Role, SaleTerms, Sales, SeriesId, Slot, TicketStatus};
use bookline_server::changes::{Change, commit, encode_entry, encode_occurrence};
use bookline_server::codec::Sequence;
use bookline_server::domain::account::{AccountNumber, Actor, StoredSecret};
use bookline_server::domain::hold::{EndedHold, Hold, HoldEnd, HoldState};
use bookline_server::domain::{EntryNumber, EventKey, EventNumber, TicketState};
use bookline_testkit::Rng;

use super::owned_change::{OwnedAccount, OwnedChange, OwnedEvent, OwnedKey, OwnedTexts, OwnedValues, Uuid};

/// The last hour of the year 9999.
const LAST_SLOT: u64 = 3_652_059 * 24 + 23;

/// The first hour of the year 1.
const FIRST_SLOT: u64 = 24;

/// A name of 64 characters.
const LONGEST_NAME: &str = "0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

const LETTERS: [&str; 8] = ["a", "Z", "7", " ", "ß", "会", "🎫", "\n"];

/// A random commit, which owns its strings.
#[derive(Debug, Clone)]
pub struct RandomCommit {
    pub micros: i64,
    pub actor: Option<OwnedActor>,
    pub changes: Vec<OwnedChange>,
}

/// The account that makes a commit.
#[derive(Debug, Clone)]
pub struct OwnedActor {
    account: u64,
    name: String,
}

impl OwnedActor {
    /// One of a few names, by an account that was added before commit `before`, if that is possible.
    pub fn older_than(before: u64, rng: &mut Rng) -> Option<Self> {
        let name = ["a", "anna", "door-2", LONGEST_NAME][rng.below(4)].to_owned();
        (before > 1).then(|| Self { account: rng.within(1..before), name })
    }
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
}

impl OwnedTexts {
    fn any(rng: &mut Rng) -> Self {
        Self { who: text(rng, 20), title: text(rng, 60), group: text(rng, 80), host: text(rng, 20) }
    }
}

impl OwnedKey {
    fn any(rng: &mut Rng) -> Self {
        Self { identity: text(rng, 20), key: text(rng, 60), request: uuid(rng), reply: text(rng, 60).into() }
    }
}

impl OwnedAccount {
    fn any(rng: &mut Rng) -> Self {
        let secret = match rng.one_in(2) {
            true => StoredSecret::Token([rng.next() as u8; 32]),
            false => StoredSecret::Password(text(rng, 60).into()),
        };
        Self { name: text(rng, 20), role: *rng.pick(&Role::ALL), person: text(rng, 20), secret }
    }
}

impl RandomCommit {
    /// A commit of one to three changes of any type, of a few bytes to a few hundred.
    pub fn any(rng: &mut Rng) -> Self {
        let changes = (0..rng.within(1..4)).map(|_| OwnedChange::any(rng)).collect();
        let actor = if rng.one_in(2) { OwnedActor::older_than(u64::MAX, rng) } else { None };
        Self { micros: 0, actor, changes }
    }

    /// A commit of the smallest size, a frame of 80 bytes.
    pub fn small(rng: &mut Rng) -> Self {
        let entry = first_entry(rng);
        Self::new(0, OwnedChange::Freed { slot: slot(rng), entry })
    }

    /// A booking of this many tickets.
    pub fn tickets(rng: &mut Rng, count: usize) -> Self {
        let tickets = (0..count).map(|_| uuid(rng)).collect();
        Self::new(0, OwnedChange::Issued { event: event(rng), tickets })
    }

    /// A commit of one change, by no account.
    pub fn new(micros: i64, change: OwnedChange) -> Self {
        Self { micros, actor: None, changes: vec![change] }
    }

    pub fn actor(&self) -> Option<Actor<'_>> {
        self.actor
            .as_ref()
            .map(|OwnedActor { account, name }| Actor { account: AccountNumber(*account), name })
    }

    pub fn changes(&self) -> Vec<Change<'_>> {
        self.changes.iter().map(OwnedChange::change).collect()
    }

    /// Its encoding.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        commit::encode(&mut bytes, self.micros, self.actor(), &self.changes());
        bytes
    }
}

impl OwnedChange {
    fn any(rng: &mut Rng) -> Self {
        match rng.below(31) {
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
            5 => Self::Ended { slot: slot(rng), entry: first_entry(rng), texts: OwnedTexts::any(rng) },
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
                let at = rng.one_in(2).then(|| 1 + i64::from(rng.next() as u32));
                Self::CheckedInUncounted { event: event(rng), id, ticket: uuid(rng), undone, at }
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
                Self::ExtendedUncounted { event: event(rng), id, hold: uuid(rng), deadline }
            }
            15 => Self::EndedHoldsUncounted {
                event: OwnedEvent::any(rng),
                end: hold_end(rng),
                holds: uuids(rng),
            },
            16 => Self::Forgotten { event: event(rng), holds: uuids(rng) },
            17 => Self::Deleted { event: OwnedEvent::any(rng) },
            18 => Self::KeyUsed(OwnedKey::any(rng)),
            19 => Self::KeyKept { used: OwnedKey::any(rng), at: rng.next().cast_signed() },
            20 => Self::KeysForgotten { through: Sequence(rng.next()) },
            21 => {
                let occurrences = (0..rng.below(4)).map(|_| encode_occurrence(index(rng), period(rng)));
                let occurrences = occurrences.collect();
                Self::Entries { series: series(rng), texts: OwnedTexts::any(rng), occurrences }
            }
            22 => {
                let entries = (0..rng.below(4)).map(|_| encode_entry(entry(rng), period(rng))).collect();
                Self::EndedEntries { series: series(rng), texts: OwnedTexts::any(rng), entries }
            }
            23 => Self::CheckedIn {
                event: OwnedEvent::any(rng),
                ticket: uuid(rng),
                undone: rng.one_in(2),
                at: rng.next().cast_signed(),
            },
            24 => Self::Extended {
                event: OwnedEvent::any(rng),
                hold: uuid(rng),
                tickets: rng.next() as u32,
                deadline: rng.next().cast_signed(),
            },
            25 => Self::EndedHolds {
                event: OwnedEvent::any(rng),
                end: hold_end(rng),
                tickets: rng.next() as u32,
                holds: uuids(rng),
            },
            26 => {
                let entries = (0..rng.below(4)).map(|_| encode_entry(entry(rng), period(rng))).collect();
                Self::MovedEntries { series: series(rng), texts: OwnedTexts::any(rng), entries }
            }
            27 => Self::AccountAdded(OwnedAccount::any(rng)),
            28 => Self::AccountSet { account: AccountNumber(rng.next()), values: OwnedAccount::any(rng) },
            29 => Self::AccountDropped { account: AccountNumber(rng.next()), name: text(rng, 20) },
            _ => Self::Freed { slot: slot(rng), entry: first_entry(rng) },
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

fn commit_number(rng: &mut Rng) -> Sequence {
    Sequence(rng.within(0..Sequence::MAX.0))
}

/// The number of the first entry of a commit.
fn first_entry(rng: &mut Rng) -> EntryNumber {
    EntryNumber::first_of(commit_number(rng))
}

fn index(rng: &mut Rng) -> u16 {
    u16::try_from(rng.below(366)).expect("a small number")
}

fn entry(rng: &mut Rng) -> EntryNumber {
    EntryNumber::new(commit_number(rng), index(rng)).expect("a possible commit and index")
}

fn series(rng: &mut Rng) -> Option<SeriesId> {
    if rng.one_in(3) { None } else { NonZeroU64::new(rng.next()).map(SeriesId) }
}

fn period(rng: &mut Rng) -> Period {
    let start = slot(rng);
    let hours = u8::try_from(1 + rng.below(24)).ok().and_then(Hours::new).expect("hours of an entry");
    Period::new(start, hours).unwrap_or(Period::of_slot(start))
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
