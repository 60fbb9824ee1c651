//! The model of calendars.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use serde_json::{Value, json};

use super::check::{Outcome, Refusal};
use super::clash::Clash;
use super::entry::Entry;
use super::recurrence::{OCCURRENCES_MAX, Recurrence, occurrences};
use super::request::{CalendarRequest, Meeting, Scope, When, format_date, format_hour};
use super::slot::Slot;
use super::time_search::find_first_time;

/// The number of hours in the reply to HOD, including the current one.
const MONTH_HOURS: i64 = 720;

/// The most person-hours that a request may add, and that it may remove.
const CHANGE_PERSON_HOURS_MAX: usize = 20_000;

/// The calendars of all people.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// In the order of their creation. Those that are replaced keep their places.
    entries: Vec<Entry>,
    person_hours_max: u64,
}

impl Calendar {
    /// Empty calendars with this limit of person-hours.
    pub fn new(person_hours_max: u64) -> Self {
        Self { entries: Vec::new(), person_hours_max }
    }

    /// Applies a request and returns its outcome. If it creates a series, `series` is the id. `now` is the
    /// server's time.
    pub fn apply(&mut self, request: &CalendarRequest, series: &str, now: NaiveDateTime) -> Outcome {
        match request {
            CalendarRequest::Take { who, when, meeting } => {
                self.take(who, when, meeting.as_ref(), series, now)
            }
            CalendarRequest::Put { .. } => self.put(request),
            CalendarRequest::Delete { who, slot, scope } => self.delete(who, *slot, *scope),
            CalendarRequest::Day { who, date } => Ok(self.day(who, *date)),
        }
    }

    /// The number of entries.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The number of hours that are filled, each counted for each of its people.
    pub fn person_hours(&self) -> u64 {
        person_hours(&self.entries) as u64
    }

    /// The dates on which there is an entry.
    pub fn dates(&self) -> BTreeSet<NaiveDate> {
        self.entries.iter().flat_map(Entry::slots).map(|slot| slot.date).collect()
    }

