//! The steps of a scenario: requests about a few events, people and hours, so that they conflict, and
//! restarts.

use bookline_server::state::StateLimits;
use bookline_server::state::limits::KEY_BYTES_LIMIT_MIN;
use bookline_server::storage::journal::Durability;
use bookline_testkit::Rng;
use bookline_testkit::model::{
    CalendarRequest, Every, Meeting, Model, Recurrence, RecurrenceEnd, Request, Scope, Slot, Terms,
    TicketList, TimeSearch, When, Window, invalid_line, request_line,
};
use chrono::{NaiveDate, NaiveDateTime, TimeDelta, Timelike};

/// The configuration of a scenario.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    pub shards: usize,
    pub durability: Durability,
    /// The largest number of lines sent at once.
    pub pipelined: usize,
    pub limits: StateLimits,
}

/// Limits that a scenario reaches.
const LOW_LIMITS: StateLimits = StateLimits {
    events: 4,
    tickets: 25,
    person_hours: 40,
    holds: 3,
    ended_holds: 4,
    name_bytes: 250,
    keys: 20,
    key_bytes: KEY_BYTES_LIMIT_MIN,
    accounts: 1,
};

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
            limits: *rng.pick(&[StateLimits::NONE, StateLimits::NONE, LOW_LIMITS]),
        }
    }

    /// Whether a change is durable when it is acknowledged.
    pub fn durable(&self) -> bool {
        self.durability == Durability::Always
    }
}

