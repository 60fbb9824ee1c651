//! A naive calendar to compare the server with: one map, no locks, no disk.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::answer::Answer;

/// A date and an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The day.
    pub date: NaiveDate,
    /// 0–23
    pub hour: u32,
}

/// What MEET says beyond who and when.
#[derive(Clone, Debug)]
pub struct Meeting {
    /// The title.
    pub title: String,
    /// Without duplicates, in the order given.
    pub group: Vec<String>,
    /// Who alone may delete it.
    pub host: String,
}

/// A request about calendars. An entry that is `None` is a block.
#[derive(Clone, Debug)]
pub enum Ask {
    /// BLOCK or MEET
    Take(String, Slot, Option<Meeting>),
    /// PUT
    Put(String, Slot, Slot, Option<Meeting>),
    /// DELETE
    Delete(String, Slot),
    /// GET of a day
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

/// What the naive calendar answers: the object of OK, or the code and whom it names.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// OK
    Ok(Value),
    /// Nothing there.
    NotFound,
    /// Another is the host.
    Forbidden(String),
    /// These are busy, sorted.
    Conflict(Vec<String>),
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:02}:00", self.date, self.hour)
    }
}

impl fmt::Display for Ask {
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

impl Said {
    /// What a server said, in the same terms.
    pub fn of(answer: &Answer) -> Self {
        match answer.code.as_deref() {
            None => {
                let mut body = answer.body.clone();
                if let Some(removed) = body.pointer_mut("/replaced/removed").and_then(Value::as_array_mut) {
                    removed.sort_by_key(Value::to_string);
                }
                Self::Ok(body)
            }
            Some("NOT_FOUND") => Self::NotFound,
            Some("CONFLICT") => Self::Conflict(answer.busy()),
            Some("FORBIDDEN") => Self::Forbidden(answer.body["host"].as_str().unwrap_or_default().to_owned()),
            Some(_) => panic!("not an answer about calendars: {answer:?}"),
        }
    }
}

impl Calendar {
    /// Answers and changes.
    pub fn apply(&mut self, ask: &Ask) -> Said {
        match ask {
            Ask::Day(who, date) => Said::Ok(self.day(who, *date)),
            Ask::Take(who, slot, meeting) => self.take(who, *slot, meeting.clone()),
            Ask::Delete(who, slot) => match self.own(who, *slot) {
                Err(said) => said,
                Ok(id) => {
                    let entry = self.remove(id);
                    let kind = if entry.meeting.is_some() { "meeting" } else { "block" };
                    Said::Ok(
                        json!({"name": who, "date": dmy(slot.date), "time": time(slot.hour), "deleted": kind}),
                    )
                }
            },
            Ask::Put(who, old, new, meeting) => match self.own(who, *old) {
                Err(said) => said,
                Ok(id) => {
                    let before = self.clone();
                    let replaced = self.remove(id);
                    let mut said = self.take(who, *new, meeting.clone());
                    match &mut said {
                        Said::Ok(said) => said["replaced"] = self.replaced(&replaced),
                        _ => *self = before,
                    }
                    said
                }
            },
        }
    }

    /// A person's day as GET answers it.
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

    /// Whether somebody has something then.
    pub fn is_taken(&self, who: &str, slot: Slot) -> bool {
        self.taken.contains_key(&(who.to_owned(), slot))
    }

    fn own(&self, who: &str, slot: Slot) -> Result<u64, Said> {
        let id = *self.taken.get(&(who.to_owned(), slot)).ok_or(Said::NotFound)?;
        let owner = &self.entries[&id].owner;
        if owner == who { Ok(id) } else { Err(Said::Forbidden(owner.clone())) }
    }

    fn remove(&mut self, id: u64) -> Entry {
        let entry = self.entries.remove(&id).unwrap();
        for person in &entry.people {
            self.taken.remove(&(person.clone(), entry.slot));
        }
        entry
    }

    /// What PUT says of the entry that the newest one replaced; who is no longer in it, sorted.
    fn replaced(&self, old: &Entry) -> Value {
        let mut said = json!({"date": dmy(old.slot.date), "time": time(old.slot.hour)});
        if let Some(Meeting { title, group, host }) = &old.meeting {
            let new = &self.entries[&self.last].people;
            let removed: Vec<_> = old.people.iter().filter(|person| !new.contains(person)).collect();
            said["title"] = json!(title);
            said["group"] = json!(group);
            said["host"] = json!(host);
            said["removed"] = json!(removed);
        }
        said
    }

    fn take(&mut self, who: &str, slot: Slot, meeting: Option<Meeting>) -> Said {
        let mut people = vec![who.to_owned()];
        if let Some(meeting) = &meeting {
            people.extend(meeting.group.iter().cloned());
            people.push(meeting.host.clone());
        }
        people.sort();
        people.dedup();
        let busy: Vec<String> = people.iter().filter(|person| self.is_taken(person, slot)).cloned().collect();
        if !busy.is_empty() {
            return Said::Conflict(busy);
        }
        self.last += 1;
        for person in &people {
            self.taken.insert((person.clone(), slot), self.last);
        }
        let mut said = json!({"name": who, "date": dmy(slot.date), "time": time(slot.hour)});
        if let Some(Meeting { title, group, host }) = &meeting {
            said["title"] = json!(title);
            said["group"] = json!(group);
            said["host"] = json!(host);
        }
        let owner = meeting.as_ref().map_or(who, |meeting| &meeting.host).to_owned();
        self.entries.insert(self.last, Entry { people, slot, owner, meeting });
        Said::Ok(said)
    }
}

fn dmy(date: NaiveDate) -> String {
    date.format("%d-%m-%Y").to_string()
}

fn time(hour: u32) -> String {
    format!("{hour:02}:00")
}
