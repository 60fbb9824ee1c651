//! The model of recurrences: the occurrences of a series, found day by day.

use chrono::{Datelike, NaiveDate};

use super::slot::Slot;

/// The most occurrences.
pub const OCCURRENCES_MAX: usize = 366;

/// How often an entry is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recurrence {
    pub every: Every,
    pub end: RecurrenceEnd,
    /// Whether occurrences at which somebody is busy are left out.
    pub skips: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    Day,
    Weekday,
    Week,
    TwoWeeks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecurrenceEnd {
    Count(usize),
    Last(NaiveDate),
}

/// There is no series, or an occurrence would leave the dates.
#[derive(Debug)]
pub struct OutsideDates;

/// The starts of the occurrences of an entry of so many hours. They are more than [`OCCURRENCES_MAX`] if so
/// many were asked for.
pub fn occurrences(
    first: Slot,
    hours: u32,
    recurrence: Option<&Recurrence>,
) -> Result<Vec<Slot>, OutsideDates> {
    let mut starts = Vec::new();
    match recurrence {
        None => starts.push(first),
        Some(Recurrence { every, end, .. }) => {
            let dates = (0..).map(|day| first.later(24 * day)).zip(0_u32..);
            for (slot, day) in dates {
                let is_end = match *end {
                    RecurrenceEnd::Count(count) => starts.len() == count,
                    RecurrenceEnd::Last(last) => slot.is_none_or(|slot| slot.date > last),
                };
                if is_end {
                    break;
                }
                let slot = slot.ok_or(OutsideDates)?;
                let is_day = match every {
                    Every::Day => true,
                    Every::Weekday => slot.date.weekday().num_days_from_monday() < 5,
                    Every::Week => day % 7 == 0,
                    Every::TwoWeeks => day % 14 == 0,
                };
                starts.extend(is_day.then_some(slot));
            }
        }
    }
    let last = if starts.len() > OCCURRENCES_MAX { starts.first() } else { starts.last() };
    let is_inside = last.is_some_and(|last| last.later(i64::from(hours) - 1).is_some());
    if is_inside { Ok(starts) } else { Err(OutsideDates) }
}