/// A step. It refers to tickets, holds, slots and cursors by index, so that it stays valid when earlier steps
/// are removed.
#[derive(Debug, Clone)]
pub enum Step {
    /// A request. `style` is the seed of its notation.
    Request { template: Template, key: KeyUse, style: u64 },
    /// A line with one error.
    Invalid { template: Template, key: KeyUse, style: u64 },
    /// A line that gets no reply.
    NoReply(&'static str),
    /// A line without a line ending, before the end of the connection.
    Unfinished(&'static str),
    /// A request of a browser.
    Http,
    /// Time passes. Holds fall due, and stay until something ends them.
    Advance(Advance),
    /// A round of maintenance.
    Maintain,
    /// A graceful restart of the server.
    Restart,
    /// A kill and a start of the server.
    Kill,
}

/// The key of a request, if it may have one.
#[derive(Debug, Clone, Copy)]
pub enum KeyUse {
    None,
    /// A new one, by its number.
    New(u64),
    /// That of an earlier request, by the index of the key. This request is mostly another one.
    Reused(usize),
    /// The earlier request is sent again, with its key.
    Again(usize),
    /// The earlier request is sent again, with a new key.
    AgainWithNew(usize, u64),
}

/// How much time passes.
#[derive(Debug, Clone, Copy)]
pub enum Advance {
    Micros(i64),
    /// To the deadline of an active hold, by its index, and so many microseconds more.
    Deadline(usize, i64),
    /// Until a key, by its index, is so many microseconds old.
    Key(usize, i64),
}

/// A request with unresolved references.
#[derive(Debug, Clone)]
pub enum Template {
    Fixed(Request),
    /// An event, by the index of its id among the fixed and the generated ones.
    Event(EventAction, usize),
    /// Tickets of different events, each by the index of its id.
    BookAll(Vec<(usize, u64)>, Option<String>),
    /// Tickets that were issued, by their indices.
    Tickets(TicketAction, Vec<usize>),
    /// A hold, by its index.
    Hold(HoldAction, usize),
    /// Two slots, by their indices in [`slots`].
    Slots(SlotAction, usize, usize),
    /// The next page of a listing, by the index of its cursor.
    NextPage(Option<usize>, usize),
    /// The same of a listing of tickets.
    NextTickets(TicketList, usize),
}

#[derive(Debug, Clone)]
pub enum EventAction {
    Show,
    Book(u64, Option<String>),
    Hold { tickets: u64, ttl: Option<u64>, attendee: Option<String> },
    Tickets(TicketList),
    Delete { drop_tickets: bool },
}

#[derive(Debug, Clone, Copy)]
pub enum TicketAction {
    Show,
    CheckIn { undo: bool },
    Cancel,
}

#[derive(Debug, Clone)]
pub enum HoldAction {
    Show,
    Confirm(Option<u64>, Option<String>),
    Extend(u64),
    Release,
}

#[derive(Debug, Clone)]
pub enum SlotAction {
    Take {
        who: String,
        hours: Option<u32>,
        repeated: Option<Repeated>,
        meeting: Option<Meeting>,
    },
    /// In a window on the date of a slot.
    MeetFirst(String, Meeting, Window),
    /// In a window from the date of one slot to that of the other.
    MeetFirstInRange(String, Meeting, Window),
    Put {
        who: String,
        hours: Option<u32>,
        meeting: Option<Meeting>,
        scope: Option<Scope>,
    },
    Delete(String, Option<Scope>),
    Day(String),
    /// From the date of one slot to that of the other.
    Range(String),
    Meetings(String),
    Free(TimeSearch),
    FreeInRange(TimeSearch),
}

/// A recurrence whose first date is not known yet.
#[derive(Debug, Clone, Copy)]
pub struct Repeated {
    every: Every,
    end: RepeatedEnd,
    skips: bool,
}

#[derive(Debug, Clone, Copy)]
enum RepeatedEnd {
    Count(usize),
    /// The last day is so many days after the date.
    Days(i64),
}

impl Repeated {
    fn draw(rng: &mut Rng) -> Self {
        let every = *rng.pick(&[Every::Day, Every::Day, Every::Weekday, Every::Week, Every::TwoWeeks]);
        let end = if rng.one_in(2) {
            // At times more than the clashes that a reply lists.
            RepeatedEnd::Count(if rng.one_in(40) { 120 } else { 2 + rng.below(4) })
        } else {
            // At times before the first occurrence, or more than a series may have.
            RepeatedEnd::Days(*rng.pick(&[-1, 0, 1, 2, 3, 4, 7, 14, 15, 28, 366, 600]))
        };
        let end = match end {
            RepeatedEnd::Days(366) if !rng.one_in(10) => RepeatedEnd::Days(5),
            end => end,
        };
        Self { every, end, skips: rng.one_in(2) }
    }

    fn from(self, first: Slot) -> Recurrence {
        let Self { every, end, skips } = self;
        let end = match end {
            RepeatedEnd::Count(count) => RecurrenceEnd::Count(count),
            RepeatedEnd::Days(days) => RecurrenceEnd::Last(first.later(24 * days).unwrap_or(first).date),
        };
        Recurrence { every, end, skips }
    }
}

/// An id that no ticket and no hold has.
const MADE_UP_ID: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";

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

const ATTENDEES: [&str; 5] = ["Ada", "Ada Lovelace", "Grüß Gott 🌱", "say \"hi\" \\", "ÉMILE"];
const PARTS_OF_NAMES: [&str; 5] = ["ada", "LOVE", "grüss", "É", "hi\""];

/// The number of [`slots`].
const SLOTS: usize = 14;

/// The slots of a scenario: around the current hour, around the end of the month of HOD, at the ends of the
/// calendar, and at later occurrences of series that begin at the current hour.
pub fn slots(now: NaiveDateTime) -> Vec<Slot> {
    let slot = |at: NaiveDateTime| Slot { date: at.date(), hour: at.hour() };
    let mut slots: Vec<Slot> =
        [0, 1, -1, -718, -719, -720].map(|hours| slot(now + TimeDelta::hours(hours))).into();
    let far = |y, m, d, hour| Slot { date: NaiveDate::from_ymd_opt(y, m, d).expect("a date"), hour };
    slots.extend([far(1, 1, 1, 0), far(2028, 2, 29, 23), far(9999, 12, 31, 23)]);
    slots.extend([2, 24, 25, 48, 168].map(|hours| slot(now + TimeDelta::hours(hours))));
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
            16..24 => Self::Advance(Advance::draw(rng)),
            24..30 => Self::Maintain,
            30..54 => {
                Self::Invalid { template: Template::draw(rng), key: KeyUse::draw(rng), style: rng.next() }
            }
            _ => Self::Request { template: Template::draw(rng), key: KeyUse::draw(rng), style: rng.next() },
        }
    }

