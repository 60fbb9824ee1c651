//! The model of calendars.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use serde_json::{Value, json};

use super::check::{Outcome, Refusal};
use super::request::{CalendarRequest, Meeting, Slot, format_date, format_hour};

/// The number of hours in the reply to HOD, including the current one.
const MONTH_HOURS: i64 = 720;

/// The calendars of all people.
#[derive(Debug, Clone)]
pub struct Calendar {
    entries: Vec<Entry>,
    person_hours_max: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    slot: Slot,
    /// The people whose hour is filled.
    people: BTreeSet<String>,
    /// The person who may free it.
    owner: String,
    meeting: Option<Meeting>,
}

impl Calendar {
    /// Empty calendars with this limit of person-hours.
    pub fn new(person_hours_max: u64) -> Self {
        Self { entries: Vec::new(), person_hours_max }
    }

    /// Applies a request and returns its outcome.
    pub fn apply(&mut self, request: &CalendarRequest) -> Outcome {
        match request {
            CalendarRequest::Take { who, slot, meeting } => self.take(who, *slot, meeting.as_ref()),
            CalendarRequest::Put { who, old, new, meeting } => self.put(who, *old, *new, meeting.as_ref()),
            CalendarRequest::Delete { who, slot } => self.delete(who, *slot),
            CalendarRequest::Day { who, date } => Ok(self.day(who, *date)),
        }
    }

    /// The number of entries.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The number of hours that are filled, each counted for each of its people.
    pub fn person_hours(&self) -> u64 {
        self.entries.iter().map(|entry| entry.people.len() as u64).sum()
    }

    /// A person's day, as the object of the reply to GET.
    pub fn day(&self, who: &str, date: NaiveDate) -> Value {
        let hours = (0..24).filter_map(|hour| {
            let entry = &self.entries[self.at(who, Slot { date, hour })?];
            Some(json!({"time": format_hour(hour), "meet": entry.meet()}))
        });
        json!({"name": who, "date": format_date(date), "schedule": hours.collect::<Vec<_>>()})
    }

    /// The rows of the reply to HOD at this time, with the meetings of each hour sorted.
    pub fn month(&self, now: NaiveDateTime) -> Vec<Value> {
        let hours = (0..MONTH_HOURS).filter_map(|back| {
            let then = now - TimeDelta::hours(back);
            self.hour(Slot { date: then.date(), hour: then.hour() })
        });
        hours.collect()
    }

    /// The rows of the reply to HOD of a range, with the meetings of each hour sorted.
    pub fn meetings(&self, first: NaiveDate, last: NaiveDate) -> Vec<Value> {
        let slots = self.entries.iter().map(|entry| entry.slot);
        let slots: BTreeSet<Slot> = slots.filter(|slot| (first..=last).contains(&slot.date)).collect();
        slots.into_iter().rev().filter_map(|slot| self.hour(slot)).collect()
    }

    /// A row of the reply to HOD.
    fn hour(&self, slot: Slot) -> Option<Value> {
        let here = self.entries.iter().filter(|entry| entry.slot == slot && entry.meeting.is_some());
        let meetings: Vec<Value> = here.map(Entry::meet).collect();
        let row =
            json!({"date": format_date(slot.date), "time": format_hour(slot.hour), "meetings": meetings});
        (!meetings.is_empty()).then(|| in_order(&row))
    }

    /// Whether a person's hour is filled.
    pub fn is_busy(&self, who: &str, slot: Slot) -> bool {
        self.at(who, slot).is_some()
    }

    fn take(&mut self, who: &str, slot: Slot, meeting: Option<&Meeting>) -> Outcome {
        let entry = Entry::new(who, slot, meeting);
        self.check_free(&entry)?;
        self.check_limit(entry.people.len())?;
        let json = entry.to_json(who);
        self.entries.push(entry);
        Ok(json)
    }

