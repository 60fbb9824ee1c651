//! Calendars that many clients change.
//!
//! Every meeting has a unique title, which identifies its request. Some go on after midnight, and some are
//! series, whose occurrences have one title.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use bookline_testkit::model::{
    self, CalendarRequest, Every, Meeting, Recurrence, RecurrenceEnd, Scope, Slot, When, request_line,
};
use bookline_testkit::{Conn, Reply, Rng};
use chrono::{Days, NaiveDate};

use super::load::Client;

const PEOPLE: usize = 12;
const DAYS: usize = 3;
const HOURS: usize = 6;

/// The most occurrences of a series, one a day.
const OCCURRENCES_MAX: usize = 3;

/// The days that a meeting may fill. The last hours may be after midnight.
const DAYS_FILLED: usize = DAYS + OCCURRENCES_MAX;

/// The first hour of the earliest meeting.
const FIRST_HOUR: u32 = 18;

/// The people of a meeting, each with its hours.
type Places = BTreeSet<(String, Slot)>;

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Present,
    Absent,
    /// A request about the meeting is outstanding.
    Open,
}

struct Known {
    places: Places,
    time: Time,
    host: String,
    state: State,
}

/// When a meeting is.
#[derive(Clone, Copy)]
struct Time {
    start: Slot,
    hours: u32,
    /// More than one if it is a series.
    occurrences: usize,
}

impl Time {
    fn draw(occurrences: usize, rng: &mut Rng) -> Self {
        let start = Slot { date: date(rng.below(DAYS)), hour: FIRST_HOUR + rng.below(HOURS) as u32 };
        Self { start, hours: 1 + rng.below(3) as u32, occurrences }
    }

    fn slots(self) -> impl Iterator<Item = Slot> {
        let starts = (0..self.occurrences as i64).filter_map(move |day| self.start.later(24 * day));
        starts.flat_map(move |start| (0..self.hours.into()).filter_map(move |hour| start.later(hour)))
    }

    fn to_when(self) -> When {
        let Self { start, hours, occurrences } = self;
        let end = RecurrenceEnd::Count(occurrences);
        let recurrence = (occurrences > 1).then_some(Recurrence { every: Every::Day, end, skips: false });
        When::At { slot: start, hours: Some(hours), recurrence }
    }

    /// All of it.
    fn scope(self) -> Option<Scope> {
        (self.occurrences > 1).then_some(Scope::All)
    }
}

enum Request {
    Meet(String),
    Delete(String),
    Put { old: String, new: String },
    Read,
}

/// A client that schedules, moves and deletes meetings of people whom all clients share.
pub struct MeetingClient {
    name: usize,
    people: Vec<String>,
    known: BTreeMap<String, Known>,
    outstanding: VecDeque<Request>,
    seen: HashSet<String>,
}

impl MeetingClient {
    /// The client number `name`.
    pub fn new(name: usize) -> Self {
        let people = (0..PEOPLE).map(|n| format!("shared{n}")).collect();
        let (known, outstanding, seen) = (BTreeMap::new(), VecDeque::new(), HashSet::new());
        Self { name, people, known, outstanding, seen }
    }

    /// A new meeting of so many occurrences requested by `who`, which is known from now on.
    fn meeting(&mut self, who: &str, occurrences: usize, rng: &mut Rng) -> (String, Time, Meeting) {
        let title = format!("m{}.{}", self.name, self.known.len());
        let time = Time::draw(occurrences, rng);
        let group = rng.some(&self.people, 4);
        let host = rng.pick(&self.people).clone();
        let everyone = group.iter().map(String::as_str).chain([who, &host]);
        let places = everyone.flat_map(|person| time.slots().map(|slot| (person.to_owned(), slot)));
        let known = Known { places: places.collect(), time, host: host.clone(), state: State::Open };
        self.known.insert(title.clone(), known);
        (title.clone(), time, Meeting { title, group, host: Some(host) })
    }

    /// One of the present meetings that no outstanding request is about.
    fn present(&self, rng: &mut Rng) -> Option<(String, Time, String)> {
        let there: Vec<_> = self.known.iter().filter(|(_, known)| known.state == State::Present).collect();
        if there.is_empty() {
            return None;
        }
        let (title, known) = rng.pick(&there);
        Some(((*title).clone(), known.time, known.host.clone()))
    }

    fn set(&mut self, title: &str, state: State) {
        self.known.get_mut(title).unwrap().state = state;
    }
}