    /// The line of a step, and its request if it gets a reply. `None` for a step without a line.
    pub fn line(&self, naive: &Model, slots: &[Slot]) -> Option<(Vec<u8>, Option<Request>)> {
        match self {
            Self::Request { template, key, style } => {
                let request = key.resolve(template.resolve(naive, slots), naive);
                Some((request_line(&request, &mut Rng::new(*style)), Some(request)))
            }
            Self::Invalid { template, key, style } => {
                let request = key.resolve(template.resolve(naive, slots), naive);
                let (line, code) = invalid_line(&request, &mut Rng::new(*style));
                Some((line, Some(Request::Invalid(code))))
            }
            Self::NoReply(line) => Some((line.as_bytes().to_vec(), None)),
            Self::Unfinished(_)
            | Self::Http
            | Self::Advance(_)
            | Self::Maintain
            | Self::Restart
            | Self::Kill => None,
        }
    }
}

impl KeyUse {
    /// Half of the requests have a key, and many of those are repeats.
    pub fn draw(rng: &mut Rng) -> Self {
        let nth = rng.below(1_000);
        match rng.below(20) {
            0..10 => Self::None,
            10..15 => Self::New(rng.next()),
            15 => Self::Reused(nth),
            16..19 => Self::Again(nth),
            _ => Self::AgainWithNew(nth, rng.next()),
        }
    }

    /// The request with the key, or the earlier request.
    pub fn resolve(self, request: Request, naive: &Model) -> Request {
        let asked = naive.asked_with_keys();
        let earlier = |nth: usize| asked.get(nth % asked.len().max(1)).copied();
        let new = |number: u64| format!("key.{number:016x}");
        let (key, request) = match self {
            Self::None => return request,
            Self::New(number) => (new(number), request),
            Self::Reused(nth) => match earlier(nth) {
                Some((key, _)) => (key.clone(), request),
                None => return request,
            },
            Self::Again(nth) => match earlier(nth) {
                Some((key, earlier)) => (key.clone(), earlier.clone()),
                None => return request,
            },
            Self::AgainWithNew(nth, number) => {
                (new(number), earlier(nth).map_or(request, |(_, earlier)| earlier.clone()))
            }
        };
        if request.takes_key() { request.with_key(key) } else { request }
    }
}

impl Advance {
    /// Mostly about as long as holds live, or exactly to a deadline or to the end of a key, and at times
    /// longer than ended holds are remembered.
    pub fn draw(rng: &mut Rng) -> Self {
        let most = match rng.below(16) {
            12..15 => return Self::Key(rng.below(100), 60_000_000 + rng.below(3) as i64 - 1),
            15 => return Self::Key(rng.below(100), 86_400_000_000 + rng.below(3) as i64 - 1),
            0..4 => 2_000_000,
            4..6 => 400_000_000,
            6 => 8_000_000_000,
            7 if rng.one_in(3) => 100_000_000_000,
            _ => return Self::Deadline(rng.below(100), rng.below(3) as i64 - 1),
        };
        Self::Micros(1 + rng.below(most) as i64)
    }

    /// The microseconds that pass, one or more.
    pub fn micros(self, naive: &Model, now: NaiveDateTime) -> i64 {
        match self {
            Self::Micros(micros) => micros,
            Self::Deadline(nth, offset) => {
                let deadlines = naive.deadlines();
                let deadline = deadlines.get(nth % deadlines.len().max(1)).unwrap_or(&now);
                let micros = (*deadline - now).num_microseconds().expect("two hours at the most");
                (micros + offset).max(1)
            }
            Self::Key(nth, age) => {
                let times = naive.key_times();
                let used = times.get(nth % times.len().max(1)).unwrap_or(&now);
                let micros = (now - *used).num_microseconds().expect("some days at the most");
                (age - micros).max(1)
            }
        }
    }
}