    fn put(&mut self, who: &str, old: Slot, new: Slot, meeting: Option<&Meeting>) -> Outcome {
        let at = self.find_freeable(who, old)?;
        let entry = Entry::new(who, new, meeting);
        let grows = entry.people.len().saturating_sub(self.entries[at].people.len());
        let full = self.check_limit(grows);
        let replaced = self.entries.remove(at);
        if let Err(refusal) = self.check_free(&entry).and(full) {
            self.entries.push(replaced);
            return Err(refusal);
        }
        let mut json = entry.to_json(who);
        json["replaced"] = replaced.replaced_to_json(&entry);
        self.entries.push(entry);
        Ok(json)
    }

    fn delete(&mut self, who: &str, slot: Slot) -> Outcome {
        let at = self.find_freeable(who, slot)?;
        let entry = self.entries.remove(at);
        let kind = if entry.meeting.is_some() { "meeting" } else { "block" };
        let (date, time) = (format_date(slot.date), format_hour(slot.hour));
        Ok(json!({"name": who, "date": date, "time": time, "deleted": kind}))
    }

    /// The index of the entry that fills a person's hour.
    fn at(&self, who: &str, slot: Slot) -> Option<usize> {
        self.entries.iter().position(|entry| entry.slot == slot && entry.people.contains(who))
    }

    /// The index of the entry that `who` may free.
    fn find_freeable(&self, who: &str, slot: Slot) -> Result<usize, Refusal> {
        let at = self.at(who, slot).ok_or_else(Refusal::not_found)?;
        let owner = &self.entries[at].owner;
        if owner == who { Ok(at) } else { Err(Refusal::new("FORBIDDEN", json!({"host": owner}))) }
    }

    fn check_free(&self, entry: &Entry) -> Result<(), Refusal> {
        let busy = entry.people.iter().filter(|who| self.at(who, entry.slot).is_some());
        let busy: Vec<_> = busy.collect();
        if busy.is_empty() { Ok(()) } else { Err(Refusal::new("CONFLICT", json!({"busy": busy}))) }
    }

    fn check_limit(&self, more: usize) -> Result<(), Refusal> {
        Refusal::check_full(self.person_hours_max, self.person_hours(), more as u64)
    }
}

impl Entry {
    fn new(who: &str, slot: Slot, meeting: Option<&Meeting>) -> Self {
        let mut people = BTreeSet::from([who.to_owned()]);
        let mut owner = who.to_owned();
        let meeting = meeting.map(|meeting| {
            owner = meeting.host.clone().unwrap_or(owner.clone());
            people.insert(owner.clone());
            people.extend(meeting.group.iter().cloned());
            let mut group: Vec<String> = Vec::new();
            for member in &meeting.group {
                if !group.contains(member) {
                    group.push(member.clone());
                }
            }
            Meeting { title: meeting.title.clone(), group, host: Some(owner.clone()) }
        });
        Self { slot, people, owner, meeting }
    }

    /// The field `replaced` in the reply to PUT.
    fn replaced_to_json(&self, new: &Self) -> Value {
        let mut json = json!({"date": format_date(self.slot.date), "time": format_hour(self.slot.hour)});
        if self.meeting.is_some() {
            json["title"] = self.meet()["title"].clone();
            json["group"] = self.meet()["group"].clone();
            json["host"] = self.meet()["host"].clone();
            json["removed"] = json!(self.people.difference(&new.people).collect::<Vec<_>>());
        }
        json
    }

    /// The reply to BLOCK and MEET.
    fn to_json(&self, who: &str) -> Value {
        let mut json =
            json!({"name": who, "date": format_date(self.slot.date), "time": format_hour(self.slot.hour)});
        if let Some(meeting) = &self.meeting {
            json["title"] = json!(meeting.title);
            json["group"] = json!(meeting.group);
            json["host"] = json!(self.owner);
        }
        json
    }

    /// The field `meet` in a day or a month.
    fn meet(&self) -> Value {
        match &self.meeting {
            None => json!({"title": "", "group": [], "host": self.owner}),
            Some(meeting) => json!({"title": meeting.title, "group": meeting.group, "host": self.owner}),
        }
    }
}

/// A row of the month with its meetings sorted, because their order is not specified.
pub fn in_order(row: &Value) -> Value {
    let mut row = row.clone();
    if let Some(meetings) = row["meetings"].as_array_mut() {
        meetings.sort_by_key(Value::to_string);
    }
    row
}
