//! Calendars that only one client changes, so that their state is known exactly.
//!
//! A naive model predicts every reply. After a kill the state must be that after the acknowledged requests
//! and the first n of the outstanding ones, for some n. Entries go on after midnight, and there are series,
//! so a request that was executed in part would lead to another state.

use std::collections::{BTreeMap, VecDeque};

use bookline_testkit::model::{
    Calendar, CalendarRequest, Every, Meeting, Recurrence, RecurrenceEnd, Request, Scope, Slot, When, Window,
    check_outcome, request_line,
};
use bookline_testkit::{Conn, Reply, Rng};
use chrono::{Days, NaiveDate, NaiveDateTime};
use serde_json::{Value, json};

use super::load::Client;

/// Few people and hours, so that many requests conflict.
const PEOPLE: usize = 6;
const DAYS: usize = 3;
const HOURS: usize = 5;

/// The days that are compared. A series may move beyond them, but every change also changes one of [`DAYS`].
const DAYS_CHECKED: usize = 16;

/// A client with its own people.
pub struct CalendarClient {
    people: Vec<String>,
    calendar: Calendar,
    outstanding: VecDeque<CalendarRequest>,
    titles: usize,
    /// The series that no reply has shown. One that is only on later days than are compared stays unknown, so
    /// the next one must not have its name.
    unknown_series: usize,
}

impl CalendarClient {
    /// The client number `name`.
    pub fn new(name: usize) -> Self {
        let people = (0..PEOPLE).map(|n| format!("own{name}.{n}")).collect();
        Self {
            people,
            calendar: Calendar::new(u64::MAX),
            outstanding: VecDeque::new(),
            titles: 0,
            unknown_series: 0,
        }
    }

    fn entry(&mut self, who: &str, rng: &mut Rng) -> Option<Meeting> {
        if rng.one_in(3) {
            return None;
        }
        self.titles += 1;
        let host = if rng.one_in(3) { rng.pick(&self.people).clone() } else { who.to_owned() };
        Some(Meeting {
            title: format!("meeting {}", self.titles),
            group: rng.some(&self.people, 3),
            host: Some(host),
        })
    }

    fn days(&self, calendar: &Calendar) -> Vec<Value> {
        let day = |who: &String, n| calendar.day(who, date(n));
        self.people.iter().flat_map(|who| (0..DAYS_CHECKED).map(move |n| day(who, n))).collect()
    }

    /// Checks the calendars after a kill and a start.
    pub fn check(&mut self, conn: &mut Conn) {
        let mut found = Vec::new();
        for who in &self.people {
            for n in 0..DAYS_CHECKED {
                found.push(conn.ask(&format!("GET {who} {}", date(n))).ok().clone());
            }
        }
        let acknowledged = self.days(&self.calendar);
        let mut tried = self.calendar.clone();
        let mut outstanding = self.outstanding.drain(..).collect::<VecDeque<_>>();
        loop {
            if let Some(ids) = ids_of_unknown_series(&self.days(&tried), &found) {
                ids.iter().for_each(|(unknown, id)| tried.rename_series(unknown, id));
                self.calendar = tried;
                return;
            }
            let Some(request) = outstanding.pop_front() else { break };
            // It may have been refused. The id of its series is in no reply.
            self.unknown_series += 1;
            let unknown = format!("{UNKNOWN_SERIES}{}", self.unknown_series);
            let _ = tried.apply(&request, &unknown, NaiveDateTime::MIN);
        }
        let (was, is): (Vec<_>, Vec<_>) =
            acknowledged.iter().zip(&found).filter(|(was, is)| was != is).unzip();
        panic!(
            "no prefix of the outstanding requests leads to this state\nacknowledged {was:#?}\nfound {is:#?}"
        );
    }
}

/// The beginning of what stands for the id of a series that no reply has shown.
const UNKNOWN_SERIES: &str = "unknown series ";

/// The ids of the series that no reply has shown, if the days are the same apart from them.
fn ids_of_unknown_series(expected: &[Value], found: &[Value]) -> Option<BTreeMap<String, String>> {
    let mut ids = BTreeMap::new();
    for (expected, found) in expected.iter().zip(found) {
        let mut expected = expected.clone();
        let hours = expected["schedule"].as_array_mut().expect("a list").iter_mut();
        for (hour, found) in hours.zip(found["schedule"].as_array().expect("a list")) {
            let (series, id) = (hour["series"].as_str(), found["series"].as_str());
            if let Some(unknown) = series.filter(|series| series.starts_with(UNKNOWN_SERIES)) {
                let id = ids.entry(unknown.to_owned()).or_insert_with(|| id.unwrap_or_default().to_owned());
                hour["series"] = json!(id);
            }
        }
        if &expected != found {
            return None;
        }
    }
    Some(ids)
}

impl Client for CalendarClient {
    fn next(&mut self, rng: &mut Rng) -> Vec<u8> {
        let who = rng.pick(&self.people).clone();
        let slot = slot(rng);
        let request = match rng.below(12) {
            0..=3 => {
                let (meeting, recurrence) = (self.entry(&who, rng), rng.one_in(3).then(|| recurrence(rng)));
                let when = When::At { slot, hours: hours(rng), recurrence };
                CalendarRequest::Take { who, when, meeting }
            }
            4..=6 => {
                let (meeting, new) = (self.entry(&who, rng), self::slot(rng));
                CalendarRequest::Put { who, old: slot, new, hours: hours(rng), meeting, scope: scope(rng) }
            }
            7..=9 => CalendarRequest::Delete { who, slot, scope: scope(rng) },
            10 => {
                self.titles += 1;
                let group = rng.some(&self.people, 2);
                let meeting = Some(Meeting { title: format!("meeting {}", self.titles), group, host: None });
                let window =
                    Window { date: slot.date, until: Some(24), hours: hours(rng), ..Window::default() };
                CalendarRequest::Take { who, when: When::First(window), meeting }
            }
            _ => CalendarRequest::Day { who, date: slot.date },
        };
        let line = request_line(&Request::Calendar(request.clone()), rng);
        self.outstanding.push_back(request);
        line
    }

    fn on_reply(&mut self, reply: Reply) {
        let request = self.outstanding.pop_front().unwrap();
        let series = reply.body["series"].as_str().unwrap_or_default();
        // All of the days are in the future.
        let checked = check_outcome(&reply, &self.calendar.apply(&request, series, NaiveDateTime::MIN));
        checked.unwrap_or_else(|what| panic!("{request:?}: {reply:?}: {what}"));
    }
}

fn date(n: usize) -> NaiveDate {
    NaiveDate::from_ymd_opt(2199, 12, 31).unwrap() + Days::new(n as u64)
}

/// Some of the last hours of a day.
fn slot(rng: &mut Rng) -> Slot {
    Slot { date: date(rng.below(DAYS)), hour: 19 + rng.below(HOURS) as u32 }
}

fn hours(rng: &mut Rng) -> Option<u32> {
    *rng.pick(&[None, None, Some(2), Some(4)])
}

fn recurrence(rng: &mut Rng) -> Recurrence {
    Recurrence { every: Every::Day, end: RecurrenceEnd::Count(2 + rng.below(3)), skips: rng.one_in(2) }
}

fn scope(rng: &mut Rng) -> Option<Scope> {
    *rng.pick(&[None, None, Some(Scope::This), Some(Scope::Following), Some(Scope::All)])
}