/// The end of a line, which the index of its step selects.
pub fn line_end(at: usize) -> &'static [u8] {
    [&b"\n"[..], b"\r\n", b"\r\0"][at % 3]
}

impl Template {
    fn draw(rng: &mut Rng) -> Self {
        match rng.below(10) {
            0..6 => Self::draw_sale(rng),
            6..9 => Self::draw_calendar(rng),
            _ => Self::Fixed(other(rng)),
        }
    }

    fn draw_sale(rng: &mut Rng) -> Self {
        let event = match rng.below(6) {
            0 => rng.below(100),
            1 => rng.below(EVENTS.len()),
            // Mostly the same two, so that requests conflict.
            _ => rng.below(2),
        };
        let (ticket, hold) = (rng.below(1_000), rng.below(1_000));
        match rng.below(100) {
            0..12 => Self::Fixed(create(rng)),
            12..18 => Self::Event(EventAction::Show, event),
            18..22 => Self::Fixed(update(rng)),
            22..25 => {
                let count_max = if rng.one_in(3) { 8 } else { 3 };
                let count = 2 + rng.below(count_max - 1);
                let tickets = |rng: &mut Rng| if rng.one_in(20) { 500 } else { 1 + rng.below(3) as u64 };
                let bookings = (0..count).map(|_| (rng.below(100), tickets(rng))).collect();
                Self::BookAll(bookings, attendee(rng))
            }
            25..36 => {
                let count = if rng.one_in(10) { *rng.pick(&[10_000, 500]) } else { 1 + rng.below(5) as u64 };
                Self::Event(EventAction::Book(count, attendee(rng)), event)
            }
            36..50 => Self::Event(new_hold(rng), event),
            50..54 => Self::Hold(HoldAction::Show, hold),
            54..62 => {
                let tickets = rng.one_in(2).then(|| 1 + rng.below(4) as u64);
                Self::Hold(HoldAction::Confirm(tickets, attendee(rng)), hold)
            }
            62..66 => Self::Hold(HoldAction::Extend(seconds(rng)), hold),
            66..70 => Self::Hold(HoldAction::Release, hold),
            70..74 => Self::Tickets(TicketAction::Show, vec![ticket]),
            74..80 => Self::Tickets(TicketAction::CheckIn { undo: rng.one_in(3) }, vec![ticket]),
            80..86 => {
                let most = if rng.one_in(3) { 6 } else { 1 };
                let count = 1 + rng.below(most);
                Self::Tickets(TicketAction::Cancel, (0..count).map(|_| rng.below(1_000)).collect())
            }
            86..89 => Self::Event(EventAction::Tickets(ticket_list(rng)), event),
            89..92 => Self::NextTickets(ticket_list(rng), rng.below(100)),
            92..94 => Self::Event(EventAction::Delete { drop_tickets: rng.one_in(3) }, event),
            94..97 => Self::NextPage(rng.one_in(2).then(|| 1 + rng.below(3)), rng.below(100)),
            _ => Self::Fixed(Request::List { limit: rng.one_in(2).then(|| 1 + rng.below(4)), after: None }),
        }
    }