    /// Whether an entry is in this series.
    pub fn has_series(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.series.as_deref() == Some(id))
    }

    /// Replaces the id of a series.
    pub fn rename_series(&mut self, old: &str, new: &str) {
        for entry in self.entries.iter_mut().filter(|entry| entry.series.as_deref() == Some(old)) {
            entry.series = Some(new.to_owned());
        }
    }

    /// A person's day, as the object of the reply to GET.
    pub fn day(&self, who: &str, date: NaiveDate) -> Value {
        let hours = (0..24).filter_map(|hour| {
            let entry = &self.entries[self.at(who, Slot { date, hour })?];
            let mut json = entry.place_to_json();
            json["time"] = json!(format_hour(hour));
            json["meet"] = entry.meet();
            Some(json)
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
        let slots = self.entries.iter().flat_map(Entry::slots);
        let slots: BTreeSet<Slot> = slots.filter(|slot| (first..=last).contains(&slot.date)).collect();
        slots.into_iter().rev().filter_map(|slot| self.hour(slot)).collect()
    }

    /// A row of the reply to HOD.
    fn hour(&self, slot: Slot) -> Option<Value> {
        let here = self.entries.iter().filter(|entry| entry.fills(slot) && entry.meeting.is_some());
        let meetings: Vec<Value> = here.map(Entry::meeting_to_json).collect();
        let row =
            json!({"date": format_date(slot.date), "time": format_hour(slot.hour), "meetings": meetings});
        (!meetings.is_empty()).then(|| in_order(&row))
    }

    /// Whether a person's hour is filled.
    pub fn is_busy(&self, who: &str, slot: Slot) -> bool {
        self.at(who, slot).is_some()
    }

    fn take(
        &mut self,
        who: &str,
        when: &When,
        meeting: Option<&Meeting>,
        series: &str,
        now: NaiveDateTime,
    ) -> Outcome {
        match when {
            When::At { slot, hours, recurrence: Some(recurrence) } => {
                let first = Entry::new(who, *slot, hours.unwrap_or(1), meeting, Some(series.to_owned()));
                self.take_series(who, &first, recurrence)
            }
            When::At { slot, hours, recurrence: None } => {
                let entry = Entry::new(who, *slot, hours.unwrap_or(1), meeting, None);
                self.take_entry(who, entry)
            }
            When::First(window) => {
                let slot = Slot { date: window.date, hour: 0 };
                let entry = Entry::new(who, slot, window.hours.unwrap_or(1), meeting, None);
                let start =
                    find_first_time(&|who, slot| self.is_busy(who, slot), &entry.people, window, now)?;
                self.take_entry(who, Entry { start, ..entry })
            }
        }
    }

    fn take_entry(&mut self, who: &str, entry: Entry) -> Outcome {
        check_person_hours(std::slice::from_ref(&entry))?;
        if let Some(clash) = self.clash(&entry) {
            return Err(Clash::refuse_entry(&clash));
        }
        self.check_limit(entry.person_hours())?;
        let json = entry.to_json(who);
        self.entries.push(entry);
        Ok(json)
    }

    fn take_series(&mut self, who: &str, first: &Entry, recurrence: &Recurrence) -> Outcome {
        let starts = occurrences(first.start, first.hours, Some(recurrence)).expect("a valid request");
        if starts.len() > OCCURRENCES_MAX {
            let fields = json!({"limit": OCCURRENCES_MAX, "requested": starts.len()});
            return Err(Refusal::new("LIMIT", fields));
        }
        let entries = starts.into_iter().map(|start| Entry { start, ..first.clone() });
        let entries: Vec<Entry> = entries.collect();
        check_person_hours(&entries)?;
        let clashes: Vec<Clash> = entries.iter().filter_map(|entry| self.clash(entry)).collect();
        let free: Vec<Entry> = entries.into_iter().filter(|entry| self.clash(entry).is_none()).collect();
        if free.is_empty() || !clashes.is_empty() && !recurrence.skips {
            return Err(Clash::refuse_series(&clashes));
        }
        self.check_limit(person_hours(&free))?;
        let mut json = free[0].to_json(who);
        json["series"] = json!(first.series);
        json["occurrences"] = json!(free.len());
        if recurrence.skips {
            json["skipped"] = Clash::list_to_json(&clashes);
            json["skipped_count"] = json!(clashes.len());
        }
        self.entries.extend(free);
        Ok(json)
    }

    fn put(&mut self, request: &CalendarRequest) -> Outcome {
        let CalendarRequest::Put { who, old, new, hours, meeting, scope } = request else {
            unreachable!("only PUT replaces");
        };
        let (named, replaced) = self.find_freeable(who, *old, *scope)?;
        check_person_hours(&replaced)?;
        let moves_series = matches!(scope, Some(Scope::Following | Scope::All));
        let shift = new.index() - named.start.index();
        let moved = |entry: &Entry| {
            let start = entry.start.later(shift)?;
            let hours = hours.unwrap_or(entry.hours);
            start.later(i64::from(hours) - 1)?;
            Some(Entry::new(who, start, hours, meeting.as_ref(), entry.series.clone()))
        };
        let created: Option<Vec<Entry>> = replaced.iter().map(moved).collect();
        let mut created = created.ok_or_else(|| Refusal::new("BAD_REQUEST", json!({})))?;
        check_person_hours(&created)?;
        if !moves_series && created[0].owner != named.owner {
            created[0].series = None;
        }
        let mut rest = Self { entries: self.entries.clone(), ..*self };
        rest.entries.retain(|entry| !replaced.contains(entry));
        let mut clashes: Vec<Clash> = Vec::new();
        for (at, entry) in created.iter().enumerate() {
            let overlaps = created[..at].iter().any(|other| other.slots().any(|slot| entry.fills(slot)));
            let overlap = || Clash { start: entry.start, people: entry.people.clone() };
            clashes.extend(if overlaps { Some(overlap()) } else { rest.clash(entry) });
        }
        if let Some(clash) = clashes.first() {
            return Err(if moves_series {
                Clash::refuse_series(&clashes)
            } else {
                Clash::refuse_entry(clash)
            });
        }
        self.check_limit(person_hours(&created).saturating_sub(person_hours(&replaced)))?;
        let new = moved(&named).expect("it is one of those that are moved");
        let mut json = new.to_json(who);
        json["replaced"] = named.replaced_to_json(&new);
        if named.series.is_some() {
            json["occurrences"] = json!(created.len());
        }
        if let Some(series) = &created[0].series {
            json["series"] = json!(series);
        }
        for entry in &mut self.entries {
            if let Some(at) = replaced.iter().position(|old| old == entry) {
                *entry = created[at].clone();
            }
        }
        Ok(json)
    }

    fn delete(&mut self, who: &str, slot: Slot, scope: Option<Scope>) -> Outcome {
        let (named, deleted) = self.find_freeable(who, slot, scope)?;
        check_person_hours(&deleted)?;
        self.entries.retain(|entry| !deleted.contains(entry));
        let mut json = named.start_to_json(who);
        json["deleted"] = json!(if named.meeting.is_some() { "meeting" } else { "block" });
        if let Some(series) = &named.series {
            json["series"] = json!(series);
            json["occurrences"] = json!(deleted.len());
        }
        Ok(json)
    }

    /// The index of the entry that fills a person's hour.
    fn at(&self, who: &str, slot: Slot) -> Option<usize> {
        self.entries.iter().position(|entry| entry.fills(slot) && entry.has(who))
    }

    /// The entry in a person's hour, and the entries that are to be freed with it, by their starts, if `who`
    /// may free all of them.
    fn find_freeable(
        &self,
        who: &str,
        slot: Slot,
        scope: Option<Scope>,
    ) -> Result<(Entry, Vec<Entry>), Refusal> {
        let named = self.entries[self.at(who, slot).ok_or_else(Refusal::not_found)?].clone();
        named.check_owner(who)?;
        if scope.is_some() && named.series.is_none() {
            return Err(Refusal::new("BAD_REQUEST", json!({})));
        }
        let mut occurrences = match scope {
            None | Some(Scope::This) => vec![named.clone()],
            Some(Scope::Following | Scope::All) => {
                self.entries.iter().filter(|entry| entry.series == named.series).cloned().collect()
            }
        };
        if scope == Some(Scope::Following) {
            occurrences.retain(|entry| entry.start >= named.start);
        }
        occurrences.sort_by_key(|entry| entry.start);
        occurrences.iter().try_for_each(|entry| entry.check_owner(who))?;
        Ok((named, occurrences))
    }

    /// Who is busy in the hours of an entry.
    fn clash(&self, entry: &Entry) -> Option<Clash> {
        let is_busy = |who: &&String| entry.slots().any(|slot| self.is_busy(who, slot));
        let people: Vec<String> = entry.people.iter().filter(is_busy).cloned().collect();
        (!people.is_empty()).then_some(Clash { start: entry.start, people })
    }

    fn check_limit(&self, more: usize) -> Result<(), Refusal> {
        Refusal::check_full(self.person_hours_max, self.person_hours(), more as u64)
    }
}

fn person_hours(entries: &[Entry]) -> usize {
    entries.iter().map(Entry::person_hours).sum()
}

/// The refusal of a change of too many person-hours.
fn check_person_hours(entries: &[Entry]) -> Result<(), Refusal> {
    let requested = person_hours(entries);
    if requested <= CHANGE_PERSON_HOURS_MAX {
        return Ok(());
    }
    Err(Refusal::new("LIMIT", json!({"limit": CHANGE_PERSON_HOURS_MAX, "requested": requested})))
}

/// A row of the month with its meetings sorted, because their order is not specified.
pub fn in_order(row: &Value) -> Value {
    let mut row = row.clone();
    if let Some(meetings) = row["meetings"].as_array_mut() {
        meetings.sort_by_key(Value::to_string);
    }
    row
}
