//! What may happen next: requests about few things, so that they collide, and what servers go through.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use bookline_server::storage::journal::Durability;

use super::naive::{Ask, Meeting, Naive, Slot};
use crate::in_process::common::Rng;

/// How the server is set up for one scenario.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    pub shards: usize,
    pub durability: Durability,
    /// Lines sent at once, at the most.
    pub pipelined: usize,
    /// The most events, tickets and person-hours, where there are few.
    pub limits: Option<[u64; 3]>,
}

impl Conditions {
    pub fn draw(rng: &mut Rng) -> Self {
        Self {
            shards: *rng.pick(&[1, 2, 64]),
            durability: *rng.pick(&[
                Durability::Always,
                Durability::Always,
                Durability::Always,
                Durability::Interval,
                Durability::Never,
            ]),
            pipelined: *rng.pick(&[1, 5, 40]),
            limits: *rng.pick(&[None, None, Some([5, 30, 12])]),
        }
    }

    /// Is a change on disk when it is answered?
    pub fn durable(&self) -> bool {
        self.durability == Durability::Always
    }
}

/// One thing that happens. What it names is found when it happens, so that any of those before may be left
/// out.
#[derive(Debug, Clone)]
pub enum Step {
    /// A line is sent; `style` draws how it is written.
    Ask { drawn: Drawn, style: u64 },
    /// A line that is wrong in one way.
    Spoilt { drawn: Drawn, style: u64 },
    /// A line that gets no reply.
    Silence(&'static str),
    /// The last line has no end.
    Unfinished(&'static str),
    /// What a browser sends.
    Http,
    /// The server is stopped and started.
    Restart,
    /// The server is killed and started.
    Kill,
}

/// A request whose things are not found yet.
#[derive(Debug, Clone)]
pub enum Drawn {
    As(Ask),
    /// An event that got its id from the server, by its place in the row of those.
    Minted(Of, usize),
    /// A ticket that was issued.
    Ticket(usize),
    /// Slots by their place among [`slots`].
    Slots(Of, usize, usize),
    /// The listing from where another one was cut.
    After(Option<usize>, usize),
}

/// What is asked of it.
#[derive(Debug, Clone)]
pub enum Of {
    Event,
    Book(u64),
    Take(String, Option<Meeting>),
    Put(String, Option<Meeting>),
    Delete(String),
    Day(String),
}

const PEOPLE: [&str; 5] = ["F1", "F2", "F3", "f1", "F10"];
const EVENTS: [&str; 4] = ["jazz", "Jazz", "rock-2026", "open.day_1"];
const TEXTS: [&str; 8] = [
    "Rust Conf",
    "a",
    "Grüß Gott 🌱",
    "say \"hi\" \\",
    "two\tcolumns\nand lines",
    "id=x",
    "# no comment",
    "not\u{202e}seen\u{2028}OK\u{e0041}",
];

/// The slots of a scenario: around the current hour, around the end of the month that HOD sees, and far away.
pub fn slots(now: NaiveDateTime) -> Vec<Slot> {
    let slot = |at: NaiveDateTime| Slot { date: at.date(), hour: at.hour() };
    let mut slots: Vec<Slot> =
        [0, 1, -1, -718, -719, -720].map(|hours| slot(now + TimeDelta::hours(hours))).into();
    let far = |y, m, d, hour| Slot { date: NaiveDate::from_ymd_opt(y, m, d).expect("a date"), hour };
    slots.extend([far(1, 1, 1, 0), far(2028, 2, 29, 23), far(9999, 12, 31, 23)]);
    slots
}

impl Step {
    pub fn draw(rng: &mut Rng, conditions: Conditions) -> Self {
        match rng.below(200) {
            0..3 => Self::Restart,
            3..6 if conditions.durable() => Self::Kill,
            6..8 => Self::Http,
            8..10 => {
                Self::Unfinished(rng.pick::<&str>(&["BOOK jazz 1", "BLOCK F1 2028-02-29 23:00", "PING"]))
            }
            10..16 => Self::Silence(rng.pick::<&str>(&["", "  ", "\t", "# a comment", "#BOOK jazz 1"])),
            16..40 => Self::Spoilt { drawn: Drawn::draw(rng), style: rng.next() },
            _ => Self::Ask { drawn: Drawn::draw(rng), style: rng.next() },
        }
    }
}

impl Drawn {
    fn draw(rng: &mut Rng) -> Self {
        let (slot, other) = (rng.below(9), rng.below(9));
        let who = (*rng.pick(&PEOPLE)).to_owned();
        match rng.below(100) {
            0..8 => Self::As(create(rng)),
            8..12 => Self::Minted(Of::Event, rng.below(100)),
            12..16 => Self::Minted(Of::Book(1 + rng.below(4) as u64), rng.below(100)),
            16..22 => Self::As(Ask::Event((*rng.pick(&EVENTS)).to_owned())),
            22..36 => {
                let count = if rng.one_in(10) { *rng.pick(&[10_000, 500]) } else { 1 + rng.below(5) as u64 };
                Self::As(Ask::Book((*rng.pick(&EVENTS)).to_owned(), count))
            }
            36..41 => Self::Ticket(rng.below(1_000)),
            41..44 => Self::As(Ask::Ticket("2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee".to_owned())),
            44..50 => Self::Slots(Of::Take(who, None), slot, other),
            50..60 => Self::Slots(Of::Take(who, Some(meeting(rng))), slot, other),
            60..68 => Self::Slots(Of::Delete(who), slot, other),
            68..78 => {
                let meeting = (!rng.one_in(3)).then(|| meeting(rng));
                // In place now and then.
                let other = if rng.one_in(3) { slot } else { other };
                Self::Slots(Of::Put(who, meeting), slot, other)
            }
            78..84 => Self::Slots(Of::Day(who), slot, other),
            84..87 => Self::After(rng.one_in(2).then(|| 1 + rng.below(3)), rng.below(100)),
            87..89 => Self::As(Ask::List { limit: rng.one_in(2).then(|| 1 + rng.below(4)), after: None }),
            89..92 => Self::As(Ask::Hod(if rng.one_in(4) { who } else { "F10".to_owned() })),
            92..94 => Self::As(Ask::Stats),
            94..97 => Self::As(Ask::Snapshot),
            97 => Self::As(Ask::Quit),
            98 => Self::As(Ask::Help(*rng.pick(&[None, Some("GET"), Some("PUT"), Some("QUIT")]))),
            _ => Self::As(rng.pick(&[Ask::Hello, Ask::Ping]).clone()),
        }
    }

    /// The request, with the things that there are now.
    pub fn find(&self, naive: &Naive, slots: &[Slot]) -> Ask {
        match self {
            Self::As(ask) => ask.clone(),
            Self::Minted(of, nth) => {
                let minted = naive.minted();
                let id = if minted.is_empty() { "nobody" } else { &minted[nth % minted.len()] };
                match of {
                    Of::Book(count) => Ask::Book(id.to_owned(), *count),
                    _ => Ask::Event(id.to_owned()),
                }
            }
            Self::Ticket(nth) => {
                let count = naive.tickets().count().max(1);
                let ticket = naive.tickets().nth(nth % count);
                Ask::Ticket(
                    ticket.cloned().unwrap_or_else(|| "ffffffff-ffff-8fff-bfff-ffffffffffff".to_owned()),
                )
            }
            Self::After(limit, nth) => {
                let count = naive.cursors().count().max(1);
                Ask::List { limit: *limit, after: naive.cursors().nth(nth % count).cloned() }
            }
            Self::Slots(of, slot, other) => {
                let (slot, other) = (slots[*slot], slots[*other]);
                match of.clone() {
                    Of::Take(who, meeting) => Ask::Take { who, slot, meeting },
                    Of::Put(who, meeting) => Ask::Put { who, old: slot, new: other, meeting },
                    Of::Delete(who) => Ask::Delete { who, slot },
                    Of::Day(who) => Ask::Day { who, date: slot.date },
                    Of::Event | Of::Book(_) => Ask::Ping,
                }
            }
        }
    }
}

fn create(rng: &mut Rng) -> Ask {
    let tickets = if rng.one_in(10) { 1_000_000_000 } else { 1 + rng.below(12) as u64 };
    let date = NaiveDate::from_ymd_opt(2026, 1 + rng.below(2) as u32, 28).expect("a date");
    let id = (!rng.one_in(4)).then(|| (*rng.pick(&EVENTS)).to_owned());
    Ask::Create { name: (*rng.pick(&TEXTS)).to_owned(), date, tickets, id }
}

fn meeting(rng: &mut Rng) -> Meeting {
    let group = (0..1 + rng.below(3)).map(|_| (*rng.pick(&PEOPLE)).to_owned()).collect();
    let host = rng.one_in(3).then(|| (*rng.pick(&PEOPLE)).to_owned());
    Meeting { title: (*rng.pick(&TEXTS)).to_owned(), group, host }
}

/// Requests that show everything there is.
pub fn everything(naive: &Naive, slots: &[Slot]) -> Vec<Ask> {
    let mut asks = vec![Ask::Stats, Ask::List { limit: None, after: None }, Ask::Hod("F10".to_owned())];
    let mut dates: Vec<NaiveDate> = slots.iter().map(|slot| slot.date).collect();
    dates.sort_unstable();
    dates.dedup();
    for date in dates {
        asks.extend(PEOPLE.map(|who| Ask::Day { who: who.to_owned(), date }));
    }
    asks.extend(naive.tickets().map(|ticket| Ask::Ticket(ticket.clone())));
    asks
}