    fn draw_calendar(rng: &mut Rng) -> Self {
        let (slot, other) = (rng.below(SLOTS), rng.below(SLOTS));
        let who = (*rng.pick(&PEOPLE)).to_owned();
        let action = match rng.below(21) {
            0..3 => Self::take(who, None, rng),
            3..8 => {
                let meeting = meeting(rng);
                Self::take(who, Some(meeting), rng)
            }
            8..12 => SlotAction::Delete(who, scope(rng)),
            12..17 => {
                let meeting = (!rng.one_in(3)).then(|| meeting(rng));
                let put = SlotAction::Put { who, hours: hours(rng), meeting, scope: scope(rng) };
                // At times within the same hour.
                let other = if rng.one_in(3) { slot } else { other };
                return Self::Slots(put, slot, other);
            }
            17 => SlotAction::Day(who),
            18 => {
                let head = if rng.one_in(4) { who.clone() } else { "F10".to_owned() };
                if rng.one_in(2) { SlotAction::Range(who) } else { SlotAction::Meetings(head) }
            }
            19 => {
                let (search, is_range) = (time_search(rng), rng.one_in(2));
                if is_range { SlotAction::FreeInRange(search) } else { SlotAction::Free(search) }
            }
            _ => {
                let (meeting, window) = (meeting(rng), window(rng));
                if rng.one_in(2) {
                    SlotAction::MeetFirst(who, meeting, window)
                } else {
                    SlotAction::MeetFirstInRange(who, meeting, window)
                }
            }
        };
        Self::Slots(action, slot, other)
    }

    fn take(who: String, meeting: Option<Meeting>, rng: &mut Rng) -> SlotAction {
        let repeated = rng.one_in(4).then(|| Repeated::draw(rng));
        SlotAction::Take { who, hours: hours(rng), repeated, meeting }
    }

    /// The request with its references resolved.
    pub fn resolve(&self, naive: &Model, slots: &[Slot]) -> Request {
        match self {
            Self::Fixed(request) => request.clone(),
            Self::Event(action, nth) => action.on(event_id(naive, *nth)),
            Self::BookAll(bookings, attendee) => {
                let mut different = Vec::<(String, u64)>::new();
                for (nth, count) in bookings {
                    let id = event_id(naive, *nth);
                    if different.iter().all(|(other, _)| *other != id) {
                        different.push((id, *count));
                    }
                }
                Request::Book { bookings: different, attendee: attendee.clone() }
            }
            Self::Tickets(action, indices) => {
                let tickets = indices.iter().map(|nth| pick_id(&naive.tickets(), &naive.holds(), *nth));
                action.on(tickets.collect())
            }
            Self::Hold(action, nth) => {
                let holds = naive.holds();
                // Mostly one of the active ones, which are the first.
                let active = &holds[..naive.deadlines().len()];
                let holds = if nth % 3 > 0 && !active.is_empty() { active } else { &holds };
                action.on(pick_id(holds, &naive.tickets(), *nth))
            }
            Self::NextPage(limit, nth) => {
                let cursors = naive.cursors();
                let after = cursors.get(nth % cursors.len().max(1)).map(|word| (*word).clone());
                Request::List { limit: *limit, after }
            }
            Self::NextTickets(list, nth) => {
                let cursors = naive.ticket_cursors();
                let Some((word, event)) = cursors.get(nth % cursors.len().max(1)) else {
                    return Request::Tickets(TicketList { event: event_id(naive, *nth), ..list.clone() });
                };
                // At times of another event.
                let event = if nth % 8 == 0 { event_id(naive, *nth) } else { (*event).clone() };
                Request::Tickets(TicketList { event, after: Some((*word).clone()), ..list.clone() })
            }
            Self::Slots(action, slot, other) => action.clone().on(slots[*slot], slots[*other]),
        }
    }
}

impl EventAction {
    fn on(&self, event: String) -> Request {
        match self.clone() {
            Self::Show => Request::Event(event),
            Self::Book(tickets, attendee) => Request::Book { bookings: vec![(event, tickets)], attendee },
            Self::Hold { tickets, ttl, attendee } => Request::Hold { event, tickets, ttl, attendee },
            Self::Tickets(list) => Request::Tickets(TicketList { event, ..list }),
            Self::Delete { drop_tickets } => Request::DeleteEvent { id: event, drop_tickets },
        }
    }
}

