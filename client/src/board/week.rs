//! A week of some people.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bookline_protocol::commands::get::{DayEntry, DayReply};
use bookline_protocol::limits::ENTRY_HOURS_MAX;
use bookline_protocol::reply::{ChangeBody, Members};
use bookline_protocol::{Date, Period, Slot, Timestamp};

use crate::board::clock::later;
use crate::board::events::MARKED;
use crate::calendar::calendar_date::week_of;
use crate::render::grid::{Cell, Grid, Mark};
use crate::render::meeting_list::{Meeting, MeetingList};
use crate::screen::Role;

const WEEK_DAYS: usize = 7;

/// An entry of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub period: Period,
    /// `None` for a block.
    pub meeting: Option<Meeting>,
}

/// The entries of a person, by the index of their first hour. They do not overlap.
pub type Calendar = BTreeMap<u32, Entry>;

/// A week of some people.
#[derive(Clone, Debug)]
pub struct Week {
    /// The ids of the people, in the order in which they are shown.
    people: Vec<String>,
    by_id: HashMap<String, usize>,
    /// Monday.
    first: Date,
    calendars: Vec<Calendar>,
    /// When a day of a person was last changed.
    changed: Vec<[Option<Timestamp>; WEEK_DAYS]>,
}

impl Entry {
    /// The entry that an hour of a day is of. `None` if it makes no sense.
    fn of_hour(date: Date, hour: &DayEntry<'_>) -> Option<Self> {
        let start = hour.place.from.unwrap_or(Slot { date, hour: hour.time });
        let period = Period::new(start, hour.place.hours.unwrap_or_default()).ok()?;
        let meeting = (!hour.meet.is_block()).then(|| Meeting {
            start,
            hours: period.hours(),
            title: hour.meet.title.to_string(),
            group: hour.meet.group.0.to_string(),
            host: hour.meet.host.to_string(),
        });
        Some(Self { period, meeting })
    }

    /// The entry of a change, where it is after it.
    fn of_change(change: &ChangeBody<'_>) -> Option<Self> {
        let start = slot(change.date.as_deref(), change)?;
        let period = Period::new(start, change.hours.unwrap_or_default()).ok()?;
        let title = change.title.as_deref().unwrap_or_default();
        let group = change.group.as_ref().map(|group| group.0.to_string()).unwrap_or_default();
        let is_meeting = !title.is_empty() || !group.is_empty();
        let meeting = is_meeting.then(|| Meeting {
            start,
            hours: period.hours(),
            title: title.to_owned(),
            group,
            host: change.host.as_deref().unwrap_or_default().to_owned(),
        });
        Some(Self { period, meeting })
    }
}

impl Week {
    /// The week that has this date, of these people, with nothing in it.
    pub fn empty(people: Vec<String>, date: Date) -> Self {
        let by_id = people.iter().cloned().enumerate().map(|(index, id)| (id, index)).collect();
        let (calendars, changed) =
            (vec![Calendar::new(); people.len()], vec![[None; WEEK_DAYS]; people.len()]);
        Self { people, by_id, first: week_of(date)[0], calendars, changed }
    }

    pub fn people(&self) -> &[String] {
        &self.people
    }

    /// Its days, from Monday on, as far as there are dates.
    pub fn days(&self) -> Vec<Date> {
        week_of(self.first)
    }

    /// Monday.
    pub fn first(&self) -> Date {
        self.first
    }

    /// Empties it, and goes so many weeks on, if there are such dates. Returns whether it did.
    pub fn shift(&mut self, weeks: i64) -> bool {
        let day = i64::from(self.first.day_number()) + weeks * WEEK_DAYS as i64;
        let Some(first) = u32::try_from(day).ok().and_then(Date::from_day_number) else { return false };
        *self = Self::empty(std::mem::take(&mut self.people), first);
        true
    }

    /// Takes the calendars of its people instead of those before.
    pub fn replace(&mut self, calendars: Vec<Calendar>) {
        self.calendars = calendars;
        self.calendars.resize(self.people.len(), Calendar::new());
    }

