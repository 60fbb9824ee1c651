//! Searches times at which people are free, for FREE and for a MEET that takes the first one.

use bookline_protocol::{Date, Hours, Slot, Window};

use super::context::Context;
use super::store::Store;
use crate::domain::HourSet;

/// Person-hours that are looked at under one lock: below 1 ms, and the whole day of 83 people.
const LOCKED_PERSON_HOURS_MAX: usize = 2_000;

/// A search that goes on day by day from the earliest. It keeps no lock between two steps.
#[derive(Debug)]
pub struct TimeSearch {
    /// Ids separated by commas, each once.
    people: String,
    window: Window,
    /// Earlier hours are left out.
    now: Slot,
    /// The day to look at next, with its hours, of which there is at least one.
    day: Option<(Date, HourSet)>,
    /// How many of the people were looked at on that day.
    seen: usize,
    /// Where the next of them begins in the text of the people.
    seen_bytes: usize,
    /// What was found of each of the people.
    busy: Vec<BusyHours>,
}

/// The busy hours of a person, as far as they were looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct BusyHours {
    /// Those of the last day.
    pub last_day: HourSet,
    /// The number of those of all days.
    pub count: u32,
}

/// What a step has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchStep {
    /// The day has more people to look at.
    Partial,
    /// The hours of a day from which on all people are free for long enough.
    Day(Date, HourSet),
    /// All days were looked at.
    End,
}

impl TimeSearch {
    /// A search in a window for times of `people`, whose ids are separated by commas. Hours before `now` are
    /// left out.
    pub fn new(people: String, window: Window, now: Slot) -> Self {
        let busy = vec![BusyHours::default(); people.split(',').count()];
        let mut search = Self { people, window, now, day: None, seen: 0, seen_bytes: 0, busy };
        search.day = search.day_from(now.date);
        search
    }

    /// How many consecutive hours are searched.
    pub fn hours(&self) -> Hours {
        self.window.hours()
    }

    /// Whether several dates are searched.
    pub fn is_range(&self) -> bool {
        self.window.is_range()
    }

    /// The number of days that it may look at, times that of the people.
    pub fn person_days(&self) -> u64 {
        self.window.person_days(self.busy.len())
    }

    /// Bytes of memory that it holds.
    pub fn bytes_held(&self) -> usize {
        self.people.len() + self.busy.len() * size_of::<BusyHours>()
    }

    /// The people in the order given, each with the busy hours that were found.
    pub fn busy(&self) -> impl Iterator<Item = (&str, BusyHours)> {
        self.people.split(',').zip(self.busy.iter().copied())
    }

    /// Looks at people on the next day, at one moment: at all of them, if there are not too many.
    pub fn advance(&mut self, store: &Store, context: &mut Context) -> SearchStep {
        let Some((date, hours)) = self.day else { return SearchStep::End };
        let rest = &self.people[self.seen_bytes..];
        let people: Vec<_> = rest.split(',').take(LOCKED_PERSON_HOURS_MAX / hours.len() as usize).collect();
        let busy = &mut self.busy[self.seen..][..people.len()];
        busy.iter_mut().for_each(|busy| busy.last_day = HourSet::default());
        store.find_busy(context, date, hours, &people, busy);
        busy.iter_mut().for_each(|busy| busy.count += busy.last_day.len());
        self.seen += people.len();
        self.seen_bytes += people.iter().map(|who| who.len() + ",".len()).sum::<usize>();
        if self.seen < self.busy.len() {
            return SearchStep::Partial;
        }
        let busy = self.busy.iter().fold(HourSet::default(), |all, busy| all.union(busy.last_day));
        (self.seen, self.seen_bytes) = (0, 0);
        self.day = Date::from_day_number(date.day_number() + 1).and_then(|next| self.day_from(next));
        SearchStep::Day(date, hours.without(busy).starts_of(self.hours()))
    }

    /// The first day to look at on or after `date`, with its hours.
    fn day_from(&self, date: Date) -> Option<(Date, HourSet)> {
        let (day, mut hours) = (self.window.day_from(date)?, self.window.hours_of_day());
        if day == self.now.date {
            hours.start = hours.start.max(self.now.hour.get());
        }
        if hours.is_empty() {
            // Today, and it is too late.
            return self.day_from(Date::from_day_number(day.day_number() + 1)?);
        }
        Some((day, HourSet::of(hours)))
    }
}

impl Store {
    /// Adds the hours of a day in which each of the people is busy, at one moment.
    fn find_busy(
        &self,
        context: &mut Context,
        date: Date,
        hours: HourSet,
        people: &[&str],
        busy: &mut [BusyHours],
    ) {
        let shard = self.lock(context, self.records.shard_of_day(date));
        for hour in hours.iter() {
            let Some(entries) = shard.hour(Slot { date, hour }) else { continue };
            for (who, busy) in people.iter().zip(&mut *busy) {
                if entries.is_busy(who) {
                    busy.last_day.insert(hour);
                }
            }
        }
    }
}
