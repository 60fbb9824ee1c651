//! Calendars that only one client changes, so that their state is known exactly.
//!
//! A naive model predicts every reply. After a kill the state must be that after the acknowledged requests
//! and the first n of the outstanding ones, for some n.

use std::collections::VecDeque;

use bookline_testkit::model::{
    Calendar, CalendarRequest, Meeting, Request, Slot, check_outcome, request_line,
};
use bookline_testkit::{Conn, Reply, Rng};
use chrono::{Days, NaiveDate};
use serde_json::Value;

use super::load::Client;

/// Few people and hours, so that many requests conflict.
const PEOPLE: usize = 6;
const DAYS: usize = 2;
const HOURS: usize = 5;

/// A client with its own people.
pub struct CalendarClient {
    people: Vec<String>,
    calendar: Calendar,
    outstanding: VecDeque<CalendarRequest>,
    titles: usize,
}

impl CalendarClient {
    /// The client number `name`.
    pub fn new(name: usize) -> Self {
        let people = (0..PEOPLE).map(|n| format!("own{name}.{n}")).collect();
        Self { people, calendar: Calendar::new(u64::MAX), outstanding: VecDeque::new(), titles: 0 }
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
        self.people.iter().flat_map(|who| (0..DAYS).map(move |n| day(who, n))).collect()
    }

    /// Checks the calendars after a kill and a start.
    pub fn check(&mut self, conn: &mut Conn) {
        let mut found = Vec::new();
        for who in &self.people {
            for n in 0..DAYS {
                found.push(conn.ask(&format!("GET {who} {}", date(n))).ok().clone());
            }
        }
        let acknowledged = self.days(&self.calendar);
        let mut tried = self.calendar.clone();
        let mut outstanding = self.outstanding.drain(..).collect::<VecDeque<_>>();
        loop {
            if self.days(&tried) == found {
                self.calendar = tried;
                return;
            }
            let Some(request) = outstanding.pop_front() else { break };
            // It may have been refused.
            let _ = tried.apply(&request);
        }
        let (was, is): (Vec<_>, Vec<_>) =
            acknowledged.iter().zip(&found).filter(|(was, is)| was != is).unzip();
        panic!(
            "no prefix of the outstanding requests leads to this state\nacknowledged {was:#?}\nfound {is:#?}"
        );
    }
}

impl Client for CalendarClient {
    fn next(&mut self, rng: &mut Rng) -> Vec<u8> {
        let who = rng.pick(&self.people).clone();
        let slot = slot(rng);
        let request = match rng.below(10) {
            0..=3 => {
                let meeting = self.entry(&who, rng);
                CalendarRequest::Take { who, slot, meeting }
            }
            4..=6 => {
                let (meeting, new) = (self.entry(&who, rng), self::slot(rng));
                CalendarRequest::Put { who, old: slot, new, meeting }
            }
            7..=8 => CalendarRequest::Delete { who, slot },
            _ => CalendarRequest::Day { who, date: slot.date },
        };
        let line = request_line(&Request::Calendar(request.clone()), rng);
        self.outstanding.push_back(request);
        line
    }

    fn on_reply(&mut self, reply: Reply) {
        let request = self.outstanding.pop_front().unwrap();
        let checked = check_outcome(&reply, &self.calendar.apply(&request));
        checked.unwrap_or_else(|what| panic!("{request:?}: {reply:?}: {what}"));
    }
}

fn date(n: usize) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, 31).unwrap() + Days::new(n as u64)
}

fn slot(rng: &mut Rng) -> Slot {
    Slot { date: date(rng.below(DAYS)), hour: 9 + rng.below(HOURS) as u32 }
}