impl TicketAction {
    fn on(self, mut tickets: Vec<String>) -> Request {
        match self {
            Self::Cancel => Request::Cancel(tickets),
            Self::Show => Request::Ticket(tickets.remove(0)),
            Self::CheckIn { undo } => Request::CheckIn { ticket: tickets.remove(0), undo },
        }
    }
}

impl HoldAction {
    fn on(&self, hold: String) -> Request {
        match self.clone() {
            Self::Show => Request::ShowHold(hold),
            Self::Confirm(tickets, attendee) => Request::Confirm { hold, tickets, attendee },
            Self::Extend(seconds) => Request::Extend { hold, seconds },
            Self::Release => Request::Release(hold),
        }
    }
}

impl SlotAction {
    fn on(self, slot: Slot, other: Slot) -> Request {
        let (first, last) = (slot.date.min(other.date), slot.date.max(other.date));
        Request::Calendar(match self {
            Self::Take { who, hours, repeated, meeting } => {
                let recurrence = repeated.map(|repeated| repeated.from(slot));
                CalendarRequest::Take { who, when: When::At { slot, hours, recurrence }, meeting }
            }
            Self::MeetFirst(who, meeting, window) => {
                let when = When::First(Window { date: slot.date, ..window });
                CalendarRequest::Take { who, when, meeting: Some(meeting) }
            }
            Self::MeetFirstInRange(who, meeting, window) => {
                let when = When::First(Window { date: first, to: Some(last), ..window });
                CalendarRequest::Take { who, when, meeting: Some(meeting) }
            }
            Self::Put { who, hours, meeting, scope } => {
                CalendarRequest::Put { who, old: slot, new: other, hours, meeting, scope }
            }
            Self::Delete(who, scope) => CalendarRequest::Delete { who, slot, scope },
            Self::Day(who) => CalendarRequest::Day { who, date: slot.date },
            Self::Range(who) => return Request::Range { who, first, last },
            Self::Meetings(who) => return Request::Hod { who, range: Some((first, last)) },
            Self::Free(search) => {
                let window = Window { date: slot.date, ..search.window };
                return Request::Free(TimeSearch { window, ..search });
            }
            Self::FreeInRange(search) => {
                let window = Window { date: first, to: Some(last), ..search.window };
                return Request::Free(TimeSearch { window, ..search });
            }
        })
    }
}

/// The id of an event: one of the fixed ones, or one that was generated.
fn event_id(naive: &Model, nth: usize) -> String {
    let generated = naive.generated_ids().iter().map(String::as_str);
    let ids: Vec<&str> = EVENTS.into_iter().chain(generated).collect();
    ids[nth % ids.len()].to_owned()
}

/// One of these ids, or at times one of `others`, which are of another kind, or a made-up one.
fn pick_id(ids: &[&String], others: &[&String], nth: usize) -> String {
    let ids = if nth % 20 == 19 { others } else { ids };
    let picked = ids.get(nth % ids.len().max(1)).filter(|_| nth % 20 != 18);
    picked.map_or(MADE_UP_ID.to_owned(), |id| (*id).clone())
}

/// The name behind `for=`, mostly none.
fn attendee(rng: &mut Rng) -> Option<String> {
    rng.one_in(3).then(|| (*rng.pick(&ATTENDEES)).to_owned())
}

/// A lifetime of a hold. Those of different holds mostly differ.
fn seconds(rng: &mut Rng) -> u64 {
    let most = if rng.one_in(3) { 7_200 } else { 600 };
    1 + rng.below(most) as u64
}

fn new_hold(rng: &mut Rng) -> EventAction {
    let tickets = if rng.one_in(20) { 500 } else { 1 + rng.below(4) as u64 };
    let ttl = (!rng.one_in(8)).then(|| seconds(rng));
    EventAction::Hold { tickets, ttl, attendee: attendee(rng) }
}

