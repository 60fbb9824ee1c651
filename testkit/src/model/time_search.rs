//! The model of the search for times at which people are free.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike, Weekday};
use serde_json::{Map, Value, json};

use super::calendar::Calendar;
use super::check::Refusal;
use super::request::{Slot, TimeSearch, format_date, format_hour};

/// The most people times days.
const PERSON_DAYS_MAX: i64 = 20_000;

/// The rows without `limit=`.
const ROWS: usize = 10;

/// What a search finds.
#[derive(Debug)]
pub enum Found {
    /// The rows of the reply, at least one.
    Times(Vec<Value>),
    /// The field `busy` of the reply.
    Busy(Value),
}

/// Searches times at this time of the server.
pub fn find_times(calendar: &Calendar, search: &TimeSearch, now: NaiveDateTime) -> Result<Found, Refusal> {
    let mut people: Vec<&String> = Vec::new();
    for who in &search.people {
        if !people.contains(&who) {
            people.push(who);
        }
    }
    let requested = searched_days(search) * people.len() as i64;
    if requested > PERSON_DAYS_MAX {
        let fields = json!({"limit": PERSON_DAYS_MAX, "requested": requested});
        return Err(Refusal::new("LIMIT", fields));
    }
    let (from, until) = (search.from.unwrap_or(9), search.until.unwrap_or(17));
    let length = search.hours.unwrap_or(1);
    let now = Slot { date: now.date(), hour: now.hour() };
    let days = search.date.iter_days().take_while(|date| *date <= search.to.unwrap_or(search.date));
    let slots: Vec<Slot> = days
        .filter(|date| is_searched(search, *date))
        .flat_map(|date| (from..until).map(move |hour| Slot { date, hour }))
        .filter(|slot| *slot >= now)
        .collect();
    let is_free = |slot: Slot| !people.iter().any(|who| calendar.is_busy(who, slot));
    let starts = slots.iter().filter(|start| start.hour + length <= until);
    let free = starts.filter(|start| {
        (start.hour..start.hour + length).all(|hour| is_free(Slot { date: start.date, hour }))
    });
    let row = |Slot { date, hour }: &Slot| json!({"date": format_date(*date), "time": format_hour(*hour), "hours": length});
    let rows: Vec<Value> = free.map(row).take(search.limit.unwrap_or(ROWS)).collect();
    if !rows.is_empty() {
        return Ok(Found::Times(rows));
    }
    let mut busy = Map::new();
    for who in people {
        let hours = slots.iter().filter(|slot| calendar.is_busy(who, **slot));
        let hours: Vec<String> = hours.map(|slot| format_hour(slot.hour)).collect();
        if !hours.is_empty() {
            let hours = if is_range(search) { json!(hours.len()) } else { json!(hours) };
            busy.insert(who.clone(), hours);
        }
    }
    Ok(Found::Busy(busy.into()))
}

fn is_range(search: &TimeSearch) -> bool {
    search.to.is_some_and(|to| to != search.date)
}

fn is_searched(search: &TimeSearch, date: NaiveDate) -> bool {
    let is_weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    !is_range(search) || search.all_days == Some(true) || !is_weekend
}

fn searched_days(search: &TimeSearch) -> i64 {
    let days = (search.to.unwrap_or(search.date) - search.date).num_days() + 1;
    let week = search.date.iter_days().take(7).filter(|date| is_searched(search, *date)).count() as i64;
    let rest = search.date.iter_days().take((days % 7) as usize);
    days / 7 * week + rest.filter(|date| is_searched(search, *date)).count() as i64
}
