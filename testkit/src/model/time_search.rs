//! The model of the search for times at which people are free.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike, Weekday};
use serde_json::{Map, Value, json};

use super::check::Refusal;
use super::request::{TimeSearch, Window, format_date, format_hour};
use super::slot::Slot;

/// The most people times days.
const PERSON_DAYS_MAX: i64 = 20_000;

/// The rows without `limit=`.
const ROWS: usize = 10;

/// Whether an hour of a person is filled.
type IsBusy<'a> = dyn Fn(&str, Slot) -> bool + 'a;

/// What a search finds.
#[derive(Debug)]
pub enum Found {
    /// The rows of the reply, at least one.
    Times(Vec<Value>),
    /// The field `busy` of the reply.
    Busy(Value),
}

/// The slots of a window, and what is free in it.
#[derive(Debug)]
struct Searched<'p> {
    /// Each once.
    people: Vec<&'p String>,
    /// The hours that are searched, from the current one on.
    slots: Vec<Slot>,
    /// The starts at which all are free.
    free: Vec<Slot>,
}

/// Searches times at this time of the server.
pub fn find_times(is_busy: &IsBusy<'_>, search: &TimeSearch, now: NaiveDateTime) -> Result<Found, Refusal> {
    let TimeSearch { people, window, limit } = search;
    let Searched { people, slots, free } = look(is_busy, people, window, now)?;
    let length = window.hours.unwrap_or(1);
    let row = |Slot { date, hour }: &Slot| json!({"date": format_date(*date), "time": format_hour(*hour), "hours": length});
    let rows: Vec<Value> = free.iter().map(row).take(limit.unwrap_or(ROWS)).collect();
    if !rows.is_empty() {
        return Ok(Found::Times(rows));
    }
    let mut busy = Map::new();
    for who in people {
        let hours = slots.iter().filter(|slot| is_busy(who, **slot));
        let hours: Vec<String> = hours.map(|slot| format_hour(slot.hour)).collect();
        if !hours.is_empty() {
            let hours = if window.is_range() { json!(hours.len()) } else { json!(hours) };
            busy.insert(who.clone(), hours);
        }
    }
    Ok(Found::Busy(busy.into()))
}

/// The first time at which these people are free, or the refusal of MEET.
pub fn find_first_time(
    is_busy: &IsBusy<'_>,
    people: &[String],
    window: &Window,
    now: NaiveDateTime,
) -> Result<Slot, Refusal> {
    let Searched { people, slots, free } = look(is_busy, people, window, now)?;
    if let Some(first) = free.first() {
        return Ok(*first);
    }
    let busy_hours = |who: &str| slots.iter().filter(|slot| is_busy(who, **slot)).count();
    let mut busiest = None;
    let mut most = 0;
    for who in people {
        if busy_hours(who) > most {
            (busiest, most) = (Some(who), busy_hours(who));
        }
    }
    Err(Refusal::new("CONFLICT", json!({"busy": busiest.into_iter().collect::<Vec<_>>()})))
}

/// Whether an entry may start there: in the window, and not in the past.
pub fn is_in_window(window: &Window, start: Slot, now: NaiveDateTime) -> bool {
    let Slot { date, hour } = start;
    (window.date..=window.to.unwrap_or(window.date)).contains(&date)
        && is_searched(window, date)
        && hour >= window.from.unwrap_or(9)
        && hour + window.hours.unwrap_or(1) <= window.until.unwrap_or(17)
        && start >= slot_of(now)
}

fn look<'p>(
    is_busy: &IsBusy<'_>,
    people: &'p [String],
    window: &Window,
    now: NaiveDateTime,
) -> Result<Searched<'p>, Refusal> {
    let mut different: Vec<&String> = Vec::new();
    for who in people {
        if !different.contains(&who) {
            different.push(who);
        }
    }
    let requested = searched_days(window) * different.len() as i64;
    if requested > PERSON_DAYS_MAX {
        let fields = json!({"limit": PERSON_DAYS_MAX, "requested": requested});
        return Err(Refusal::new("LIMIT", fields));
    }
    let (from, until) = (window.from.unwrap_or(9), window.until.unwrap_or(17));
    let days = window.date.iter_days().take_while(|date| *date <= window.to.unwrap_or(window.date));
    let slots: Vec<Slot> = days
        .filter(|date| is_searched(window, *date))
        .flat_map(|date| (from..until).map(move |hour| Slot { date, hour }))
        .filter(|slot| *slot >= slot_of(now))
        .collect();
    let is_free = |slot: Slot| !different.iter().any(|who| is_busy(who, slot));
    let length = window.hours.unwrap_or(1);
    let starts = slots.iter().copied().filter(|start| start.hour + length <= until);
    let free = starts.filter(|start| {
        (start.hour..start.hour + length).all(|hour| is_free(Slot { date: start.date, hour }))
    });
    let free = free.collect();
    Ok(Searched { people: different, slots, free })
}

fn slot_of(now: NaiveDateTime) -> Slot {
    Slot { date: now.date(), hour: now.hour() }
}

fn is_searched(window: &Window, date: NaiveDate) -> bool {
    let is_weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    !window.is_range() || window.all_days == Some(true) || !is_weekend
}

fn searched_days(window: &Window) -> i64 {
    let days = (window.to.unwrap_or(window.date) - window.date).num_days() + 1;
    let week = window.date.iter_days().take(7).filter(|date| is_searched(window, *date)).count() as i64;
    let rest = window.date.iter_days().take((days % 7) as usize);
    days / 7 * week + rest.filter(|date| is_searched(window, *date)).count() as i64
}