impl Client for MeetingClient {
    fn next(&mut self, rng: &mut Rng) -> Vec<u8> {
        let who = rng.pick(&self.people).clone();
        let choice = rng.below(10);
        let (request, outstanding_request) = match (choice, self.present(rng)) {
            (0..=1, _) => (CalendarRequest::Day { who, date: date(rng.below(DAYS_FILLED)) }, Request::Read),
            (2..=4, Some((title, time, host))) => {
                self.set(&title, State::Open);
                let request = CalendarRequest::Delete { who: host, slot: time.start, scope: time.scope() };
                (request, Request::Delete(title))
            }
            (5..=6, Some((old, from, host))) => {
                self.set(&old, State::Open);
                let (new, to, meeting) = self.meeting(&host, from.occurrences, rng);
                let request = CalendarRequest::Put {
                    who: host,
                    old: from.start,
                    new: to.start,
                    hours: Some(to.hours),
                    meeting: Some(meeting),
                    scope: from.scope(),
                };
                (request, Request::Put { old, new })
            }
            _ => {
                let occurrences = if rng.one_in(3) { 2 + rng.below(OCCURRENCES_MAX - 1) } else { 1 };
                let (title, time, meeting) = self.meeting(&who, occurrences, rng);
                let request = CalendarRequest::Take { who, when: time.to_when(), meeting: Some(meeting) };
                (request, Request::Meet(title))
            }
        };
        self.outstanding.push_back(outstanding_request);
        request_line(&model::Request::Calendar(request), rng)
    }

    fn on_reply(&mut self, reply: Reply) {
        match self.outstanding.pop_front().unwrap() {
            Request::Read => {
                let schedule = reply.ok()["schedule"].as_array().unwrap();
                self.seen
                    .extend(schedule.iter().map(|entry| entry["meet"]["title"].as_str().unwrap().to_owned()));
            }
            Request::Meet(title) if reply.is_ok() => self.set(&title, State::Present),
            Request::Meet(title) => {
                reply.busy();
                self.set(&title, State::Absent);
            }
            Request::Delete(title) => {
                assert_eq!(reply.ok()["deleted"], "meeting", "{title}");
                self.set(&title, State::Absent);
            }
            Request::Put { old, new } => {
                let moved = reply.is_ok();
                if !moved {
                    reply.busy();
                }
                self.set(if moved { &new } else { &old }, State::Present);
                self.set(if moved { &old } else { &new }, State::Absent);
            }
        }
    }
}

/// After a kill and a start: each meeting is in the calendars of all its people, in all its hours on all its
/// days, or in none. Acknowledged meetings are present, deleted ones are absent, a moved one is at the old or
/// the new hours, and every meeting that a read showed is present.
pub fn check(conn: &mut Conn, meeters: &mut [MeetingClient]) {
    let mut found: BTreeMap<String, Places> = BTreeMap::new();
    for who in meeters[0].people.clone() {
        for n in 0..DAYS_FILLED {
            let day = conn.ask(&format!("GET {who} {}", date(n)));
            for entry in day.ok()["schedule"].as_array().unwrap() {
                let hour = entry["time"].as_str().unwrap()[..2].parse().unwrap();
                let title = entry["meet"]["title"].as_str().unwrap().to_owned();
                let new = found.entry(title).or_default().insert((who.clone(), Slot { date: date(n), hour }));
                assert!(new, "{who} has two entries at {hour}:00");
            }
        }
    }
    let seen: HashSet<String> = meeters.iter_mut().flat_map(|meeter| meeter.seen.drain()).collect();
    for meeter in meeters.iter_mut() {
        for outstanding_request in std::mem::take(&mut meeter.outstanding) {
            match outstanding_request {
                Request::Read => {}
                Request::Meet(title) => {
                    let there = found.contains_key(&title);
                    assert!(there || !seen.contains(&title), "a read showed {title}, and it is missing");
                    meeter.set(&title, if there { State::Present } else { State::Absent });
                }
                Request::Delete(title) => {
                    let there = found.contains_key(&title);
                    meeter.set(&title, if there { State::Present } else { State::Absent });
                }
                Request::Put { old, new } => {
                    let moved = found.contains_key(&new);
                    assert!(
                        moved != found.contains_key(&old),
                        "{old} was moved to {new}: exactly one of them must be present"
                    );
                    assert!(moved || !seen.contains(&new), "a read showed {new}, and it is missing");
                    meeter.set(&new, if moved { State::Present } else { State::Absent });
                    meeter.set(&old, if moved { State::Absent } else { State::Present });
                }
            }
        }
        for (title, known) in &meeter.known {
            let places = found.remove(title);
            match known.state {
                State::Present => assert_eq!(places.as_ref(), Some(&known.places), "the people of {title}"),
                State::Absent => assert_eq!(places, None, "{title} must be absent"),
                State::Open => unreachable!("{title} is settled"),
            }
        }
    }
    assert!(found.is_empty(), "meetings that nobody requested: {found:?}");
}

fn date(n: usize) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 2, 28).unwrap() + Days::new(n as u64)
}
