//! A naive model of the calendars, for comparison with the server: one map, no locks, no disk.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::reply::Reply;

/// A date and an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The day.
    pub date: NaiveDate,
    /// The hour, 0 to 23.
    pub hour: u32,
}

/// A meeting without its hour and requester.
#[derive(Clone, Debug)]
pub struct Meeting {
    /// The title.
    pub title: String,
    /// The members without duplicates, in the order given.
    pub group: Vec<String>,
    /// The host, who alone may change it.
    pub host: String,
}

/// A request about calendars. A meeting that is `None` is a block.
#[derive(Clone, Debug)]
pub enum CalendarRequest {
    /// BLOCK or MEET
    Take(String, Slot, Option<Meeting>),
    /// PUT
    Put(String, Slot, Slot, Option<Meeting>),
    /// DELETE
    Delete(String, Slot),
    /// `GET <who> <date>`
    Day(String, NaiveDate),
}

/// All entries.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    entries: BTreeMap<u64, Entry>,
    taken: BTreeMap<(String, Slot), u64>,
    last: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    people: Vec<String>,
    slot: Slot,
    owner: String,
    meeting: Option<Meeting>,
}

/// The result of a request: the object of `OK`, or the code and the people that it names.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// OK
    Ok(Value),
    /// NOT_FOUND
    NotFound,
    /// FORBIDDEN, with the host.
    Forbidden(String),
    /// CONFLICT, with everyone who is busy, sorted.
    Conflict(Vec<String>),
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:02}:00", self.date, self.hour)
    }
}

impl fmt::Display for CalendarRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = |f: &mut fmt::Formatter<'_>, meeting: &Option<Meeting>| match meeting {
            None => Ok(()),
            Some(Meeting { title, group, host }) => write!(f, " \"{title}\" {} {host}", group.join(",")),
        };
        let verb = |meeting: &Option<Meeting>| if meeting.is_some() { "MEET" } else { "BLOCK" };
        match self {
            Self::Take(who, slot, entry) => {
                write!(f, "{} {who} {slot}", verb(entry))?;
                more(f, entry)
            }
            Self::Put(who, old, new, entry) => {
                write!(f, "PUT {who} {old} {} {new}", verb(entry))?;
                more(f, entry)
            }
            Self::Delete(who, slot) => write!(f, "DELETE {who} {slot}"),
            Self::Day(who, date) => write!(f, "GET {who} {date}"),
        }
    }
}

impl Outcome {
    /// The outcome in a reply of the server.
    pub fn of(reply: &Reply) -> Self {
        match reply.code.as_deref() {
            None => {
                let mut body = reply.body.clone();
                if let Some(removed) = body.pointer_mut("/replaced/removed").and_then(Value::as_array_mut) {
                    removed.sort_by_key(Value::to_string);
                }
                Self::Ok(body)
            }
            Some("NOT_FOUND") => Self::NotFound,
            Some("CONFLICT") => Self::Conflict(reply.busy()),
            Some("FORBIDDEN") => Self::Forbidden(reply.body["host"].as_str().unwrap_or_default().to_owned()),
            Some(_) => panic!("not a reply about calendars: {reply:?}"),
        }
    }
}

impl Calendar {
    /// Applies a request and returns its outcome.
    pub fn apply(&mut self, request: &CalendarRequest) -> Outcome {
        match request {
            CalendarRequest::Day(who, date) => Outcome::Ok(self.day(who, *date)),
            CalendarRequest::Take(who, slot, meeting) => self.take(who, *slot, meeting.clone()),
            CalendarRequest::Delete(who, slot) => match self.owned_entry(who, *slot) {
                Err(outcome) => outcome,
                Ok(id) => {
                    let entry = self.remove(id);
                    let kind = if entry.meeting.is_some() { "meeting" } else { "block" };
                    Outcome::Ok(
                        json!({"name": who, "date": dmy(slot.date), "time": time(slot.hour), "deleted": kind}),
                    )
                }
            },
            CalendarRequest::Put(who, old, new, meeting) => match self.owned_entry(who, *old) {
                Err(outcome) => outcome,
                Ok(id) => {
                    let before = self.clone();
                    let replaced = self.remove(id);
                    let mut outcome = self.take(who, *new, meeting.clone());
                    match &mut outcome {
                        Outcome::Ok(outcome) => outcome["replaced"] = self.replaced(&replaced),
                        _ => *self = before,
                    }
                    outcome
                }
            },
        }
    }

