//! The steps of a scenario: requests about a few events, people and hours, so that they conflict, and
//! restarts.

use bookline_server::storage::journal::Durability;
use bookline_testkit::Rng;
use bookline_testkit::model::{
    CalendarRequest, Meeting, Model, Request, Slot, Terms, invalid_line, request_line,
};
use chrono::{NaiveDate, NaiveDateTime, TimeDelta, Timelike};

/// The configuration of a scenario.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    pub shards: usize,
    pub durability: Durability,
    /// The largest number of lines sent at once.
    pub pipelined: usize,
    /// The limits of events, tickets and person-hours, if they are low.
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

    /// Whether a change is durable when it is acknowledged.
    pub fn durable(&self) -> bool {
        self.durability == Durability::Always
    }
}

/// A step. It refers to tickets, slots and cursors by index, so that it stays valid when earlier steps are
/// removed.
#[derive(Debug, Clone)]
pub enum Step {
    /// A request. `style` is the seed of its notation.
    Request { template: Template, style: u64 },
    /// A line with one error.
    Invalid { template: Template, style: u64 },
    /// A line that gets no reply.
    NoReply(&'static str),
    /// A line without a line ending, before the end of the connection.
    Unfinished(&'static str),
    /// A request of a browser.
    Http,
    /// A graceful restart of the server.
    Restart,
    /// A kill and a start of the server.
    Kill,
}

/// A request with unresolved references.
#[derive(Debug, Clone)]
pub enum Template {
    Fixed(Request),
    /// An event with a generated id, by its index.
    Generated(Action, usize),
    /// Tickets of different events, each by the index of its id among the fixed and the generated ones.
    BookAll(Vec<(usize, u64)>),
    /// A ticket that was issued, by its index.
    Ticket(usize),
    /// Two slots, by their indices in [`slots`].
    Slots(Action, usize, usize),
    /// The next page of a listing, by the index of its cursor.
    NextPage(Option<usize>, usize),
}

/// What a request with references does.
#[derive(Debug, Clone)]
pub enum Action {
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

/// The slots of a scenario: around the current hour, around the end of the month of HOD, and at the ends of
/// the calendar.
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
            10..16 => Self::NoReply(rng.pick::<&str>(&["", "  ", "\t", "# a comment", "#BOOK jazz 1"])),
            16..40 => Self::Invalid { template: Template::draw(rng), style: rng.next() },
            _ => Self::Request { template: Template::draw(rng), style: rng.next() },
        }
    }

    /// The line of a step, and its request if it gets a reply. `None` for a step without a line.
    pub fn line(&self, naive: &Model, slots: &[Slot]) -> Option<(Vec<u8>, Option<Request>)> {
        match self {
            Self::Request { template, style } => {
                let request = template.resolve(naive, slots);
                Some((request_line(&request, &mut Rng::new(*style)), Some(request)))
            }
            Self::Invalid { template, style } => {
                let request = template.resolve(naive, slots);
                let (line, code) = invalid_line(&request, &mut Rng::new(*style));
                Some((line, Some(Request::Invalid(code))))
            }
            Self::NoReply(line) => Some((line.as_bytes().to_vec(), None)),
            Self::Unfinished(_) | Self::Http | Self::Restart | Self::Kill => None,
        }
    }
}

/// The end of a line, which the index of its step selects.
pub fn line_end(at: usize) -> &'static [u8] {
    [&b"\n"[..], b"\r\n", b"\r\0"][at % 3]
}

impl Template {
    fn draw(rng: &mut Rng) -> Self {
        let (slot, other) = (rng.below(9), rng.below(9));
        let who = (*rng.pick(&PEOPLE)).to_owned();
        match rng.below(100) {
            0..8 => Self::Fixed(create(rng)),
            8..12 => Self::Generated(Action::Event, rng.below(100)),
            12..16 => Self::Generated(Action::Book(1 + rng.below(4) as u64), rng.below(100)),
            16..22 => Self::Fixed(Request::Event((*rng.pick(&EVENTS)).to_owned())),
            22..25 => Self::Fixed(update(rng)),
            25..29 => {
                let count_max = if rng.one_in(3) { 8 } else { 3 };
                let count = 2 + rng.below(count_max - 1);
                let tickets = |rng: &mut Rng| if rng.one_in(20) { 500 } else { 1 + rng.below(3) as u64 };
                Self::BookAll((0..count).map(|_| (rng.below(100), tickets(rng))).collect())
            }
            29..36 => {
                let count = if rng.one_in(10) { *rng.pick(&[10_000, 500]) } else { 1 + rng.below(5) as u64 };
                Self::Fixed(Request::Book((*rng.pick(&EVENTS)).to_owned(), count))
            }
            36..41 => Self::Ticket(rng.below(1_000)),
            41..44 => Self::Fixed(Request::Ticket("2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee".to_owned())),
            44..50 => Self::Slots(Action::Take(who, None), slot, other),
            50..60 => Self::Slots(Action::Take(who, Some(meeting(rng))), slot, other),
            60..68 => Self::Slots(Action::Delete(who), slot, other),
            68..78 => {
                let meeting = (!rng.one_in(3)).then(|| meeting(rng));
                // At times within the same hour.
                let other = if rng.one_in(3) { slot } else { other };
                Self::Slots(Action::Put(who, meeting), slot, other)
            }
            78..84 => Self::Slots(Action::Day(who), slot, other),
            84..87 => Self::NextPage(rng.one_in(2).then(|| 1 + rng.below(3)), rng.below(100)),
            87..89 => {
                Self::Fixed(Request::List { limit: rng.one_in(2).then(|| 1 + rng.below(4)), after: None })
            }
            89..92 => Self::Fixed(Request::Hod(if rng.one_in(4) { who } else { "F10".to_owned() })),
            92..94 => Self::Fixed(Request::Stats),
            94..97 => Self::Fixed(Request::Snapshot),
            97 => Self::Fixed(Request::Quit),
            98 => Self::Fixed(Request::Help(*rng.pick(&[None, Some("GET"), Some("PUT"), Some("QUIT")]))),
            _ => Self::Fixed(rng.pick(&[Request::Hello, Request::Ping]).clone()),
        }
    }

