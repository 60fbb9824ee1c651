//! Days that one client alone changes: their state is known exactly.
//!
//! As nobody else touches them, a naive calendar predicts every reply; and after a kill they must be as they were after
//! some number of the unanswered requests, in order: never less than the acknowledged ones, and never with a gap.

use std::collections::VecDeque;

use chrono::{Days, NaiveDate};
use serde_json::Value;

use super::load::Client;
use crate::common::calendar::{Ask, Calendar, Meeting, Said, Slot};
use crate::common::{Answer, Conn, Rng};

/// Few people and hours, so that most requests meet something.
const PEOPLE: usize = 6;
const DAYS: usize = 2;
const HOURS: usize = 5;

/// A client with people of its own.
pub struct Owner {
    people: Vec<String>,
    calendar: Calendar,
    unanswered: VecDeque<Ask>,
    titles: usize,
}

impl Owner {
    /// The `name`-th one.
    pub fn new(name: usize) -> Self {
        let people = (0..PEOPLE).map(|n| format!("own{name}.{n}")).collect();
        Self { people, calendar: Calendar::default(), unanswered: VecDeque::new(), titles: 0 }
    }

    fn entry(&mut self, who: &str, rng: &mut Rng) -> Option<Meeting> {
        if rng.one_in(3) {
            return None;
        }
        self.titles += 1;
        let host = if rng.one_in(3) { rng.pick(&self.people).clone() } else { who.to_owned() };
        Some(Meeting { title: format!("meeting {}", self.titles), group: rng.some(&self.people, 3), host })
    }

    fn days(&self, calendar: &Calendar) -> Vec<Value> {
        let day = |who: &String, n| calendar.day(who, date(n));
        self.people.iter().flat_map(|who| (0..DAYS).map(move |n| day(who, n))).collect()
    }

    /// After a kill and a start.
    pub fn check(&mut self, conn: &mut Conn) {
        let mut found = Vec::new();
        for who in &self.people {
            for n in 0..DAYS {
                found.push(conn.ask(&format!("GET {who} {}", date(n))).ok().clone());
            }
        }
        let acknowledged = self.days(&self.calendar);
        let mut tried = self.calendar.clone();
        let mut unanswered = self.unanswered.drain(..).collect::<VecDeque<_>>();
        loop {
            if self.days(&tried) == found {
                self.calendar = tried;
                return;
            }
            let Some(ask) = unanswered.pop_front() else { break };
            tried.apply(&ask);
        }
        let (was, is): (Vec<_>, Vec<_>) =
            acknowledged.iter().zip(&found).filter(|(was, is)| was != is).unzip();
        panic!("no number of the unanswered requests leads here\nacknowledged {was:#?}\nfound {is:#?}");
    }
}

impl Client for Owner {
    fn next(&mut self, rng: &mut Rng) -> String {
        let who = rng.pick(&self.people).clone();
        let slot = slot(rng);
        let ask = match rng.below(10) {
            0..=3 => {
                let entry = self.entry(&who, rng);
                Ask::Take(who, slot, entry)
            }
            4..=6 => {
                let entry = self.entry(&who, rng);
                Ask::Put(who, slot, self::slot(rng), entry)
            }
            7..=8 => Ask::Delete(who, slot),
            _ => Ask::Day(who, slot.date),
        };
        let line = ask.to_string();
        self.unanswered.push_back(ask);
        line
    }

    fn answered(&mut self, answer: Answer) {
        let ask = self.unanswered.pop_front().unwrap();
        assert_eq!(Said::of(&answer), self.calendar.apply(&ask), "the reply (left) to {ask}");
    }
}

fn date(n: usize) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, 31).unwrap() + Days::new(n as u64)
}

fn slot(rng: &mut Rng) -> Slot {
    Slot { date: date(rng.below(DAYS)), hour: 9 + rng.below(HOURS) as u32 }
}
