//! The calendars of a copy.

use std::collections::{BTreeMap, BTreeSet};

use bookline_testkit::model::Slot;
use bookline_testkit::reply::words;
use chrono::NaiveDate;
use serde_json::{Value, json};

/// The hours of people, as changes told them.
#[derive(Debug, Clone, Default)]
pub struct Calendars {
    hours: BTreeMap<(String, Slot), Hour>,
    /// The hours that each entry was told to fill.
    entries: BTreeMap<String, Vec<(String, Slot)>>,
    /// Days of people that changes do not tell: an entry was moved that had been read with GET, which shows
    /// no `entry`. They are to be read again.
    pub unknown_days: BTreeSet<(String, NaiveDate)>,
}

#[derive(Debug, Clone)]
struct Hour {
    /// `None` if it was read with GET.
    entry: Option<String>,
    /// As a day shows it.
    shown: Value,
}

impl Calendars {
    /// A day of a person, as the object of the reply to GET.
    pub fn day(&self, who: &str, date: NaiveDate) -> Value {
        let hours = (0..24).filter_map(|hour| self.hours.get(&(who.to_owned(), Slot { date, hour })));
        let schedule: Vec<&Value> = hours.map(|hour| &hour.shown).collect();
        json!({"name": who, "date": dmy(date), "schedule": schedule})
    }

    /// The days of people with filled hours.
    pub fn days(&self) -> BTreeSet<(String, NaiveDate)> {
        self.hours.keys().map(|(who, slot)| (who.clone(), slot.date)).collect()
    }

    /// Replaces a day by the object of the reply to GET.
    pub fn set_day(&mut self, who: &str, day: &Value) {
        let date = parse_date(&day["date"]);
        let is_of_day = |(person, slot): &(String, Slot)| person == who && slot.date == date;
        let before = self.hours.clone();
        self.hours.retain(|hour, _| !is_of_day(hour));
        for shown in day["schedule"].as_array().expect("a schedule") {
            let slot = Slot { date, hour: parse_hour(&shown["time"]) };
            let hour = (who.to_owned(), slot);
            // What changes told of it is still known.
            let known = before.get(&hour).filter(|known| known.shown == *shown);
            let entry = known.and_then(|known| known.entry.clone());
            self.hours.insert(hour, Hour { entry, shown: shown.clone() });
        }
    }

    pub fn made(&mut self, change: &Value) -> Result<(), String> {
        let id = entry_id(change);
        if self.entries.contains_key(&id) {
            return Err("the entry was made before".to_owned());
        }
        self.fill(&id, change);
        Ok(())
    }

    pub fn moved(&mut self, change: &Value) -> Result<(), String> {
        let id = entry_id(change);
        let old = Slot { date: parse_date(&change["old_date"]), hour: parse_hour(&change["old_time"]) };
        let now: BTreeSet<String> = words(&change["people"]).into_iter().collect();
        let removed: BTreeSet<String> = words(&change["removed"]).into_iter().collect();
        match self.entries.remove(&id) {
            Some(filled) => {
                let before: BTreeSet<String> = filled.iter().map(|(who, _)| who.clone()).collect();
                if filled.first().map(|(_, slot)| *slot) != Some(old) {
                    return Err(format!("the entry began at {:?}", filled.first()));
                }
                if before.difference(&now).cloned().collect::<BTreeSet<_>>() != removed {
                    return Err(format!("it was of {before:?}"));
                }
                self.clear(&id, filled);
            }
            None => {
                let days = [Some(old), old.later(24)].map(|slot| slot.map(|slot| slot.date));
                for who in now.iter().chain(&removed) {
                    self.unknown_days.extend(days.into_iter().flatten().map(|date| (who.clone(), date)));
                }
            }
        }
        self.fill(&id, change);
        Ok(())
    }

    pub fn deleted(&mut self, change: &Value) -> Result<(), String> {
        let id = entry_id(change);
        let told = hours_of(change);
        match self.entries.remove(&id) {
            Some(filled) if filled == told => self.clear(&id, filled),
            Some(filled) => return Err(format!("it filled {filled:?}")),
            None => told.iter().for_each(|hour| _ = self.hours.remove(hour)),
        }
        Ok(())
    }

    /// Frees the hours that are still those of the entry.
    fn clear(&mut self, id: &str, filled: Vec<(String, Slot)>) {
        for hour in filled {
            if self.hours.get(&hour).is_some_and(|hour| hour.entry.as_deref() == Some(id)) {
                self.hours.remove(&hour);
            }
        }
    }

    fn fill(&mut self, id: &str, change: &Value) {
        let filled = hours_of(change);
        for (who, slot) in &filled {
            let hour = Hour { entry: Some(id.to_owned()), shown: shown_at(*slot, change) };
            self.hours.insert((who.clone(), *slot), hour);
        }
        self.entries.insert(id.to_owned(), filled);
    }
}

/// The hours that an entry fills, sorted by their time.
fn hours_of(change: &Value) -> Vec<(String, Slot)> {
    let start = Slot { date: parse_date(&change["date"]), hour: parse_hour(&change["time"]) };
    let hours = change["hours"].as_i64().expect("a number of hours");
    let mut people = words(&change["people"]);
    people.sort();
    let slots = (0..hours).filter_map(|hours| start.later(hours));
    slots.flat_map(|slot| people.iter().map(move |who| (who.clone(), slot))).collect()
}

/// An hour of an entry, as a day shows it.
fn shown_at(slot: Slot, change: &Value) -> Value {
    let mut shown = json!({"time": format!("{:02}:00", slot.hour)});
    if change["hours"] != 1 {
        shown["hours"] = change["hours"].clone();
        let text = |field: &str| change[field].as_str().expect("a text").to_owned();
        shown["from"] = json!(format!("{} {}", text("date"), text("time")));
    }
    if let Some(series) = change.get("series") {
        shown["series"] = series.clone();
    }
    shown["meet"] = match change.get("title") {
        Some(title) => json!({"title": title, "group": change["group"], "host": change["host"]}),
        None => json!({"title": "", "group": [], "host": change["people"][0]}),
    };
    shown
}

fn entry_id(change: &Value) -> String {
    change["entry"].as_str().expect("an entry").to_owned()
}

fn dmy(date: NaiveDate) -> String {
    date.format("%d-%m-%Y").to_string()
}

fn parse_date(text: &Value) -> NaiveDate {
    NaiveDate::parse_from_str(text.as_str().expect("a date"), "%d-%m-%Y").expect("a date")
}

fn parse_hour(text: &Value) -> u32 {
    let hour = text.as_str().and_then(|text| text.strip_suffix(":00")).expect("an hour");
    hour.parse().expect("an hour")
}