    /// A person's day, as the object of the reply to GET.
    pub fn day(&self, who: &str, date: NaiveDate) -> Value {
        let hours = (0..24).filter_map(|hour| {
            let entry = &self.entries[self.taken.get(&(who.to_owned(), Slot { date, hour }))?];
            let meet = match &entry.meeting {
                None => json!({"title": "", "group": [], "host": entry.owner}),
                Some(meeting) => {
                    json!({"title": meeting.title, "group": meeting.group, "host": meeting.host})
                }
            };
            Some(json!({"time": time(hour), "meet": meet}))
        });
        json!({"name": who, "date": dmy(date), "schedule": hours.collect::<Vec<_>>()})
    }

    /// Whether a person has an entry at this hour.
    pub fn is_taken(&self, who: &str, slot: Slot) -> bool {
        self.taken.contains_key(&(who.to_owned(), slot))
    }

    fn owned_entry(&self, who: &str, slot: Slot) -> Result<u64, Outcome> {
        let id = *self.taken.get(&(who.to_owned(), slot)).ok_or(Outcome::NotFound)?;
        let owner = &self.entries[&id].owner;
        if owner == who { Ok(id) } else { Err(Outcome::Forbidden(owner.clone())) }
    }

    fn remove(&mut self, id: u64) -> Entry {
        let entry = self.entries.remove(&id).unwrap();
        for person in &entry.people {
            self.taken.remove(&(person.clone(), entry.slot));
        }
        entry
    }

    /// The field `replaced` of PUT, for the entry that the newest one replaced. `removed` is sorted.
    fn replaced(&self, old: &Entry) -> Value {
        let mut body = json!({"date": dmy(old.slot.date), "time": time(old.slot.hour)});
        if let Some(Meeting { title, group, host }) = &old.meeting {
            let new = &self.entries[&self.last].people;
            let removed: Vec<_> = old.people.iter().filter(|person| !new.contains(person)).collect();
            body["title"] = json!(title);
            body["group"] = json!(group);
            body["host"] = json!(host);
            body["removed"] = json!(removed);
        }
        body
    }

    fn take(&mut self, who: &str, slot: Slot, meeting: Option<Meeting>) -> Outcome {
        let mut people = vec![who.to_owned()];
        if let Some(meeting) = &meeting {
            people.extend(meeting.group.iter().cloned());
            people.push(meeting.host.clone());
        }
        people.sort();
        people.dedup();
        let busy: Vec<String> = people.iter().filter(|person| self.is_taken(person, slot)).cloned().collect();
        if !busy.is_empty() {
            return Outcome::Conflict(busy);
        }
        self.last += 1;
        for person in &people {
            self.taken.insert((person.clone(), slot), self.last);
        }
        let mut body = json!({"name": who, "date": dmy(slot.date), "time": time(slot.hour)});
        if let Some(Meeting { title, group, host }) = &meeting {
            body["title"] = json!(title);
            body["group"] = json!(group);
            body["host"] = json!(host);
        }
        let owner = meeting.as_ref().map_or(who, |meeting| &meeting.host).to_owned();
        self.entries.insert(self.last, Entry { people, slot, owner, meeting });
        Outcome::Ok(body)
    }
}

fn dmy(date: NaiveDate) -> String {
    date.format("%d-%m-%Y").to_string()
}

fn time(hour: u32) -> String {
    format!("{hour:02}:00")
}