fn ticket_list(rng: &mut Rng) -> TicketList {
    TicketList {
        event: String::new(),
        status: *rng.pick(&[None, None, Some("booked"), Some("checked_in"), Some("cancelled"), Some("all")]),
        attendee: rng.one_in(3).then(|| (*rng.pick(&PARTS_OF_NAMES)).to_owned()),
        whole_ids: rng.one_in(2),
        limit: rng.one_in(2).then(|| 1 + rng.below(4)),
        after: None,
    }
}

/// A search in a window whose dates are set later.
fn time_search(rng: &mut Rng) -> TimeSearch {
    let people = (0..1 + rng.below(3)).map(|_| (*rng.pick(&PEOPLE)).to_owned()).collect();
    TimeSearch { people, window: window(rng), limit: rng.one_in(2).then(|| 1 + rng.below(40)) }
}

/// The hours of a window. Its dates are set later.
fn window(rng: &mut Rng) -> Window {
    let from = (!rng.one_in(4)).then(|| rng.below(24) as u32);
    let first = from.unwrap_or(9);
    let is_default = first < 17 && rng.one_in(4);
    let until = (!is_default).then(|| first + 1 + rng.below(24 - first as usize) as u32);
    let most = until.unwrap_or(17) - first;
    let hours = rng.one_in(2).then(|| 1 + rng.below(most as usize) as u32);
    let all_days = rng.one_in(2).then(|| rng.one_in(2));
    Window { from, until, hours, all_days, ..Window::default() }
}

/// The hours of an entry, mostly few, and at times more than a day has left.
fn hours(rng: &mut Rng) -> Option<u32> {
    *rng.pick(&[None, None, None, Some(1), Some(2), Some(2), Some(3), Some(24)])
}

/// The occurrences of a series that a request is about.
fn scope(rng: &mut Rng) -> Option<Scope> {
    let scopes = [Scope::This, Scope::Following, Scope::Following, Scope::All, Scope::All];
    rng.one_in(2).then(|| *rng.pick(&scopes))
}

/// A request that is about neither sales nor calendars of a day.
fn other(rng: &mut Rng) -> Request {
    let who = *rng.pick(&PEOPLE);
    match rng.below(14) {
        0..4 => Request::Hod { who: if rng.one_in(4) { who } else { "F10" }.to_owned(), range: None },
        4..7 => Request::Stats,
        7..11 => Request::Snapshot,
        11 => Request::Quit,
        12 => Request::Help(*rng.pick(&[None, Some("GET"), Some("PUT"), Some("HOLD")])),
        _ => rng.pick(&[Request::Hello, Request::Ping]).clone(),
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
    let mut group: Vec<String> = (0..1 + rng.below(3)).map(|_| (*rng.pick(&PEOPLE)).to_owned()).collect();
    if rng.one_in(15) {
        // More people than a clash lists.
        group.extend((0..25).map(|n| format!("P{n}")));
    }
    let host = rng.one_in(3).then(|| (*rng.pick(&PEOPLE)).to_owned());
    Meeting { title: (*rng.pick(&TEXTS)).to_owned(), group, host }
}

/// Requests that read all of the state, and repeats of those whose reply is stored.
pub fn all_reads(naive: &Model, slots: &[Slot]) -> Vec<Request> {
    let mut requests = vec![
        Request::Stats,
        Request::List { limit: None, after: None },
        Request::Hod { who: "F10".to_owned(), range: None },
    ];
    let mut dates = naive.calendar_dates();
    dates.extend(slots.iter().map(|slot| slot.date));
    for date in dates {
        let day = |who: &str| Request::Calendar(CalendarRequest::Day { who: who.to_owned(), date });
        requests.extend(PEOPLE.map(day));
    }
    requests.extend(naive.tickets().into_iter().cloned().map(Request::Ticket));
    requests.extend(naive.holds().into_iter().cloned().map(Request::ShowHold));
    let all = TicketList { status: Some("all"), whole_ids: true, ..TicketList::default() };
    let list = |event: &String| Request::Tickets(TicketList { event: event.clone(), ..all.clone() });
    requests.extend(naive.events().into_iter().map(list));
    requests.extend(naive.repeats());
    requests
}
