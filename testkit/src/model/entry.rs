//! The model of an entry: a block or a meeting.

use serde_json::{Value, json};

use super::check::Refusal;
use super::request::{Meeting, format_date, format_hour};
use super::slot::Slot;

#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub start: Slot,
    pub hours: u32,
    /// The people whose hours are filled, each once: who requested it, the host, the group.
    pub people: Vec<String>,
    /// The person who may free it.
    pub owner: String,
    pub meeting: Option<Meeting>,
    pub series: Option<String>,
}

impl Entry {
    pub fn new(
        who: &str,
        start: Slot,
        hours: u32,
        meeting: Option<&Meeting>,
        series: Option<String>,
    ) -> Self {
        let mut owner = who.to_owned();
        let mut people = vec![who.to_owned()];
        let meeting = meeting.map(|meeting| {
            owner = meeting.host.clone().unwrap_or(owner.clone());
            let mut group: Vec<String> = Vec::new();
            for member in &meeting.group {
                if !group.contains(member) {
                    group.push(member.clone());
                }
            }
            for person in [&owner].into_iter().chain(&group) {
                if !people.contains(person) {
                    people.push(person.clone());
                }
            }
            Meeting { title: meeting.title.clone(), group, host: Some(owner.clone()) }
        });
        Self { start, hours, people, owner, meeting, series }
    }

    pub fn has(&self, who: &str) -> bool {
        self.people.iter().any(|person| person == who)
    }

    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        (0..self.hours).filter_map(|hours| self.start.later(hours.into()))
    }

    pub fn fills(&self, slot: Slot) -> bool {
        (0..i64::from(self.hours)).contains(&(slot.index() - self.start.index()))
    }

    pub fn person_hours(&self) -> usize {
        self.people.len() * self.hours as usize
    }

    pub fn check_owner(&self, who: &str) -> Result<(), Refusal> {
        if self.owner == who { Ok(()) } else { Err(Refusal::new("FORBIDDEN", json!({"host": self.owner}))) }
    }

    /// The field `replaced` in the reply to PUT.
    pub fn replaced_to_json(&self, new: &Self) -> Value {
        let mut json = json!({"date": format_date(self.start.date), "time": format_hour(self.start.hour)});
        self.add_hours(&mut json);
        if self.meeting.is_some() {
            json["title"] = self.meet()["title"].clone();
            json["group"] = self.meet()["group"].clone();
            json["host"] = self.meet()["host"].clone();
            let mut removed: Vec<_> = self.people.iter().filter(|person| !new.has(person)).collect();
            removed.sort_unstable();
            json["removed"] = json!(removed);
        }
        json
    }

    /// The reply to BLOCK and MEET.
    pub fn to_json(&self, who: &str) -> Value {
        let mut json = self.start_to_json(who);
        if let Some(meeting) = &self.meeting {
            json["title"] = json!(meeting.title);
            json["group"] = json!(meeting.group);
            json["host"] = json!(self.owner);
        }
        json
    }

    /// The beginning of every reply about an entry of `who`.
    pub fn start_to_json(&self, who: &str) -> Value {
        let Slot { date, hour } = self.start;
        let mut json = json!({"name": who, "date": format_date(date), "time": format_hour(hour)});
        self.add_hours(&mut json);
        json
    }

    fn add_hours(&self, json: &mut Value) {
        if self.hours > 1 {
            json["hours"] = json!(self.hours);
        }
    }

    /// The fields that an hour of it has.
    pub fn place_to_json(&self) -> Value {
        let mut json = json!({});
        if self.hours > 1 {
            let Slot { date, hour } = self.start;
            json["from"] = json!(format!("{} {}", format_date(date), format_hour(hour)));
        }
        self.add_hours(&mut json);
        if let Some(series) = &self.series {
            json["series"] = json!(series);
        }
        json
    }

    /// The field `meet` of an hour of a day.
    pub fn meet(&self) -> Value {
        match &self.meeting {
            None => json!({"title": "", "group": [], "host": self.owner}),
            Some(meeting) => json!({"title": meeting.title, "group": meeting.group, "host": self.owner}),
        }
    }

    /// A meeting in a row of HOD.
    pub fn meeting_to_json(&self) -> Value {
        let mut json = self.place_to_json();
        for field in ["title", "group", "host"] {
            json[field] = self.meet()[field].clone();
        }
        json
    }
}