    /// The request with its references resolved.
    pub fn resolve(&self, naive: &Model, slots: &[Slot]) -> Request {
        match self {
            Self::Fixed(request) => request.clone(),
            Self::Generated(action, nth) => {
                let generated_ids = naive.generated_ids();
                let id = if generated_ids.is_empty() {
                    "nobody"
                } else {
                    &generated_ids[nth % generated_ids.len()]
                };
                match action {
                    Action::Book(count) => Request::Book(id.to_owned(), *count),
                    _ => Request::Event(id.to_owned()),
                }
            }
            Self::BookAll(bookings) => {
                let ids: Vec<&str> =
                    EVENTS.into_iter().chain(naive.generated_ids().iter().map(String::as_str)).collect();
                let mut different = Vec::<(String, u64)>::new();
                for (nth, count) in bookings {
                    let id = ids[nth % ids.len()];
                    if different.iter().all(|(other, _)| other != id) {
                        different.push((id.to_owned(), *count));
                    }
                }
                match &different[..] {
                    [(id, count)] => Request::Book(id.clone(), *count),
                    _ => Request::BookAll(different),
                }
            }
            Self::Ticket(nth) => {
                let count = naive.tickets().count().max(1);
                let ticket = naive.tickets().nth(nth % count);
                Request::Ticket(
                    ticket.cloned().unwrap_or_else(|| "ffffffff-ffff-8fff-bfff-ffffffffffff".to_owned()),
                )
            }
            Self::NextPage(limit, nth) => {
                let count = naive.cursors().count().max(1);
                Request::List { limit: *limit, after: naive.cursors().nth(nth % count).cloned() }
            }
            Self::Slots(action, slot, other) => {
                let (slot, other) = (slots[*slot], slots[*other]);
                let request = match action.clone() {
                    Action::Take(who, meeting) => CalendarRequest::Take { who, slot, meeting },
                    Action::Put(who, meeting) => CalendarRequest::Put { who, old: slot, new: other, meeting },
                    Action::Delete(who) => CalendarRequest::Delete { who, slot },
                    Action::Day(who) => CalendarRequest::Day { who, date: slot.date },
                    Action::Event | Action::Book(_) => return Request::Ping,
                };
                Request::Calendar(request)
            }
        }
    }
}

fn create(rng: &mut Rng) -> Request {
    let tickets = if rng.one_in(10) { 1_000_000_000 } else { 1 + rng.below(12) as u64 };
    let date = NaiveDate::from_ymd_opt(2026, 1 + rng.below(2) as u32, 28).expect("a date");
    let id = (!rng.one_in(4)).then(|| (*rng.pick(&EVENTS)).to_owned());
    let terms = if rng.one_in(3) { terms(rng) } else { Terms::default() };
    Request::Create { name: (*rng.pick(&TEXTS)).to_owned(), date, tickets, id, terms }
}

/// An update of at least one value.
fn update(rng: &mut Rng) -> Request {
    let id = (*rng.pick(&EVENTS)).to_owned();
    let name = rng.one_in(3).then(|| (*rng.pick(&TEXTS)).to_owned());
    let date =
        rng.one_in(3).then(|| NaiveDate::from_ymd_opt(2026, 1 + rng.below(2) as u32, 28).expect("a date"));
    let tickets = (name.is_none() && date.is_none() || rng.one_in(3)).then(|| 1 + rng.below(30) as u64);
    let terms = if rng.one_in(2) { terms(rng) } else { Terms::default() };
    Request::Update { id, name, date, tickets, terms }
}

/// The terms of a sale, which is mostly open.
fn terms(rng: &mut Rng) -> Terms {
    let closed = rng.one_in(2).then(|| rng.one_in(4));
    let max_per_booking = rng.one_in(2).then(|| rng.one_in(2).then(|| 1 + rng.below(4) as u64));
    Terms { closed, max_per_booking }
}

fn meeting(rng: &mut Rng) -> Meeting {
    let group = (0..1 + rng.below(3)).map(|_| (*rng.pick(&PEOPLE)).to_owned()).collect();
    let host = rng.one_in(3).then(|| (*rng.pick(&PEOPLE)).to_owned());
    Meeting { title: (*rng.pick(&TEXTS)).to_owned(), group, host }
}

/// Requests that read all of the state.
pub fn all_reads(naive: &Model, slots: &[Slot]) -> Vec<Request> {
    let mut requests =
        vec![Request::Stats, Request::List { limit: None, after: None }, Request::Hod("F10".to_owned())];
    let mut dates: Vec<NaiveDate> = slots.iter().map(|slot| slot.date).collect();
    dates.sort_unstable();
    dates.dedup();
    for date in dates {
        let day = |who: &str| Request::Calendar(CalendarRequest::Day { who: who.to_owned(), date });
        requests.extend(PEOPLE.map(day));
    }
    requests.extend(naive.tickets().map(|ticket| Request::Ticket(ticket.clone())));
    requests
}