    /// Applies the changes of a commit. Entries of other people or other days change nothing. In a series,
    /// each occurrence may move to where another one was: all go before any comes.
    pub fn apply(&mut self, changes: &[ChangeBody<'_>], now: Timestamp) {
        for change in changes {
            let start = match &*change.kind {
                "entry_deleted" => slot(change.date.as_deref(), change),
                "entry_moved" => old_slot(change),
                _ => None,
            };
            let Some(start) = start else { continue };
            let everybody = change.people.iter().chain(&change.removed);
            for who in everybody.flat_map(|people| self.indices(people)).collect::<Vec<_>>() {
                self.remove(who, start, now);
            }
        }
        for change in changes {
            if !matches!(&*change.kind, "block_made" | "meeting_made" | "entry_moved") {
                continue;
            }
            let (Some(entry), Some(people)) = (Entry::of_change(change), &change.people) else { continue };
            for who in self.indices(people) {
                self.insert(who, entry.clone(), now);
            }
        }
    }

    /// Those of the people who are shown.
    fn indices(&self, people: &Members<'_>) -> Vec<usize> {
        people.iter().filter_map(|id| self.by_id.get(id).copied()).collect()
    }

    /// Inserts an entry, instead of those that fill its hours: they are from a reply that is newer than the
    /// change, and come again with later ones.
    fn insert(&mut self, who: usize, entry: Entry, now: Timestamp) {
        let (indices, week) = (entry.period.indices(), self.indices_of_week());
        if indices.start >= week.end || indices.end <= week.start {
            return;
        }
        self.mark(who, &entry.period, now);
        let calendar = &mut self.calendars[who];
        calendar.retain(|_, other| {
            let other = other.period.indices();
            other.end <= indices.start || other.start >= indices.end
        });
        calendar.insert(indices.start, entry);
    }

    fn remove(&mut self, who: usize, start: Slot, now: Timestamp) {
        if let Some(entry) = self.calendars[who].remove(&start.index()) {
            self.mark(who, &entry.period, now);
        }
    }

    fn mark(&mut self, who: usize, period: &Period, now: Timestamp) {
        for day in period.start().date.day_number()..=period.last_date().day_number() {
            let day = day.checked_sub(self.first.day_number()).map(|day| day as usize);
            if let Some(changed) = day.and_then(|day| self.changed[who].get_mut(day)) {
                *changed = Some(now);
            }
        }
    }

    /// The indices of its slots.
    fn indices_of_week(&self) -> std::ops::Range<u32> {
        let first = self.first.day_number() * 24;
        first..first + 24 * WEEK_DAYS as u32
    }

    /// Whether a mark is to be removed soon.
    pub fn is_moving(&self, now: Timestamp) -> bool {
        let until = MARKED + Duration::from_secs(1);
        self.changed.iter().flatten().flatten().any(|&changed| now < later(changed, until))
    }

    /// The grid, with the rows of a day one below the other. `mark` stands before what was changed lately.
    pub fn grid(&self, today: Date, now: Timestamp, mark: &str) -> Grid {
        let mut grid = Grid::default();
        for (day, date) in self.days().into_iter().enumerate() {
            for (who, id) in self.people.iter().enumerate() {
                let is_marked = self.changed[who][day].is_some_and(|changed| now < later(changed, MARKED));
                let sign = if is_marked { mark } else { " " };
                let date_label = match who {
                    0 => format!("{} {}", date.naive().format("%a"), date.iso()),
                    _ => " ".repeat("Mon 2026-11-23".len()),
                };
                let label = match self.people.len() {
                    1 => format!("{sign} {date_label}"),
                    _ => format!("{sign} {date_label} {id}"),
                };
                let role = match (is_marked, date == today && who == 0) {
                    (true, _) => Some(Role::Warning),
                    (false, true) => Some(Role::Heading),
                    (false, false) => None,
                };
                grid.add_cells(&label, role, cells(&self.calendars[who], date));
            }
        }
        grid
    }

    /// The meetings of the week.
    pub fn meetings(&self) -> MeetingList {
        let week = self.indices_of_week();
        let entries =
            self.calendars.iter().flatten().filter(|(_, entry)| entry.period.indices().end > week.start);
        MeetingList::of_meetings(entries.filter_map(|(_, entry)| entry.meeting.clone()))
    }
}

/// The entries of the days of a reply.
pub fn calendar_of<'a>(days: impl IntoIterator<Item = &'a DayReply<'a>>) -> Calendar {
    let hours = days.into_iter().flat_map(|day| day.schedule.iter().map(|hour| (day.date, hour)));
    hours
        .filter_map(|(date, hour)| Entry::of_hour(date, hour))
        .map(|entry| (entry.period.start().index(), entry))
        .collect()
}

fn cells(calendar: &Calendar, date: Date) -> [Cell; 24] {
    let mut cells = [Cell::default(); 24];
    let first = date.day_number() * 24;
    let before = first.saturating_sub(u32::from(ENTRY_HOURS_MAX));
    for entry in calendar.range(before..first + 24).map(|(_, entry)| entry) {
        let mark = if entry.meeting.is_some() { Mark::Meeting } else { Mark::Block };
        let indices = entry.period.indices();
        for index in indices.clone() {
            let hour = index.checked_sub(first).and_then(|hour| cells.get_mut(hour as usize));
            if let Some(cell) = hour {
                *cell = Cell { mark, goes_on: index + 1 < indices.end };
            }
        }
    }
    cells
}

/// The slot of this date and the hour of the change.
fn slot(date: Option<&str>, change: &ChangeBody<'_>) -> Option<Slot> {
    Some(Slot { date: Date::parse(date?)?, hour: change.time? })
}

/// Where the entry was before it moved.
fn old_slot(change: &ChangeBody<'_>) -> Option<Slot> {
    let hour = change.old_time.or(change.time)?;
    let date = change.old_date.as_deref().or(change.date.as_deref())?;
    Some(Slot { date: Date::parse(date)?, hour })
}
