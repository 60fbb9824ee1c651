//! Days that many clients share.
//!
//! Every meeting has a title of its own, so that whatever is found in the calendars can be told to its request.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use chrono::{Days, NaiveDate};

use super::load::Client;
use crate::common::calendar::{Ask, Meeting, Slot};
use crate::common::{Answer, Conn, Rng};

const PEOPLE: usize = 12;
const DAYS: usize = 3;
const HOURS: usize = 6;

/// Everyone of a meeting with the hour.
type Places = BTreeSet<(String, Slot)>;

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Present,
    Absent,
    /// A request about it is unanswered.
    Open,
}

struct Known {
    places: Places,
    slot: Slot,
    host: String,
    state: State,
}

enum Asked {
    Meet(String),
    Delete(String),
    Put { old: String, new: String },
    Look,
}

/// A client that makes, moves and deletes meetings of people whom all share.
pub struct Meeter {
    name: usize,
    people: Vec<String>,
    known: BTreeMap<String, Known>,
    unanswered: VecDeque<Asked>,
    seen: HashSet<String>,
}

impl Meeter {
    /// The `name`-th one.
    pub fn new(name: usize) -> Self {
        let people = (0..PEOPLE).map(|n| format!("shared{n}")).collect();
        let (known, unanswered, seen) = (BTreeMap::new(), VecDeque::new(), HashSet::new());
        Self { name, people, known, unanswered, seen }
    }

    /// A new meeting asked for by `who`; it is known from now on.
    fn meeting(&mut self, who: &str, rng: &mut Rng) -> (String, Slot, Meeting) {
        let title = format!("m{}.{}", self.name, self.known.len());
        let slot = Slot { date: date(rng.below(DAYS)), hour: 9 + rng.below(HOURS) as u32 };
        let group = rng.some(&self.people, 4);
        let host = rng.pick(&self.people).clone();
        let everyone = group.iter().map(String::as_str).chain([who, &host]);
        let places = everyone.map(|person| (person.to_owned(), slot)).collect();
        let known = Known { places, slot, host: host.clone(), state: State::Open };
        self.known.insert(title.clone(), known);
        (title.clone(), slot, Meeting { title, group, host })
    }

    /// One of its meetings that is there and that no request is about.
    fn present(&self, rng: &mut Rng) -> Option<(String, Slot, String)> {
        let there: Vec<_> = self.known.iter().filter(|(_, known)| known.state == State::Present).collect();
        if there.is_empty() {
            return None;
        }
        let (title, known) = rng.pick(&there);
        Some(((*title).clone(), known.slot, known.host.clone()))
    }

    fn set(&mut self, title: &str, state: State) {
        self.known.get_mut(title).unwrap().state = state;
    }
}

impl Client for Meeter {
    fn next(&mut self, rng: &mut Rng) -> String {
        let who = rng.pick(&self.people).clone();
        let choice = rng.below(10);
        let (ask, asked) = match (choice, self.present(rng)) {
            (0..=1, _) => (Ask::Day(who, date(rng.below(DAYS))), Asked::Look),
            (2..=4, Some((title, slot, host))) => {
                self.set(&title, State::Open);
                (Ask::Delete(host, slot), Asked::Delete(title))
            }
            (5..=6, Some((old, slot, host))) => {
                self.set(&old, State::Open);
                let (new, to, meeting) = self.meeting(&host, rng);
                (Ask::Put(host, slot, to, Some(meeting)), Asked::Put { old, new })
            }
            _ => {
                let (title, slot, meeting) = self.meeting(&who, rng);
                (Ask::Take(who, slot, Some(meeting)), Asked::Meet(title))
            }
        };
        self.unanswered.push_back(asked);
        ask.to_string()
    }

    fn answered(&mut self, answer: Answer) {
        match self.unanswered.pop_front().unwrap() {
            Asked::Look => {
                let schedule = answer.ok()["schedule"].as_array().unwrap();
                self.seen
                    .extend(schedule.iter().map(|entry| entry["meet"]["title"].as_str().unwrap().to_owned()));
            }
            Asked::Meet(title) if answer.is_ok() => self.set(&title, State::Present),
            Asked::Meet(title) => {
                answer.busy();
                self.set(&title, State::Absent);
            }
            Asked::Delete(title) => {
                assert_eq!(answer.ok()["deleted"], "meeting", "{title}");
                self.set(&title, State::Absent);
            }
            Asked::Put { old, new } => {
                let moved = answer.is_ok();
                if !moved {
                    answer.busy();
                }
                self.set(if moved { &new } else { &old }, State::Present);
                self.set(if moved { &old } else { &new }, State::Absent);
            }
        }
    }
}

/// After a kill and a start: each meeting is with all its people or with none, the acknowledged are there, the deleted
/// are not, a moved one is at one of its places, and what anyone has seen is there.
pub fn check(conn: &mut Conn, meeters: &mut [Meeter]) {
    let mut found: BTreeMap<String, Places> = BTreeMap::new();
    for who in meeters[0].people.clone() {
        for n in 0..DAYS {
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
        for asked in std::mem::take(&mut meeter.unanswered) {
            match asked {
                Asked::Look => {}
                Asked::Meet(title) => {
                    let there = found.contains_key(&title);
                    assert!(there || !seen.contains(&title), "{title} was seen and is gone");
                    meeter.set(&title, if there { State::Present } else { State::Absent });
                }
                Asked::Delete(title) => {
                    let there = found.contains_key(&title);
                    meeter.set(&title, if there { State::Present } else { State::Absent });
                }
                Asked::Put { old, new } => {
                    let moved = found.contains_key(&new);
                    assert!(
                        moved != found.contains_key(&old),
                        "{old} moved to {new}: there must be one of them"
                    );
                    assert!(moved || !seen.contains(&new), "{new} was seen and is gone");
                    meeter.set(&new, if moved { State::Present } else { State::Absent });
                    meeter.set(&old, if moved { State::Absent } else { State::Present });
                }
            }
        }
        for (title, known) in &meeter.known {
            let places = found.remove(title);
            match known.state {
                State::Present => assert_eq!(places.as_ref(), Some(&known.places), "{title} is to be whole"),
                State::Absent => assert_eq!(places, None, "{title} is to be gone"),
                State::Open => unreachable!("{title} is settled"),
            }
        }
    }
    assert!(found.is_empty(), "meetings that nobody asked for: {found:?}");
}

fn date(n: usize) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 2, 28).unwrap() + Days::new(n as u64)
}
